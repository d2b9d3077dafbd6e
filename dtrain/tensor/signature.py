"""What parameters a function has, read quickly."""

from __future__ import annotations

import inspect
from typing import Any

__all__ = ["NO_DEFAULT", "parameters"]


class _NoDefault:
    """Marks a parameter that has to be given."""

    def __repr__(self) -> str:
        return "<no default>"


NO_DEFAULT = _NoDefault()


def parameters(fn: Any, skip: int) -> tuple[tuple[str, ...], tuple[Any, ...], tuple[str, ...]]:
    """Return names, defaults and annotations of parameters, without the first `skip`.

    `out` has neither a default nor an annotation here. Read from the code object, because
    inspect.signature takes ten times as long and the import does this for every operator.
    """
    fn = inspect.unwrap(fn)
    code = fn.__code__
    names = code.co_varnames[skip : code.co_argcount]
    given = fn.__defaults__ or ()
    defaults = (NO_DEFAULT,) * (len(names) - len(given)) + given[max(len(given) - len(names), 0) :]
    kept = [i for i, name in enumerate(names) if name != "out"]
    annotations = tuple([str(fn.__annotations__.get(names[i], "Any")) for i in kept])
    return names, tuple([defaults[i] for i in kept]), annotations

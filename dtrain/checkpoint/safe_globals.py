"""The program's own list of classes and functions that a restricted load may use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from dtrain.errors import OpTypeError, OpValueError

__all__ = [
    "add_safe_globals",
    "clear_safe_globals",
    "get_safe_globals",
    "safe_globals",
    "user_globals",
]

SafeGlobal = Callable[..., Any] | tuple[Callable[..., Any], str]

# "module.qualname" as it stands in files -> the entry as it was given
_allowed: dict[str, SafeGlobal] = {}

# never, whoever asks: these modules are what an attacker wants
_BLOCKED = frozenset({"nt", "os", "posix", "subprocess", "sys"})


def _named(entry: SafeGlobal) -> tuple[str, SafeGlobal]:
    if isinstance(entry, tuple):
        if [*map(type, entry[1:])] != [str]:
            raise OpValueError(
                f"add_safe_globals({entry!r}): a tuple must be (class or function, full name as a "
                "string)"
            )
        target, name = entry
    else:
        target = entry
        name = f"{getattr(target, '__module__', '')}.{getattr(target, '__qualname__', '')}"
    if not callable(target):
        raise OpTypeError(f"add_safe_globals({entry!r}): expected a class or a function")
    for place in (name, str(getattr(target, "__module__", ""))):
        if place.partition(".")[0] in _BLOCKED:
            raise OpValueError(f"add_safe_globals({name}): this module can never be allowed")
    return name, entry


def add_safe_globals(safe_globals: Sequence[SafeGlobal]) -> None:
    """Allow classes and functions in restricted loads, for the rest of the program.

    Args:
        safe_globals: classes, functions, or (class or function, full name in the file) pairs.

    Raises:
        OpTypeError: an entry is not callable.
        OpValueError: an entry lies in a module that can never be allowed, as os.
    """
    _allowed.update([_named(entry) for entry in safe_globals])


def get_safe_globals() -> list[SafeGlobal]:
    """Return what was allowed and not cleared."""
    return list(_allowed.values())


def clear_safe_globals() -> None:
    """Forget everything that was allowed."""
    _allowed.clear()


def user_globals() -> dict[str, Callable[..., Any]]:
    """Return the allowed classes and functions by their full name in files."""
    return {
        name: entry[0] if isinstance(entry, tuple) else entry for name, entry in _allowed.items()
    }


class safe_globals:
    """Allow classes and functions in restricted loads inside a `with` block.

    Args:
        safe_globals: as for add_safe_globals.

    Example:
        >>> from fractions import Fraction
        >>> with safe_globals([Fraction]):
        ...     get_safe_globals()
        [<class 'fractions.Fraction'>]
    """

    def __init__(self, safe_globals: Sequence[SafeGlobal]) -> None:
        self._entries = dict(_named(entry) for entry in safe_globals)
        self._before: dict[str, SafeGlobal] = {}

    def __enter__(self) -> None:
        self._before = {name: _allowed[name] for name in self._entries if name in _allowed}
        _allowed.update(self._entries)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in self._entries:
            _allowed.pop(name, None)
        _allowed.update(self._before)

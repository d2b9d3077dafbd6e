"""Named tensors: dimensions with names, as torch had them up to 2.12.

A tensor with names is a NamedTensor; its methods take names for dimensions and pass names on. A
tensor without names is a plain Tensor and knows nothing of this module, so it pays nothing. Which
names a result has follows from the method, by the rules in dtrain.tensor.named_rules; a method
without a rule is refused, as in torch.

Methods and operators pass names on. Functions of a module, as torch.exp(x), take a NamedTensor for
what it is, a tensor, and give a plain one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from dtrain.errors import OpError
from dtrain.tensor.graph import track_view
from dtrain.tensor.named_rules import (
    BY_NAME,
    DIM_FIRST,
    RULES,
    Names,
    Rule,
    check_names,
    names_of,
    position,
    same,
    shown,
    unsupported,
)
from dtrain.tensor.op import REGISTRY, attach
from dtrain.tensor.tensor import Tensor

__all__ = ["NamedTensor", "with_names"]

T = TypeVar("T", bound=Tensor)
_SLOTS = ("_a", "_base", "_cell", "_more", "_node")


class NamedTensor(Tensor):
    """A tensor whose dimensions have names; None stands for a dimension without one."""

    __slots__ = ("_names",)
    _names: Names

    def __repr__(self, *, tensor_contents: str | None = None) -> str:  # type: ignore[override]
        return f"{repr(plain(self))[:-1]}, names={self._names!r})"


def plain(tensor: Tensor) -> Tensor:
    """Return a view without names of a tensor that has some."""
    return _view(tensor) if isinstance(tensor, NamedTensor) else tensor


def _view(tensor: Tensor) -> Tensor:
    made = _twin(Tensor, tensor)
    track_view(made, tensor)
    return made


def with_names(tensor: Tensor, names: Sequence[Any] | None) -> Tensor:
    """Return a tensor that takes the place of another and has names; a plain one for none.

    Raises:
        OpError: There are more or fewer names than dimensions, or a name appears twice or is none.
    """
    if names is None or not any(n is not None for n in names):
        return plain(tensor)
    names = tuple(names)
    check_names(names, tensor._a.ndim)
    made = _twin(NamedTensor, tensor)
    made._names = names
    return made


def _twin(cls: type[T], tensor: Tensor) -> T:
    """Return a tensor of another class with the same memory, history and version."""
    made = object.__new__(cls)
    for slot in _SLOTS:
        setattr(made, slot, getattr(tensor, slot))
    if tensor._base is not None:
        track_view(made, tensor._base)
    return made


def _numbers(names: Names, name: str, rule: Rule | None, args: Any, kw: Any) -> tuple[Any, Any]:
    """Return the arguments with numbers in place of the names of dimensions."""

    def number(x: Any) -> Any:
        if isinstance(x, (tuple, list)) and any(isinstance(d, str) for d in x):
            return tuple([position(names, d) for d in x])
        return position(names, x)

    dims = {k: number(x) for k, x in kw.items() if k.startswith("dim")}
    if name in ("split", "chunk"):
        args = (*args[:1], *map(number, args[1:]))
    elif rule in DIM_FIRST or name in BY_NAME:
        args = tuple([number(x) if isinstance(x, (str, tuple, list)) else x for x in args])
    return args, {**kw, **dims}


def _method(name: str, rule: Rule | None) -> Callable[..., Any]:
    """Return the method `name` of tensors with names."""
    call = getattr(Tensor, name)

    def method(self: NamedTensor, *args: Any, **kw: Any) -> Any:
        if rule is None:
            raise unsupported(name)
        names = self._names
        args, kw = _numbers(names, name, rule, args, kw)
        if rule is same:
            names = same(names, self, args, kw)
        bare = plain(self)
        made = call(
            bare,
            *[plain(x) if isinstance(x, Tensor) else x for x in args],
            **{k: plain(x) if isinstance(x, Tensor) else x for k, x in kw.items()},
        )
        if made is bare:  # changed in place, or nothing to do
            return self
        if isinstance(made, Tensor):
            return with_names(made, rule(names, made, args, kw))
        if isinstance(made, tuple):
            parts = [with_names(part, rule(names, part, args, kw)) for part in made]
            return type(made)(parts)
        return made

    method.__name__ = method.__qualname__ = name
    method.__doc__ = call.__doc__
    return method


# ---- the methods that are about names ----


def _set_names(self: Tensor, names: Sequence[Any] | None) -> None:
    if not isinstance(self, NamedTensor):
        raise OpError("names = ...: a tensor made without names takes none in place; use rename()")
    given = (None,) * self._a.ndim if names is None else tuple(names)
    check_names(given, self._a.ndim)
    self._names = given


attach("names", property(names_of, _set_names, doc="The name of each dimension, or None."))
attach("has_names", lambda self: any(n is not None for n in names_of(self)))


def _renamed(tensor: Tensor, names: Any, named: dict[str, str]) -> Names | None:
    """Return the names that rename(*names, **named) asks for.

    Raises:
        OpError: Both forms are used, or a dimension to be renamed does not exist.
    """
    held = names_of(tensor)
    if named:
        if names:
            raise OpError("rename: expected either positional names or a map, not both")
        for old, new in named.items():
            if old not in held:
                raise OpError(
                    f"rename: tried to rename dim '{old}' to dim '{new}' in Tensor[dims="
                    f"{held}] but dim '{old}' does not exist"
                )
        return tuple([named.get(n, n) for n in held])
    if len(names) == 1 and names[0] is None:
        return None
    if len(names) == 1 and isinstance(names[0], (tuple, list)):
        names = names[0]
    return _filled(held, tuple(names))


def _filled(held: Names, names: Names) -> Names:
    """Return names with those of the tensor in place of an ellipsis."""
    marks = [i for i, n in enumerate(names) if n in ("...", Ellipsis)]
    if not marks:
        return names
    at, after = marks[0], len(names) - marks[0] - 1
    return (*names[:at], *held[at : len(held) - after], *names[at + 1 :])


def rename(self: Tensor, *names: Any, **named: str) -> Tensor:
    """Return the same memory under other names: all, one by old="new", or none by None."""
    return with_names(_view(self), _renamed(self, names, named))


def rename_(self: Tensor, *names: Any, **named: str) -> Tensor:
    """Give a tensor that was made with names others, in place."""
    _set_names(self, _renamed(self, names, named))
    return self


def refine_names(self: Tensor, *names: Any) -> Tensor:
    """Return a tensor with names where it had none; "..." stands for those it has.

    Raises:
        OpError: A dimension has another name, or the numbers differ.
    """
    held = names_of(self)
    if len(names) == 1 and isinstance(names[0], (tuple, list)):
        names = tuple(names[0])
    wanted = _filled(held, names)
    if len(wanted) != len(held):
        raise OpError(
            f"refine_names: cannot coerce Tensor{shown(held)} to Tensor{shown(wanted)} because "
            f"they have a different number of dims ({len(held)} and {len(wanted)} respectively)."
        )
    for i, (old, new) in enumerate(zip(held, wanted, strict=True)):
        if old is not None and new != old:
            raise OpError(
                f"refine_names: cannot coerce Tensor{shown(held)} to Tensor{shown(wanted)} "
                f"because '{old}' is different from '{new}' at index {i}"
            )
    return with_names(_view(self), wanted)


def align_to(self: Tensor, *names: Any) -> Tensor:
    """Return a view with the dimensions in the order of the names, new ones of size 1.

    "..." stands for the dimensions that are not named.

    Raises:
        OpError: A dimension has no name, or none of the names.
    """
    held = names_of(self)
    if None in held:
        raise OpError(
            "align_to: All input dims must be named. Found unnamed dim at index "
            f"{held.index(None)} of Tensor{shown(held)}"
        )
    marks = [i for i, n in enumerate(names) if n in ("...", Ellipsis)]
    if marks:
        at = marks[0]
        rest = [n for n in held if n not in names]
        names = (*names[:at], *rest, *names[at + 1 :])
    lost = [n for n in held if n not in names]
    if lost:
        raise OpError(
            f"align_to: Cannot find dim '{lost[0]}' from Tensor{shown(held)} in the target "
            f"{shown(names)}"
        )
    made = plain(self).permute([held.index(n) for n in names if n in held])
    for i, name in enumerate(names):
        if name not in held:
            made = made.unsqueeze(i)
    return with_names(made, names)


def align_as(self: Tensor, other: Tensor) -> Tensor:
    """Return a view with the dimensions in the order of another tensor's."""
    return align_to(self, *names_of(other))


for _fn in (rename, rename_, refine_names, align_to, align_as):
    attach(_fn.__name__, _fn)


def _flatten(self: NamedTensor, *args: Any, **kw: Any) -> Tensor:
    """Make one dimension of neighbours: flatten(["H", "W"], "F") or flatten("H", "W", "F")."""
    names = self._names
    values = [*args, *kw.values()]
    if not values or not isinstance(values[-1], str):
        raise unsupported("flatten")
    if len(values) == 2:
        found = [position(names, d) for d in values[0]]
        first, last = found[0], found[-1]
        if found != list(range(first, last + 1)):
            raise OpError(
                f"flatten(tensor, dims, out_dim): dims {tuple(values[0])} must be consecutive in "
                f"Tensor{shown(names)}"
            )
    else:
        first, last = position(names, values[0]), position(names, values[1])
    made = plain(self).flatten(first, last)
    return with_names(made, (*names[:first], values[-1], *names[last + 1 :]))


def _unflatten(self: NamedTensor, dim: Any, sizes: Any, names: Any = None) -> Tensor:
    """Make several dimensions of one: unflatten("F", (("H", 2), ("W", 3)))."""
    at = position(self._names, dim)
    if names is None:
        pairs = sizes.items() if hasattr(sizes, "items") else sizes
        names, sizes = zip(*pairs, strict=True)
    made = plain(self).unflatten(at, tuple(sizes))
    return with_names(made, (*self._names[:at], *names, *self._names[at + 1 :]))


def _size(self: NamedTensor, dim: Any = None) -> Any:
    """Return the shape, or the size of one dimension."""
    return Tensor.size(self, position(self._names, dim))


def _squeeze(self: NamedTensor, dim: Any = None) -> Tensor:
    """Drop dimensions of size 1."""
    shape, at = self._a.shape, position(self._names, dim)
    gone = range(len(shape)) if at is None else (at % len(shape),)
    left = tuple([n for i, n in enumerate(self._names) if i not in gone or shape[i] != 1])
    return with_names(plain(self).squeeze() if at is None else plain(self).squeeze(at), left)


def _fill_class() -> None:
    """Give NamedTensor a form of every method that makes tensors."""
    for name, record in REGISTRY.items():
        elementwise = record.kind.fast or record.kind.broadcast
        for form in (name, name + "_"):
            if hasattr(Tensor, form) and form not in RULES and callable(getattr(Tensor, form)):
                setattr(NamedTensor, form, _method(form, same if elementwise else None))
    for name, rule in RULES.items():
        if hasattr(Tensor, name):
            setattr(NamedTensor, name, _method(name, rule))
    for name, fn in (
        ("flatten", _flatten), ("unflatten", _unflatten), ("size", _size), ("squeeze", _squeeze),
        ("T", property(lambda self: self.t())), ("__hash__", Tensor.__hash__),
    ):  # fmt: skip
        setattr(NamedTensor, name, fn)


_fill_class()

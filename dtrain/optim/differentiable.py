"""Steps that are recorded: an update on arrays run on tensors, so that a gradient leads through it.

An update changes memory in place; the graph keeps values. So each array is a name for a tensor
here, and changing it in place lets the name stand for another tensor.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from dtrain.tensor.grad_mode import enable_grad
from dtrain.tensor.ops.choose import where
from dtrain.tensor.tensor import Tensor

__all__ = ["Traced", "record"]


class Traced:
    """A name for a tensor, with the operators of an array."""

    __slots__ = ("t",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, t: Tensor) -> None:
        self.t = t

    def __setitem__(self, index: Any, value: Any) -> None:
        assert index is Ellipsis, index
        self.t = _bare(value).expand_as(self.t)

    def __neg__(self) -> Traced:
        return Traced(-self.t)

    def __abs__(self) -> Traced:
        return Traced(abs(self.t))


def _bare(value: Any) -> Any:
    return value.t if isinstance(value, Traced) else value


def _binary(fn: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Traced]:
    return lambda a, b: Traced(fn(_bare(a), _bare(b)))


def _reflected(fn: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Traced]:
    return lambda a, b: Traced(fn(_bare(b), _bare(a)))


def _in_place(fn: Callable[[Any, Any], Any]) -> Callable[[Traced, Any], Traced]:
    def run(a: Traced, b: Any) -> Traced:
        a.t = fn(a.t, _bare(b))
        return a

    return run


for _name in ("add", "sub", "mul", "truediv"):
    _fn = getattr(operator, _name)
    setattr(Traced, f"__{_name}__", _binary(_fn))
    setattr(Traced, f"__r{_name}__", _reflected(_fn))
    setattr(Traced, f"__i{_name}__", _in_place(_fn))
for _name in ("lt", "gt"):
    setattr(Traced, f"__{_name}__", _binary(getattr(operator, _name)))


def _into(out: Traced | None, t: Tensor) -> Traced:
    if out is None:
        return Traced(t)
    out.t = t
    return out


class _Module:
    """What updates use of an array module."""

    @staticmethod
    def sqrt(a: Any, out: Traced | None = None) -> Traced:
        return _into(out, _bare(a).sqrt())

    @staticmethod
    def sign(a: Any) -> Traced:
        return Traced(_bare(a).sign())

    @staticmethod
    def multiply(a: Any, b: Any, out: Traced | None = None) -> Traced:
        return _into(out, _bare(a) * _bare(b))

    @staticmethod
    def divide(a: Any, b: Any, out: Traced | None = None) -> Traced:
        return _into(out, _bare(a) / _bare(b))

    @staticmethod
    def maximum(a: Any, b: Any, out: Traced | None = None) -> Traced:
        return _into(out, _bare(a).maximum(_bare(b)))

    @staticmethod
    def clip(a: Any, least: float, most: float, out: Traced | None = None) -> Traced:
        return _into(out, _bare(a).clamp(least, most))

    @staticmethod
    def where(condition: Any, a: Any, b: Any) -> Traced:
        return Traced(where(_bare(condition), _bare(a), _bare(b)))


def record(
    update: Callable[..., None],
    p: Tensor,
    grad: Tensor,
    held: dict[str, Any],
    state: dict[str, Any],
    group: dict[str, Any],
) -> None:
    """Run an update on a parameter so that the graph goes through it.

    Args:
        update: The optimizer's update.
        p: The parameter; no leaf where it requires a gradient, as for any in-place operation.
        grad: Its gradient.
        held: The state that is kept: its tensors are replaced.
        state: What update() gets.
        group: The options; those that are tensors may require a gradient.
    """
    with enable_grad():
        name = Traced(p.clone())  # `p` itself is written below: nothing may have kept it
        traced = {k: Traced(v) if isinstance(v, Tensor) else v for k, v in state.items()}
        update(_Module, name, Traced(grad), traced, group)
        for key, value in traced.items():
            if key in held and isinstance(value, Traced):
                held[key] = value.t
        p.copy_(name.t)

"""What the function families share: their kinds, half precision, reductions of losses."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from dtrain.errors import OpValueError
from dtrain.tensor.op import GRAPH, REGISTRY, Kind
from dtrain.tensor.ops.cast import to_device
from dtrain.tensor.promote import promote_cast
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import F

__all__ = [
    "ACTIVATION", "FUNCTION", "PAIRED", "in_place", "placed", "recording", "reduced",
    "reduction_of", "widened",
]  # fmt: skip

FUNCTION = Kind(method=False)
"""A function without a method of its own."""

ACTIVATION = Kind(method=False, inplace=True)
"""An elementwise function with options."""

PAIRED = Kind(promote_cast, broadcast=True, out=False, method=False)
"""A loss of two tensors, element by element."""

_HALF = ("float16", "bfloat16")


def widened(body: Callable[..., Any]) -> Callable[..., Any]:
    """Make an operator's body compute float16 and bfloat16 arrays in float32."""

    @functools.wraps(body)
    def computed(xp: Any, input: Any, *args: Any) -> Any:
        kind = input.dtype
        if kind.itemsize != 2 or kind.name not in _HALF:
            return body(xp, input, *args)
        wide = [a.astype("float32") if getattr(a, "dtype", None) == kind else a for a in args]
        made = body(xp, input.astype("float32"), *wide)
        if made.__class__ is tuple:
            return tuple([a.astype(kind) if a.dtype == "float32" else a for a in made])
        return made.astype(kind) if made.dtype == "float32" else made

    return computed


def in_place(name: str) -> Callable[..., Any]:
    """Return the `name_` form of an operator."""
    form = REGISTRY[name].inplace
    assert form is not None
    return form


def recording(namespace: F) -> bool:
    """Return True in a rule whose own computation is recorded (create_graph=True).

    A rule that has a quick kernel, but whose derivative has none, asks this.
    """
    return namespace is GRAPH


def reduced(
    loss: Tensor, reduction: str, size_average: bool | None = None, reduce: bool | None = None
) -> Any:
    """Return the mean, the sum or all elements of a loss.

    Args:
        loss: Any shape.
        reduction: "mean", "sum" or "none".
        size_average: Old spelling, with `reduce`: it wins where it is given.
        reduce: See `size_average`.
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if reduction == "mean":
        return loss.mean()
    return loss.sum() if reduction == "sum" else loss


def reduction_of(
    reduction: str, size_average: bool | None = None, reduce: bool | None = None
) -> str:
    """Return "mean", "sum" or "none" from either spelling.

    Raises:
        OpValueError: There is no such reduction.
    """
    if size_average is not None or reduce is not None:
        if reduce is False:
            return "none"
        return "sum" if size_average is False else "mean"
    if reduction not in ("mean", "sum", "none"):
        raise OpValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def placed(array: Any, like: Tensor) -> Any:
    """Return a host array as a tensor on the device of `like`."""
    made = wrap(array)
    return made if like.is_cpu else to_device(made, like.device)

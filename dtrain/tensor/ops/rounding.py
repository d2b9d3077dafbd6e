"""Rounding, element by element. Gradients are zero, but those of frac."""

from __future__ import annotations

from typing import Any

from dtrain.tensor.op import UNARY, also, op
from dtrain.typing import Array, Xp

__all__ = ["ceil", "fix", "floor", "frac", "round", "trunc"]


def _flat(F: Any, g: Any) -> Any:
    return F.zeroed(g)


@op(UNARY, input=_flat)
def floor(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the largest integers that are not larger."""
    return xp.floor(input, out=out)


@op(UNARY, input=_flat)
def ceil(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the smallest integers that are not smaller."""
    return xp.ceil(input, out=out)


@op(UNARY, input=_flat)
def trunc(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the numbers without what follows the point."""
    return xp.trunc(input, out=out)


@op(UNARY, input=_flat)
def round(xp: Xp, input: Array, decimals: int = 0) -> Array:
    """Round to `decimals` places; halves go to the even neighbour."""
    if input.dtype.kind in "iu":
        return input.copy()
    if decimals == 0:
        return xp.rint(input)
    scale = 10.0 ** abs(decimals)
    if decimals > 0:
        return xp.rint(input * scale) / scale
    return xp.rint(input / scale) * scale


@op(UNARY, input=lambda F, g: g)
def frac(xp: Xp, input: Array) -> Array:
    """Return what follows the point, with the sign of the number."""
    return input - xp.trunc(input)


fix = trunc
also("fix", trunc)

"""Where a tensor is not zero: nonzero, masked_select."""

from __future__ import annotations

from typing import Any

from dtrain.errors import DtypeError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import Kind, function, op
from dtrain.tensor.ops.getitem import getitem
from dtrain.tensor.ops.select import unbind
from dtrain.tensor.ops.shape import broadcast_shape, expand
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["argwhere", "masked_select", "nonzero"]


@op(Kind(method=False))
def positions(xp: Xp, input: Array) -> Array:
    """Return the positions of the elements that are not zero, as rows."""
    if input.ndim == 0:
        return xp.zeros((int(bool(input)), 0), xp.int64)
    return xp.stack(input.nonzero(), 1)


@function
def nonzero(input: Tensor, *, as_tuple: bool = False, out: Tensor | None = None) -> Any:
    """Return the positions of the elements that are not zero.

    Returns:
        A matrix with one row a position, int64; with as_tuple one vector for each dimension.
    """
    if as_tuple:
        return unbind(positions(input if input._a.ndim else input.reshape(1)), 1)
    return positions(input, out=out)


@function
def argwhere(input: Tensor) -> Tensor:
    """Return the positions of the elements that are not zero, as rows."""
    return positions(input)


@function
@accepts_out
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """Return the elements where the mask is True, as a vector."""
    if mask._a.dtype.kind != "b":
        raise DtypeError("masked_select: expected BoolTensor for mask")
    shape = broadcast_shape("masked_select", input._a.shape, mask._a.shape)
    picked = getitem(expand(input, shape), expand(mask, shape))
    return picked if shape else picked.reshape(-1)

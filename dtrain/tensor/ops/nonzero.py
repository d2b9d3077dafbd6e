"""Where a tensor is not zero: nonzero, masked_select."""

from __future__ import annotations

from math import prod
from typing import Any

from dtrain.backend.module import module_of
from dtrain.errors import DtypeError, OpError, OpValueError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import Kind, function, op
from dtrain.tensor.ops.getitem import getitem
from dtrain.tensor.ops.join import cat
from dtrain.tensor.ops.select import unbind
from dtrain.tensor.ops.shape import broadcast_shape, expand
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Xp

__all__ = ["argwhere", "masked_select", "nonzero", "nonzero_static", "unravel_index"]


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
@accepts_out
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Any:
    """Return the first `size` positions of elements that are not zero; `fill_value` for the rest.

    Returns:
        (size, dimensions), int64.
    """
    if size < 0:
        raise OpError(f"nonzero_static: 'size' must be an non-negative integer, got {size}")
    found = positions(input)
    left = size - found._a.shape[0]
    return (
        found[:size] if left <= 0 else cat([found, found.new_full((left, input.ndim), fill_value)])
    )


@function
def argwhere(input: Tensor) -> Tensor:
    """Return the positions of the elements that are not zero, as rows."""
    made: Tensor = positions(input)
    return made


@function
@accepts_out
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """Return the elements where the mask is True, as a vector."""
    if mask._a.dtype.kind != "b":
        raise DtypeError("masked_select: expected BoolTensor for mask")
    shape = broadcast_shape("masked_select", input._a.shape, mask._a.shape)
    picked = getitem(expand(input, shape), expand(mask, shape))
    return picked if shape else picked.reshape(-1)


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Return, for positions in a flattened tensor of `shape`, their index in each dimension.

    Raises:
        OpValueError: A position lies outside the shape, or a size is negative.
    """
    sizes = (shape,) if isinstance(shape, int) else tuple([int(n) for n in shape])
    if any(n < 0 for n in sizes):
        raise OpValueError(f"'shape' cannot have negative values, but got {sizes}")
    i = indices._a
    if i.dtype.kind not in "iu":
        raise OpValueError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    if i.size and (int(i.min()) < 0 or int(i.max()) >= prod(sizes)):
        raise OpValueError(f"'indices' must be in the range of a tensor of shape {sizes}")
    xp = module_of(i.__class__)
    out = []
    for n in reversed(sizes):
        out.append(wrap(xp.asarray(i % n)))
        i = i // n
    return tuple(out[::-1])

"""as_strided and its companions: any window into a tensor's memory."""

from __future__ import annotations

from dtrain.tensor.op import PLAIN, VIEW, op
from dtrain.tensor.storage import check_region
from dtrain.typing import Array, Shape, Xp

__all__ = ["as_strided"]


@op(
    VIEW,
    input=lambda F, g, input_shape, size, stride, storage_offset: F.as_strided_add(
        g, input_shape, size, stride, storage_offset
    ),
)
def as_strided(
    xp: Xp, input: Array, size: Shape, stride: Shape, storage_offset: int = 0
) -> Array:
    """Return a view with any size and stride, counted in elements from the tensor's own start."""
    check_region(tuple(size), tuple(stride), storage_offset, input.size)
    step = input.itemsize
    flat = xp.lib.stride_tricks.as_strided(input, (input.size,), (step,))[storage_offset:]
    return xp.lib.stride_tricks.as_strided(flat, tuple(size), tuple(s * step for s in stride))

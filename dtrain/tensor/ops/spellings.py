"""More names for what operators do already, as torch has them."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpError
from dtrain.tensor.op import attach, function
from dtrain.tensor.ops.pointwise import reciprocal
from dtrain.tensor.ops.reduce import sum
from dtrain.tensor.ops.shape import broadcast_shape, reshape
from dtrain.tensor.tensor import Tensor

__all__ = ["broadcast_shapes", "is_same_size", "is_signed"]


def broadcast_shapes(*shapes: Any) -> Any:
    """Return the shape that all shapes broadcast to.

    Raises:
        ShapeError: There is none.
    """
    from dtrain.tensor.size import Size

    given = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    for shape in given:
        if any(n < 0 for n in shape):
            raise OpError(f"Trying to create tensor with negative dimension ({min(shape)})")
    return Size(broadcast_shape("broadcast_shapes", *given))


@function
def sum_to_size(input: Tensor, *size: Any) -> Any:
    """Sum over the dimensions along which `size` would have to be broadcast.

    Raises:
        OpError: `size` does not broadcast to the tensor's shape.
    """
    target = tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
    shape = tuple(input.shape)
    lead = len(shape) - len(target)
    if lead < 0 or any(n not in (1, m) for n, m in zip(target, shape[lead:], strict=True)):
        raise OpError(f"size {{{list(target)}}} is not expandable to size {{{list(shape)}}}.")
    if not target:
        return sum(input)
    dims = [d for d, m in enumerate(shape) if d < lead or (target[d - lead] == 1 and m != 1)]
    return reshape(sum(input, dims, True), target) if dims else input.view(target)


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Return True for tensors of one shape."""
    return input.shape == other.shape


def is_signed(input: Tensor) -> bool:
    """Return True for a tensor whose type has negative numbers."""
    return input.is_signed()


def _reverse_divide(self: Tensor, other: Any) -> Any:
    """Return other / self."""
    return reciprocal(self) * other


attach("__rdiv__", _reverse_divide)

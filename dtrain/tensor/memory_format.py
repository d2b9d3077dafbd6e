"""Memory formats: in which order the dimensions of a tensor lie in memory."""

from __future__ import annotations

from dtrain.errors import ShapeError
from dtrain.typing import Array, Xp

__all__ = [
    "arrange",
    "channels_last",
    "channels_last_3d",
    "contiguous_format",
    "is_arranged",
    "memory_format",
    "preserve_format",
]


class memory_format:
    """The order of dimensions in memory, as torch.memory_format.

    Attributes:
        name: torch's name without the package.
        order: The dimensions from the slowest to the fastest; None where it is not fixed.
    """

    __slots__ = ("name", "order")

    def __init__(self, name: str, order: tuple[int, ...] | None = None) -> None:
        self.name, self.order = name, order

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last", (0, 2, 3, 1))
channels_last_3d = memory_format("channels_last_3d", (0, 2, 3, 4, 1))


def is_arranged(array: Array, wanted: memory_format | None) -> bool:
    """Return True where the array's memory is dense and in the wanted order."""
    order = None if wanted is None else wanted.order
    if order is None:
        return bool(array.flags.c_contiguous)
    return array.ndim == len(order) and bool(array.transpose(order).flags.c_contiguous)


def arrange(xp: Xp, array: Array, wanted: memory_format) -> Array:
    """Return the array itself where its memory is in the wanted order, else a copy that is.

    Raises:
        ShapeError: The format is for another number of dimensions.
    """
    order = wanted.order
    if order is None:
        return xp.ascontiguousarray(array) if array.ndim else array
    if array.ndim != len(order):
        raise ShapeError(
            f"required rank {len(order)} tensor to use {wanted.name} format, got {array.ndim} "
            "dimensions"
        )
    if array.transpose(order).flags.c_contiguous:
        return array
    back = tuple([order.index(i) for i in range(len(order))])
    return xp.ascontiguousarray(array.transpose(order)).transpose(back)

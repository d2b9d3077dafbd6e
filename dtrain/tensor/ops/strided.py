"""as_strided and its companions: any window into a tensor's memory.

A layout is the strides of a tensor, counted in elements; offsets count from its first element.
"""

from __future__ import annotations

from typing import Any

from dtrain.backend.strided import strided
from dtrain.errors import ShapeError
from dtrain.tensor.op import Kind, attach, function, op
from dtrain.tensor.storage import check_region, extent, offset_of, root_of, strides_of
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Shape, Xp

__all__ = ["as_strided", "as_strided_scatter"]

_INTERNAL = Kind(out=False, method=False)


@op(
    Kind(out=False, view=True, method=False), node="AsStridedBackward0",
    input=lambda F, g, input_shape, layout, size, stride, offset: F.restride(
        g, stride, offset, input_shape, layout, 0, (input_shape, layout)
    ),
)  # fmt: skip
def window(xp: Xp, input: Array, layout: Shape, size: Shape, stride: Shape, offset: int) -> Array:
    """Return the view with any size and stride that begins `offset` elements after the tensor's."""
    step = int(input.itemsize)
    return strided(input, size, tuple([s * step for s in stride]), offset)


def as_strided(
    input: Tensor, size: Shape, stride: Shape, storage_offset: int | None = None
) -> Tensor:
    """Return a view with any size and stride of the memory behind a tensor, counted in elements.

    Args:
        input: Any tensor.
        size: The shape of the view.
        stride: The step between elements for each dimension.
        storage_offset: Where the view begins, counted from the start of the memory; the tensor's
            own beginning by default.

    Raises:
        ShapeError: The view would reach outside the memory.
    """
    a = input._a
    own = offset_of(a)
    start = own if storage_offset is None else int(storage_offset)
    size, stride = tuple(size), tuple(stride)
    check_region(size, stride, start, extent(root_of(a)) * root_of(a).itemsize // a.itemsize)
    return window(input, strides_of(a), size, stride, start - own)


attach("as_strided", as_strided)


@op(
    _INTERNAL,
    input=lambda F, g, input_shape, layout, offset, size, stride, start, counted: F.restride(
        g, stride, start, input_shape, layout, offset, counted
    ),
)
def restride(
    xp: Xp, input: Array, layout: Shape, offset: int, size: Shape, stride: Shape, start: int,
    counted: Any = None,
) -> Array:  # fmt: skip
    """Lay a tensor out in memory at `offset`, adding what meets, and read a window at `start`.

    Where several elements of `counted`, a (size, stride) at offset 0, share one place, the sum is
    divided among them.
    """
    low = min(offset, start, 0)
    high = max(offset + _reach(input.shape, layout), start + _reach(size, stride))
    if counted is not None:
        high = max(high, _reach(*counted))
    flat = _laid(xp, input, layout, offset - low, high - low)
    if counted is not None and _overlaps(*counted):
        ones = xp.ones(counted[0], input.dtype)
        flat /= xp.maximum(_laid(xp, ones, counted[1], -low, high - low), 1)
    return _cut(flat, size, stride, start - low).copy()


@op(
    _INTERNAL,
    input=lambda F, g, layout, size, stride, start: F.blank_region(g, layout, size, stride, start),
)
def blank_region(
    xp: Xp, input: Array, layout: Shape, size: Shape, stride: Shape, start: int
) -> Array:
    """Return the elements with zeros in a window of the memory they would have under `layout`."""
    high = max(_reach(input.shape, layout), start + _reach(size, stride))
    flat = _laid(xp, input, layout, 0, high)
    _cut(flat, size, stride, start)[...] = 0
    return _cut(flat, input.shape, layout, 0)


@op(
    _INTERNAL, node="AsStridedScatterBackward0",
    input=lambda F, g, layout, size, stride, start: F.blank_region(g, layout, size, stride, start),
    src=lambda F, g, layout, size, stride, start: F.restride(g, layout, 0, size, stride, start),
)  # fmt: skip
def window_scatter(
    xp: Xp, input: Array, src: Array, layout: Shape, size: Shape, stride: Shape, start: int
) -> Array:
    """Return the elements with those of `src` in a window of the memory."""
    high = max(_reach(input.shape, layout), start + _reach(size, stride))
    flat = _laid(xp, input, layout, 0, high)
    _cut(flat, size, stride, start)[...] = src
    return _cut(flat, input.shape, layout, 0)


@function
def as_strided_scatter(
    input: Tensor, src: Tensor, size: Shape, stride: Shape, storage_offset: int | None = None
) -> Tensor:
    """Return a copy of `input` with `src` in the window that as_strided would show."""
    a = input._a
    size, stride = tuple(size), tuple(stride)
    if src._a.shape != size:
        raise ShapeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src._a.shape)}, slice size = {list(size)}"
        )
    start = 0 if storage_offset is None else int(storage_offset) - offset_of(a)
    check_region(size, stride, start, _reach(a.shape, strides_of(a)))
    return window_scatter(input, src, strides_of(a), size, stride, start)


def _reach(size: Shape, stride: Shape) -> int:
    """Return how many elements lie from the first of a window to its last."""
    if 0 in size:
        return 0
    return 1 + sum([(n - 1) * s for n, s in zip(size, stride, strict=True)])


def _overlaps(size: Shape, stride: Shape) -> bool:
    """Return True where two elements of a window may share a place."""
    reach = 0
    for s, n in sorted(zip(stride, size, strict=True)):
        if n > 1:
            if s <= reach:
                return True
            reach += (n - 1) * s
    return False


def _cut(flat: Array, size: Shape, stride: Shape, start: int) -> Array:
    step = int(flat.itemsize)
    if 0 in size:
        return flat[:0].reshape(size)
    return strided(flat[start:], size, tuple([s * step for s in stride]))


def _laid(xp: Xp, a: Array, layout: Shape, offset: int, total: int) -> Array:
    """Return flat zeros with the elements of `a` at their places, added where they meet."""
    flat = xp.zeros(total, a.dtype)
    if not _overlaps(a.shape, layout):
        _cut(flat, a.shape, layout, offset)[...] = a
    else:
        where = _cut(xp.arange(total), a.shape, layout, offset)
        xp.add.at(flat, where.reshape(-1), a.reshape(-1))
    return flat

"""Storage: the memory behind a tensor and its views.

There is no storage object behind an array until somebody asks for one: the memory is what the
array's chain of bases ends in. Offsets are counted from its first byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from dtrain.backend.module import module_of
from dtrain.errors import OpIndexError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.typing import Array

__all__ = ["Storage", "address_of", "extent", "geometry", "offset_of", "root_of", "storage_of", "strides_of"]


def address_of(a: Array) -> int:
    """Return the address of an array's first element; 0 for an empty one, as torch."""
    if a.size == 0:
        return 0
    if isinstance(a, np.ndarray):
        return int(a.__array_interface__["data"][0])
    return int(a.data.ptr)


def root_of(a: Array) -> Array:
    """Return the array that owns the memory `a` looks at."""
    while a.base is not None and a.base.__class__ is a.__class__:
        a = a.base
    return a


def offset_of(a: Array) -> int:
    """Return where in its memory an array begins, counted in its elements."""
    root = root_of(a)
    return 0 if root is a else (address_of(a) - _low(root)) // int(a.itemsize) if a.size else 0


def _low(root: Array) -> int:
    """Return the lowest address of an array (its own start, but for negative strides)."""
    back = sum((n - 1) * s for n, s in zip(root.shape, root.strides, strict=True) if s < 0)
    return address_of(root) + back


def geometry(view: Array, base: Array) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Return (size, stride, offset), in elements, that as_strided needs to cut `view` from `base`."""
    step = int(view.itemsize)
    offset = (address_of(view) - address_of(base)) // step if view.size else 0
    return tuple(view.shape), strides_of(view), offset


def strides_of(a: Array) -> tuple[int, ...]:
    """Return the strides of an array, counted in its elements."""
    step = int(a.itemsize)
    return tuple([s // step for s in a.strides])


def shown_strides(a: Array) -> tuple[int, ...]:
    """Return the strides that torch would show; NumPy's mean nothing where there is one element.

    A dimension that was inserted has a stride of 0 in NumPy, where torch counts on from the next.
    """
    steps = list(strides_of(a))
    if a.size == 0:
        step = 1
        for i in range(a.ndim - 1, -1, -1):
            steps[i] = step
            step *= max(a.shape[i], 1)
    else:
        for i in range(a.ndim - 1, -1, -1):
            if steps[i] == 0 and a.shape[i] == 1:
                steps[i] = steps[i + 1] * a.shape[i + 1] if i + 1 < a.ndim else 1
    return tuple(steps)


class Storage:
    """One piece of memory, as torch.TypedStorage (with a dtype) or torch.UntypedStorage."""

    __slots__ = ("_dtype", "_root")

    def __init__(self, root: Array, dtype: dt.dtype | None) -> None:
        self._root = root
        self._dtype = dtype

    def _flat(self) -> Array:
        """The memory as a flat array, without copy."""
        root = self._root
        xp = module_of(root.__class__)
        count = extent(root)
        flat = xp.lib.stride_tricks.as_strided(root, (count,), (root.itemsize,))
        return flat.view(np.uint8 if self._dtype is None else self._dtype.np)

    @property
    def dtype(self) -> dt.dtype:
        """The type of the elements; uint8 for untyped storage."""
        return self._dtype or dt.uint8

    def data_ptr(self) -> int:
        """Return the address of the first byte."""
        return _low(self._root) if self._root.size else 0

    def nbytes(self) -> int:
        """Return the number of bytes."""
        return extent(self._root) * int(self._root.itemsize)

    def element_size(self) -> int:
        """Return the bytes of one element."""
        return self.dtype.itemsize

    def size(self) -> int:
        """Return the number of elements."""
        return self.nbytes() // self.dtype.itemsize

    __len__ = size

    def tolist(self) -> list[Any]:
        """Return the elements as Python numbers."""
        return [self[i] for i in range(len(self))]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __getitem__(self, i: int) -> Any:
        if not -len(self) <= i < len(self):
            raise OpIndexError(f"storage[{i}]: index out of range for storage of size {len(self)}")
        got = self._flat()[i].item()
        return got

    def __setitem__(self, i: int, value: Any) -> None:
        self._flat()[i] = value

    def __repr__(self) -> str:
        kind = "UntypedStorage" if self._dtype is None else "TypedStorage"
        lines = "\n".join(f" {v}" for v in self.tolist())
        typed = "" if self._dtype is None else f"dtype={self._dtype}, "
        return f"{lines}\n[torch.storage.{kind}({typed}device=cpu) of size {len(self)}]"


def extent(root: Array) -> int:
    """Return how many elements lie between the first and the last of an array."""
    if root.size == 0:
        return 0
    reach = sum((n - 1) * abs(s) for n, s in zip(root.shape, root.strides, strict=True))
    return int(reach // root.itemsize) + 1


def storage_of(a: Array, dtype: dt.dtype | None) -> Storage:
    """Return the storage behind an array."""
    return Storage(root_of(a), dtype)


def check_region(size: tuple[int, ...], stride: tuple[int, ...], offset: int, total: int) -> None:
    """Refuse a strided region that reaches outside `total` elements.

    Raises:
        ShapeError: It does, or a number is negative.
    """
    if len(size) != len(stride):
        raise ShapeError(f"mismatch in length of strides and shape: {list(stride)}, {list(size)}")
    if any(n < 0 for n in size) or any(s < 0 for s in stride) or offset < 0:
        raise ShapeError(
            f"as_strided: Negative strides, sizes or offsets are not supported at the moment, got "
            f"size {list(size)}, strides {list(stride)}, offset {offset}"
        )
    if 0 in size:
        return
    last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    if last >= total:
        raise ShapeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, "
            f"requiring {last + 1} elements, are out of bounds for storage of {total} elements"
        )

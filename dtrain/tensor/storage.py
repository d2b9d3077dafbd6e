"""Storage: the memory behind a tensor and its views.

There is no storage object behind an array until somebody asks for one: the memory is what the
array's chain of bases ends in. Offsets are counted from its first byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from dtrain.backend.module import module_of, to_host
from dtrain.backend.transfer import move
from dtrain.errors import OpIndexError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.device import CPU, device
from dtrain.tensor.device import device as Device
from dtrain.tensor.sparse_array import SparseArray
from dtrain.typing import Array

__all__ = [
    "Storage", "address_of", "check_region", "device_of", "extent", "geometry", "offset_of",
    "root_of", "shown_strides", "storage_of", "strides_of",
]  # fmt: skip


def address_of(a: Array) -> int:
    """Return the address of an array's first element; 0 for an empty one, as torch."""
    if a.size == 0:
        return 0
    if isinstance(a, np.ndarray):
        return int(a.__array_interface__["data"][0])
    return int(a.data.ptr)


def root_of(a: Array) -> Array:
    """Return the array that owns the memory `a` looks at."""
    cls = a.__class__
    while True:
        base = a.base
        if base.__class__ is not cls:
            base = getattr(base, "base", None)  # NumPy's as_strided puts a helper in between
            if base.__class__ is not cls:
                return a
        a = base


def offset_of(a: Array) -> int:
    """Return where in its memory an array begins, counted in its elements."""
    root = root_of(a)
    return 0 if root is a else (address_of(a) - _low(root)) // int(a.itemsize) if a.size else 0


def _low(root: Array) -> int:
    """Return the lowest address of an array (its own start, but for negative strides)."""
    back = sum((n - 1) * s for n, s in zip(root.shape, root.strides, strict=True) if s < 0)
    return address_of(root) + back


def geometry(view: Array, base: Array) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Return (size, stride, offset), in elements, with which as_strided cuts `view` from `base`."""
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

    def bytes(self) -> Array:
        """Return the memory as a flat array of bytes, without copy."""
        return Storage(self._root, None)._flat()

    def _flat(self) -> Array:
        """Return the memory as a flat array of the type, without copy."""
        root = self._root
        xp = module_of(root.__class__)
        if root.size == 0:
            return xp.empty(0, self.dtype.np)
        lowest = root[tuple([slice(None, None, -1 if s < 0 else 1) for s in root.strides])]
        flat = xp.lib.stride_tricks.as_strided(lowest, (extent(root),), (root.itemsize,))
        return flat.view(self.dtype.np)

    @property
    def dtype(self) -> dt.dtype:
        """The type of the elements; uint8 for untyped storage."""
        return self._dtype or dt.uint8

    @property
    def device(self) -> device:
        """The device that holds the memory."""
        return device_of(self._root)

    @property
    def is_cuda(self) -> bool:
        """True for memory on a CUDA device."""
        return self.device.type == "cuda"

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

    def clone(self) -> Storage:
        """Return a copy on the same device."""
        return Storage(self._flat().copy(), self._dtype)

    def cpu(self) -> Storage:
        """Return the storage itself where it is on the host, else a copy there."""
        return self if self.device.type == "cpu" else Storage(to_host(self._flat()), self._dtype)

    def cuda(self, device: Any = None) -> Storage:
        """Return the storage itself where it is on that CUDA device, else a copy there."""
        where = Device("cuda" if device is None else device)
        if self.is_cuda and where.index in (None, self.device.index):
            return self
        return Storage(move(self._flat(), str(where)), self._dtype)

    def untyped(self) -> Storage:
        """Return the same memory as bytes."""
        return Storage(self._root, None)

    def tolist(self) -> list[Any]:
        """Return the elements as Python numbers."""
        return [_number(x) for x in to_host(self._flat())]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __getitem__(self, i: int) -> Any:
        if not -len(self) <= i < len(self):
            raise OpIndexError(f"storage[{i}]: index out of range for storage of size {len(self)}")
        return _number(self._flat()[i])

    def __setitem__(self, i: int, value: Any) -> None:
        self._flat()[i] = value

    def __repr__(self) -> str:
        kind = "UntypedStorage" if self._dtype is None else "TypedStorage"
        lines = "\n".join(f" {v}" for v in self.tolist())
        typed = "" if self._dtype is None else f"dtype={self._dtype}, "
        where = f"{typed}device={self.device}"
        return f"{lines}\n[torch.storage.{kind}({where}) of size {len(self)}]"


def _number(x: Any) -> Any:
    return float(x) if x.dtype.kind == "V" else x.item()


def device_of(a: Array) -> device:
    """Return the device that holds an array."""
    if isinstance(a, SparseArray):
        return device_of(a.values)
    return CPU if isinstance(a, np.ndarray) else Device("cuda", int(a.device.id))


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

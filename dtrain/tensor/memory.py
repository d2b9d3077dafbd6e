"""What a tensor says of its shape, its type and its memory."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numpy as np

from dtrain.tensor import dtype as dt
from dtrain.tensor.device import CPU
from dtrain.tensor.device import device as Device
from dtrain.tensor.layout import layout as Layout
from dtrain.tensor.layout import sparse_coo, strided
from dtrain.tensor.methods import Methods
from dtrain.tensor.shape_rules import dim_error
from dtrain.tensor.size import Size
from dtrain.tensor.sparse_array import SparseArray
from dtrain.tensor.storage import (
    Storage,
    address_of,
    device_of,
    offset_of,
    shown_strides,
    storage_of,
)
from dtrain.typing import Array

__all__ = ["Memory"]

T = TypeVar("T")

new_size = tuple.__new__  # shapes of arrays need no check


class Memory(Methods):
    """The part of Tensor that looks at the array and not at the graph."""

    __slots__ = ()
    _a: Array
    is_quantized = is_meta = is_mkldnn = is_nested = is_mps = is_xpu = False

    @property
    def shape(self) -> Size:
        """The size of each dimension."""
        return new_size(Size, self._a.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return cast(int, self._a.ndim)

    @property
    def dtype(self) -> dt.dtype:
        """The data type."""
        return dt.of(self._a.dtype)

    @property
    def device(self) -> Device:
        """The device that holds the memory."""
        return CPU if self._a.__class__ is np.ndarray else device_of(self._a)

    @property
    def is_cuda(self) -> bool:
        """True for memory on a CUDA device."""
        return self.device.type == "cuda"

    @property
    def is_cpu(self) -> bool:
        """True for memory of the host."""
        return self._a.__class__ is np.ndarray or self.device.type == "cpu"

    def get_device(self) -> int:
        """Return the number of the CUDA device, or -1 for the host."""
        return -1 if self.is_cpu else int(self._a.device.id)

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return cast(int, self._a.itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return cast(int, self._a.nbytes)

    @property
    def layout(self) -> Layout:
        """How the elements are laid out: torch.strided or torch.sparse_coo."""
        return sparse_coo if self._a.__class__ is SparseArray else strided

    @property
    def is_sparse(self) -> bool:
        """True for a tensor in coordinate form, which lists what is not zero."""
        return self._a.__class__ is SparseArray

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the size of one dimension."""
        if dim is None:
            return new_size(Size, self._a.shape)
        shape = self._a.shape
        if not -len(shape) <= dim < len(shape):
            raise dim_error("size", dim, len(shape))
        return shape[dim]

    def dim(self) -> int:
        """Return the number of dimensions."""
        return cast(int, self._a.ndim)

    ndimension = dim

    def numel(self) -> int:
        """Return the number of elements."""
        return cast(int, self._a.size)

    nelement = numel

    def element_size(self) -> int:
        """Return the bytes of one element."""
        return cast(int, self._a.itemsize)

    def stride(self, dim: int | None = None) -> Any:
        """Return the steps between elements of each dimension, counted in elements."""
        steps = shown_strides(self._a)
        if dim is None:
            return steps
        if not -len(steps) <= dim < len(steps):
            raise dim_error("stride", dim, len(steps))
        return steps[dim]

    def storage_offset(self) -> int:
        """Return where in its storage the tensor begins, counted in elements."""
        return offset_of(self._a)

    def data_ptr(self) -> int:
        """Return the address of the first element."""
        return address_of(self._a)

    def untyped_storage(self) -> Storage:
        """Return the memory that the tensor and its views share, as bytes."""
        return storage_of(self._a, None)

    def storage(self) -> Storage:
        """Return the memory that the tensor and its views share, as elements of its type."""
        return storage_of(self._a, self.dtype)

    def is_floating_point(self) -> bool:
        """Return True for the real floating types."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Return True for the complex types."""
        return self.dtype.is_complex

    def is_signed(self) -> bool:
        """Return True for the types that have negative values."""
        return self.dtype.is_signed

    def is_pinned(self) -> bool:
        """Return False: host memory is never pinned here."""
        return False

    def pin_memory(self: T) -> T:
        """Return the tensor itself; host memory is not pinned here."""
        return self

"""Storages and tensors as files describe them: torch's rebuild functions over NumPy arrays.

A storage's bytes may still be on their way while the pickle runs; views are cut at once, and what
needs the values (byte order, lazy conjugation) is done in `Loading.finish`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from dtrain.backend.module import module_of
from dtrain.checkpoint.budget import Budget
from dtrain.checkpoint.location import Placement
from dtrain.checkpoint.names import StorageType
from dtrain.checkpoint.zip_reader import ArchiveReader
from dtrain.errors import UnsafeFileError
from dtrain.nn.parameter import Parameter
from dtrain.tensor.dtype import dtype
from dtrain.tensor.storage import Storage, address_of
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array

__all__ = ["REBUILD", "FileStorage", "Loading", "rebuild_plain_parameter"]


class FileStorage:
    """The memory of a storage in a file, on the device where it is to be.

    Attributes:
        dtype: type of the elements; None where each tensor tells.
        bytes: the memory as uint8[nbytes].
    """

    def __init__(self, kind: dtype | None, array: Array, loading: Loading) -> None:
        self.dtype = kind
        self.bytes = array
        self.loading = loading


class Loading:
    """What one load has under way.

    Args:
        reader: the archive.
        placement: where `map_location` wants the storages.
        byteorder: "little" or "big", how the file's numbers lie.
        budget: bytes that may be copied while building.
    """

    def __init__(
        self, reader: ArchiveReader, placement: Placement, byteorder: str, budget: Budget
    ) -> None:
        self.reader = reader
        self.budget = budget
        self._placement = placement
        self._swap = byteorder != sys.byteorder
        self._swapped: dict[str, dtype] = {}
        self._storages: dict[str, FileStorage] = {}
        self._later: list[Callable[[], None]] = []

    def persistent_load(self, pid: Any) -> FileStorage:
        """Return the storage of a persistent id ("storage", type, key, location, numel).

        Raises:
            UnsafeFileError: the id has another form, or the record another size.
        """
        if type(pid) is not tuple or len(pid) != 5 or pid[0] not in ("storage", b"storage"):
            raise ValueError("a persistent id that is no storage")
        _, kind, key, location, numel = pid
        if (
            not isinstance(kind, StorageType)
            or type(key) is not str
            or type(location) is not str
            or type(numel) is not int
        ):
            raise ValueError("a persistent id of a storage with fields of other types")
        found = self._storages.get(key)
        if found is None:
            found = self._storages[key] = self._open(kind, key, location, numel)
        if found.dtype is not kind.dtype:
            raise ValueError(f"storage {key!r} is used with two types")
        return found

    def _open(self, kind: StorageType, key: str, location: str, numel: int) -> FileStorage:
        name = f"data/{key}"
        record = self.reader.records.get(name)
        itemsize = kind.dtype.itemsize if kind.dtype else 1
        if record is None or numel < 0 or record.size != numel * itemsize:
            size = "no bytes" if record is None else f"{record.size} bytes"
            raise UnsafeFileError(
                f"{self.reader.source.label}: storage {key!r} ({kind.name}, {numel} elements) has "
                f"{size} in record {name!r}; expected {numel * itemsize}; do not trust this file"
            )
        array: Array = self.reader.fetch(name)
        if not self._placement.stays(location):
            array = self._place(kind, name, array, location)
        elif self._swap and kind.dtype is not None:
            self._swap_later(name, array, kind.dtype)
        return FileStorage(kind.dtype, array, self)

    def _place(self, kind: StorageType, name: str, array: Array, location: str) -> Array:
        """Give the values to map_location; they must be there, whole and in native order."""
        self.reader.wait(name)
        if self._swap and kind.dtype is not None:
            _swap_bytes(array, kind.dtype)
        host = Storage(array.view(kind.dtype.np if kind.dtype else np.uint8), kind.dtype)
        placed = self._placement.put(host, location)
        flat = placed._flat().view(np.uint8)
        if flat.size != array.size:
            raise ValueError(f"map_location changed the size of record {name!r}")
        return flat

    def swap_untyped(self, storage: FileStorage, kind: dtype) -> None:
        """Note the type of an untyped storage, so that its byte order can be put right."""
        if self._swap and storage.bytes.size:
            if not isinstance(storage.bytes, np.ndarray):
                raise ValueError(f"a {kind.name} tensor of foreign byte order on a device")
            self._swap_later(str(address_of(storage.bytes)), storage.bytes, kind)

    def _swap_later(self, name: str, array: Array, kind: dtype) -> None:
        before = self._swapped.get(name)
        if before is None:
            self._swapped[name] = kind
            self._later.append(lambda: _swap_bytes(array, kind))
        elif before is not kind:
            raise ValueError("bytes of foreign byte order are used with two types")

    def after_bytes(self, action: Callable[[], None]) -> None:
        """Run `action` when all bytes are there and verified."""
        self._later.append(action)

    def finish(self) -> None:
        """Wait for all bytes, verify them, and do what had to wait for them."""
        self.reader.finish()
        for action in self._later:
            action()


def _swap_bytes(array: Array, kind: dtype) -> None:
    # complex numbers are two numbers; bfloat16 has no byte order for NumPy
    part = kind.itemsize // 2 if kind.is_complex else kind.itemsize
    array.view(f"u{part}").byteswap(inplace=True)


def _view(storage: FileStorage, offset: Any, size: Any, stride: Any, kind: dtype) -> Array:
    """Cut a strided view from a storage.

    Raises:
        ValueError: numbers of another type, or a view outside of the storage.
    """
    if type(size) is not tuple or type(stride) is not tuple or len(size) != len(stride):
        raise ValueError(f"a tensor of size {size!r} and stride {stride!r}")
    if any(type(n) is not int or n < 0 for n in (offset, *size, *stride)):
        raise ValueError(f"a tensor of size {size}, stride {stride} and offset {offset!r}")
    reach = offset
    if 0 not in size:
        reach += 1 + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    itemsize = kind.itemsize
    if reach * itemsize > storage.bytes.size:
        raise ValueError(
            f"a tensor of size {size}, stride {stride} and offset {offset} in a storage of "
            f"{storage.bytes.size // itemsize} elements"
        )
    if 0 in size:
        offset = 0
    base = storage.bytes
    strides = tuple(step * itemsize for step in stride)
    if isinstance(base, np.ndarray):
        return np.ndarray(size, kind.np, base, offset * itemsize, strides)
    ndarray = module_of(type(base)).ndarray
    return ndarray(size, kind.np, memptr=base.data + offset * itemsize, strides=strides)


def _finish_tensor(
    loading: Loading, array: Array, requires_grad: Any, hooks: Any, metadata: Any
) -> Tensor:
    if metadata:
        array = _resolve(loading, array, metadata)
    tensor = wrap(array)
    if requires_grad:
        tensor.requires_grad_(True)
    if hooks:
        raise ValueError("a tensor with backward hooks")
    return tensor


def _resolve(loading: Loading, array: Array, metadata: Any) -> Array:
    """Carry out torch's lazy conjugation and negation, which NumPy does not know."""
    if type(metadata) is not dict or metadata.keys() - {"conj", "neg"}:
        raise ValueError(f"a tensor with metadata {metadata!r}")
    loading.budget.take(prod(array.shape) * array.itemsize)
    result = np.empty(array.shape, array.dtype)

    def fill() -> None:
        result[...] = array
        if metadata.get("conj"):
            np.conjugate(result, out=result)
        if metadata.get("neg"):
            np.negative(result, out=result)

    loading.after_bytes(fill)
    return result


def _storage(value: Any) -> FileStorage:
    if type(value) is not FileStorage:
        raise TypeError(f"a tensor over a {type(value).__name__}")
    return value


def _rebuild_tensor(
    budget: Budget, storage: Any, storage_offset: Any, size: Any, stride: Any
) -> Tensor:
    """Return a tensor of the storage's type."""
    return _rebuild_tensor_v2(budget, storage, storage_offset, size, stride, False, None)


def _rebuild_tensor_v2(
    budget: Budget,
    storage: Any,
    storage_offset: Any,
    size: Any,
    stride: Any,
    requires_grad: Any,
    backward_hooks: Any,
    metadata: Any = None,
) -> Tensor:
    """Return a tensor of the storage's type."""
    storage = _storage(storage)
    if storage.dtype is None:
        raise TypeError("a tensor without a type")
    array = _view(storage, storage_offset, size, stride, storage.dtype)
    return _finish_tensor(storage.loading, array, requires_grad, backward_hooks, metadata)


def _rebuild_tensor_v3(
    budget: Budget,
    storage: Any,
    storage_offset: Any,
    size: Any,
    stride: Any,
    requires_grad: Any,
    backward_hooks: Any,
    kind: Any,
    metadata: Any = None,
) -> Tensor:
    """Return a tensor of a type that has no storage class, as uint16."""
    storage = _storage(storage)
    if not isinstance(kind, dtype):
        raise TypeError(f"a tensor of type {kind!r}")
    array = _view(storage, storage_offset, size, stride, kind)
    storage.loading.swap_untyped(storage, kind)
    return _finish_tensor(storage.loading, array, requires_grad, backward_hooks, metadata)


def _rebuild_parameter(
    budget: Budget, data: Any, requires_grad: Any, backward_hooks: Any
) -> Parameter:
    """Return a parameter over a tensor's memory."""
    return _rebuild_parameter_with_state(budget, data, requires_grad, backward_hooks, None)


def _rebuild_parameter_with_state(
    budget: Budget, data: Any, requires_grad: Any, backward_hooks: Any, state: Any
) -> Parameter:
    """Return a parameter with attributes of its own."""
    if not isinstance(data, Tensor) or backward_hooks:
        raise TypeError(f"a parameter over a {type(data).__name__}")
    parameter = Parameter(data, bool(requires_grad))
    _set_attributes(parameter, state)
    return parameter


def _rebuild_from_type_v2(budget: Budget, call: Any, cls: Any, args: Any, state: Any) -> Tensor:
    """Return a tensor with attributes of its own."""
    call = getattr(call, "func", call)  # an unrestricted load binds the budget
    if call not in REBUILD or cls not in (Tensor, Parameter) or type(args) is not tuple:
        raise TypeError(f"a tensor of class {cls!r}")
    tensor = call(budget, *args)
    if type(tensor) is not cls:
        tensor = Parameter(tensor, tensor.requires_grad)
    _set_attributes(tensor, state)
    return tensor  # type: ignore[no-any-return]


def rebuild_plain_parameter(
    budget: Budget, data: Any = None, requires_grad: Any = True
) -> Parameter:
    """Return a parameter as old files make it: the class called with a tensor."""
    return _rebuild_parameter(budget, data, requires_grad, None)


def _set_attributes(tensor: Tensor, state: Any) -> None:
    if not state:
        return
    if type(state) is tuple:
        state, slots = state
        if slots:
            raise ValueError("a tensor with slots")
    for name, value in state.items():
        if type(name) is not str or hasattr(type(tensor), name):
            raise ValueError(f"a tensor's attribute {name!r}")
        tensor.__dict__[name] = value


REBUILD: tuple[Callable[..., Any], ...] = (
    _rebuild_parameter,
    _rebuild_parameter_with_state,
    _rebuild_tensor,
    _rebuild_tensor_v2,
    _rebuild_tensor_v3,
    _rebuild_from_type_v2,
)
"""torch's rebuild functions; each takes the budget first."""

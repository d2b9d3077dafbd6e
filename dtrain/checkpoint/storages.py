"""Find the memory behind arrays: tensors that share it in the program share it in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dtrain.backend.module import module_of, to_host
from dtrain.checkpoint.names import STORAGE_OF, UNTYPED, StorageType
from dtrain.errors import CheckpointError
from dtrain.tensor.dtype import dtype, of
from dtrain.tensor.storage import address_of, root_of
from dtrain.typing import Array

__all__ = ["StorageRef", "StorageTable"]


@dataclass(frozen=True, eq=False)
class StorageRef:
    """One storage of the file.

    Attributes:
        key: its name below `data/`.
        kind: the storage class that the file names.
        location: the device, as "cpu" or "cuda:0".
        memory: the memory, C-contiguous.
        numel: number of elements of `kind`.
    """

    key: str
    kind: StorageType
    location: str
    memory: Array
    numel: int

    def view(self) -> memoryview:
        """Return the bytes: the memory itself on the host, a copy from a device."""
        host: Any = np.ascontiguousarray(to_host(self.memory))
        return memoryview(host.reshape(-1).view(np.uint8))


class StorageTable:
    """The storages of one file, in the order in which they were met."""

    def __init__(self) -> None:
        self._refs: dict[tuple[str, int, int], StorageRef] = {}

    def __iter__(self) -> Iterator[StorageRef]:
        return iter(self._refs.values())

    def add(self, array: Array) -> tuple[StorageRef, int, tuple[int, ...]]:
        """Return an array's storage, its offset and its strides in elements.

        A view that no storage of torch can express (negative strides, no whole elements) is
        written as a copy of its own.

        Raises:
            CheckpointError: the same memory is in the file with another type.
        """
        if isinstance(array, np.generic):
            array = np.asarray(array)  # some operators answer with NumPy's scalars
        itemsize = int(array.itemsize)
        memory = _linear(root_of(array))
        whole = memory is not None and memory.nbytes % itemsize == 0
        if not whole or any(step < 0 or step % itemsize for step in array.strides):
            memory = array = module_of(type(array)).ascontiguousarray(array)
        offset = address_of(array) - address_of(memory) if array.size else 0
        if offset % itemsize:
            memory = array = array.copy()
            offset = 0
        ref = self._ref(memory, of(array.dtype))
        return ref, offset // itemsize, tuple(step // itemsize for step in array.strides)

    def _ref(self, memory: Array, kind: dtype) -> StorageRef:
        location = _location(memory)
        # empty memory has no address of its own
        place = address_of(memory) if memory.size else -1 - len(self._refs)
        known = self._refs.get((location, place, memory.nbytes))
        storage_type = STORAGE_OF.get(kind.name, UNTYPED)
        if known is None:
            itemsize = 1 if storage_type is UNTYPED else kind.itemsize
            known = StorageRef(
                str(len(self._refs)), storage_type, location, memory, memory.nbytes // itemsize
            )
            self._refs[location, place, memory.nbytes] = known
        elif known.kind is not storage_type:
            raise CheckpointError(
                f"save(): cannot save multiple tensors or storages that view the same data as "
                f"different types, {known.kind.name} and {storage_type.name}; expected one type; "
                "do clone() one of them"
            )
        return known


def _location(memory: Array) -> str:
    return "cpu" if isinstance(memory, np.ndarray) else f"cuda:{int(memory.device.id)}"


def _linear(root: Array) -> Array | None:
    """Return the C-contiguous view of a whole memory; None where it has holes."""
    if root.flags.c_contiguous:
        return root
    axes = sorted(range(root.ndim), key=lambda axis: -root.strides[axis])
    turned = root.transpose(axes)
    return turned if turned.flags.c_contiguous else None

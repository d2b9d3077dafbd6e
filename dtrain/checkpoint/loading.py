"""Storages of a file while it is loaded.

A storage's bytes may still be on their way while the pickle runs: views of it are cut at once, and
what needs the values (byte order, lazy conjugation) is done in `Loading.finish`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from dtrain.checkpoint.budget import Budget
from dtrain.checkpoint.location import Placement
from dtrain.checkpoint.names import StorageType
from dtrain.checkpoint.zip_reader import ArchiveReader
from dtrain.errors import OpValueError, UnsafeFileError
from dtrain.tensor.dtype import dtype
from dtrain.tensor.storage import Storage, address_of
from dtrain.typing import Array

__all__ = ["FileStorage", "Loading"]


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
            self._refuse("a persistent id that is no storage")
        _, kind, key, location, numel = pid
        if (
            not isinstance(kind, StorageType)
            or type(key) is not str
            or type(location) is not str
            or type(numel) is not int
        ):
            self._refuse("a persistent id of a storage with fields of other types")
        found = self._storages.get(key)
        if found is None:
            found = self._storages[key] = self._open(kind, key, location, numel)
        if found.dtype is not kind.dtype:
            self._refuse(f"a storage {key!r} that is used with two types")
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
            raise OpValueError(f"load(): map_location changed the size of record {name!r}")
        return flat

    def swap_untyped(self, storage: FileStorage, kind: dtype) -> None:
        """Note the type of an untyped storage, so that its byte order can be put right."""
        if self._swap and storage.bytes.size:
            if not isinstance(storage.bytes, np.ndarray):
                self._refuse(f"a {kind.name} tensor of foreign byte order on a device")
            self._swap_later(str(address_of(storage.bytes)), storage.bytes, kind)

    def _swap_later(self, name: str, array: Array, kind: dtype) -> None:
        before = self._swapped.get(name)
        if before is None:
            self._swapped[name] = kind
            self._later.append(lambda: _swap_bytes(array, kind))
        elif before is not kind:
            self._refuse("bytes of foreign byte order that are used with two types")

    def _refuse(self, what: str) -> NoReturn:
        raise UnsafeFileError(
            f"{self.reader.source.label}: data.pkl has {what}; expected what torch.save or "
            "dtrain.save write; do not trust this file"
        )

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

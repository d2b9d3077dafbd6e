"""Random access to the bytes of an archive: a path, or an open file object."""

from __future__ import annotations

import mmap
import os
import threading
from types import TracebackType
from typing import IO, Protocol

from dtrain.errors import CheckpointError, CorruptFileError

__all__ = ["FileSource", "PathSource", "Source"]


class Source(Protocol):
    """Bytes that can be read at any offset, from several threads."""

    label: str
    size: int

    def read_into(self, offset: int, view: memoryview) -> None:
        """Fill `view` with the bytes from `offset` on.

        Raises:
            CorruptFileError: the file ends before.
        """
        ...


class PathSource:
    """A file on disk, read by position: no shared cursor, so threads do not wait for each other."""

    def __init__(self, path: str) -> None:
        self.label = f"load({path!r})"
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._fd).st_size

    def __enter__(self) -> PathSource:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)

    def read_into(self, offset: int, view: memoryview) -> None:
        """Fill `view` with the bytes from `offset` on."""
        while view.nbytes:
            count = os.preadv(self._fd, [view], offset)
            if not count:
                raise CorruptFileError(f"{self.label}: the file ends at byte {offset}")
            offset, view = offset + count, view[count:]

    def map(self) -> mmap.mmap:
        """Map the file into memory; writes to the map stay in this process."""
        return mmap.mmap(self._fd, 0, access=mmap.ACCESS_COPY)


class FileSource:
    """An open, seekable, binary file object, read from its current position to its end."""

    def __init__(self, file: IO[bytes]) -> None:
        self.label = f"load(<{type(file).__name__}>)"
        self._file = file
        self._lock = threading.Lock()
        try:
            self._base = file.tell()
            self.size = file.seek(0, os.SEEK_END) - self._base
        except (AttributeError, OSError) as error:
            raise CheckpointError(
                f"{self.label}: the file object cannot be sought; expected seek() and tell() to "
                "work; do pass a path or read the bytes into an io.BytesIO"
            ) from error

    def __enter__(self) -> FileSource:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the object open, it is the caller's; its cursor stands at the archive's end."""
        self._file.seek(self._base + self.size)

    def read_into(self, offset: int, view: memoryview) -> None:
        """Fill `view` with the bytes from `offset` on."""
        with self._lock:
            self._file.seek(self._base + offset)
            while view.nbytes:
                data = self._file.read(len(view))
                if not data:
                    raise CorruptFileError(f"{self.label}: the file ends before byte {offset}")
                view[: len(data)] = data
                offset, view = offset + len(data), view[len(data) :]

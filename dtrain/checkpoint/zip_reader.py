"""Read the records of a torch archive: each byte is read once and summed while it is in the cache.

`fetch` returns the array at once and fills it in the background, on several threads; `finish` waits
and compares every CRC-32 of the archive. Nothing may look at an array's values before that.
"""

from __future__ import annotations

import mmap
import zlib
from concurrent.futures import Future
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dtrain.checkpoint.crc import Crc32Pool, combine_all, spans
from dtrain.checkpoint.source import Source
from dtrain.checkpoint.zip_directory import read_directory
from dtrain.checkpoint.zip_format import Record
from dtrain.errors import CorruptFileError

__all__ = ["ArchiveReader"]

_PIECE_BYTES = 1 << 20
_INLINE_BYTES = 1 << 16

Bytes = NDArray[np.uint8]


class ArchiveReader:
    """The records of one archive.

    Args:
        source: the file.
        mapped: a private memory map of it; `fetch` then returns views of the map.

    Attributes:
        records: the records by their name below the archive's top folder.
    """

    def __init__(self, source: Source, mapped: mmap.mmap | None = None) -> None:
        self.source = source
        self.records = read_directory(source)
        self._mapped = mapped
        self._sums: dict[str, list[tuple[Future[int] | int, int]]] = {}
        self._pool: Crc32Pool | None = None

    def __enter__(self) -> ArchiveReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.close()

    def read(self, name: str) -> bytes:
        """Return a small record's bytes, verified.

        Raises:
            CorruptFileError: the record is missing or its CRC-32 differs.
        """
        data = self.fetch(name)
        self.wait(name)
        return data.tobytes()

    def fetch(self, name: str) -> Bytes:
        """Return an array that the background fills with a record's bytes.

        Raises:
            CorruptFileError: the record is missing.
        """
        record = self._record(name)
        if self._mapped is not None:
            # an array of its own over the map, so that its storage is the record, not the file
            data: Bytes = np.ndarray(record.size, np.uint8, self._mapped, record.start)
            self._sum(name, record, data, read=False)
        else:
            data = np.empty(record.size, np.uint8)
            self._sum(name, record, data, read=True)
        return data

    def wait(self, name: str) -> None:
        """Wait until a fetched record is there and compare its CRC-32."""
        record = self.records[name]
        parts = self._sums[name]
        total = combine_all(
            (part if isinstance(part, int) else part.result(), nbytes) for part, nbytes in parts
        )
        if total != record.crc:
            raise CorruptFileError(
                f"{self.source.label}: record {record.name!r} ({record.size} bytes at "
                f"{record.start}): its bytes have CRC-32 {total:08x}; expected {record.crc:08x} as "
                "they were written; do load another copy of the file"
            )
        self._sums[name] = [(total, record.size)]

    def finish(self) -> None:
        """Wait for all records; sum those too that nobody asked for.

        Raises:
            CorruptFileError: the CRC-32 of a record differs; names the file and the record.
        """
        for name, record in self.records.items():
            if name not in self._sums:
                self._sum(name, record, None, read=True)
        for name in self.records:
            self.wait(name)

    def _record(self, name: str) -> Record:
        record = self.records.get(name)
        if record is None:
            raise CorruptFileError(
                f"{self.source.label}: the archive has no record {name!r}; expected one written by "
                "torch.save or dtrain.save; do load another copy of the file"
            )
        return record

    def _sum(self, name: str, record: Record, data: Bytes | None, *, read: bool) -> None:
        """Read (where `read`) and sum a record: in place if it is small, else on the threads."""
        if record.size <= _INLINE_BYTES:
            value = self._sum_span(record.start, record.size, data, read)
            self._sums[name] = [(value, record.size)]
            return
        if self._pool is None:
            self._pool = Crc32Pool()
        self._sums[name] = [
            (
                self._pool.executor.submit(
                    self._sum_span,
                    record.start + at,
                    nbytes,
                    None if data is None else data[at : at + nbytes],
                    read,
                ),
                nbytes,
            )
            for at, nbytes in spans(record.size)
        ]

    def _sum_span(self, offset: int, nbytes: int, data: Bytes | None, read: bool) -> int:
        # a span that nobody keeps is read piece by piece into the same scratch memory
        kept: Any = np.empty(min(_PIECE_BYTES, nbytes), np.uint8) if data is None else data
        view = memoryview(kept)
        total = 0
        for at, count in spans(nbytes, _PIECE_BYTES):
            piece = view[:count] if data is None else view[at : at + count]
            if read:
                self.source.read_into(offset + at, piece)
            total = zlib.crc32(piece, total)
        return total

"""Write torch's zip archive: array memory goes to the file as it lies, without a copy."""

from __future__ import annotations

import hashlib
import zlib
from types import TracebackType
from typing import Protocol

from dtrain.checkpoint.crc import SPAN_BYTES, Crc32Pool, combine_all
from dtrain.checkpoint.zip_format import (
    ALIGNMENT,
    CENTRAL,
    DESCRIPTOR,
    DESCRIPTOR64,
    END,
    END64,
    END64_MADE_BY,
    END64_NEEDED,
    EXTRA_HEAD,
    EXTRA_PADDING,
    EXTRA_ZIP64,
    FLAG_DESCRIPTOR,
    FLAG_UTF8,
    LOCAL,
    LOCATOR,
    PADDING_BYTE,
    UINT16_MAX,
    UINT32_MAX,
    Record,
    Signature,
)

__all__ = ["ArchiveWriter", "Sink"]

_PIECE_BYTES = 1 << 30  # Linux writes at most 2 GiB - 4 KiB a call
_GATHER_BYTES = 1 << 16  # smaller pieces are gathered: one call for many headers and small tensors


class Sink(Protocol):
    """What an archive is written to: an open binary file."""

    def write(self, data: memoryview, /) -> int | None:
        """Write bytes; return how many, or None where the object does not tell."""
        ...


class ArchiveWriter:
    """Writes records one after another and the directory on a clean exit.

    Args:
        sink: open binary file; written from its current position on, never sought.
        top: name of the archive's top folder.
    """

    def __init__(self, sink: Sink, top: str) -> None:
        self._sink = sink
        self._top = top
        self._records: list[Record] = []
        self._position = 0
        self._gathered = bytearray()
        self._pool: Crc32Pool | None = None

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.close()
        if error is None:
            self._finish()

    def add(self, name: str, data: bytes | memoryview) -> None:
        """Write one record.

        Args:
            name: name below the top folder, for example "data/0".
            data: bytes, or a one-dimensional view of bytes that does not change meanwhile.
        """
        view = memoryview(data)
        full = f"{self._top}/{name}"
        header = self._position
        # torch leaves out flag and descriptor where there are no bytes
        flags = FLAG_UTF8 | (FLAG_DESCRIPTOR if view.nbytes else 0)
        self._put(_local_header(full.encode(), flags, header, len(view)))
        start = self._position
        crc = self._put_summed(view)
        self._records.append(Record(full, flags, crc, len(view), header, start=start))
        if view.nbytes:
            wide = _needs_zip64(header, len(view))
            self._put(
                (DESCRIPTOR64 if wide else DESCRIPTOR).pack(
                    Signature.DESCRIPTOR, crc, len(view), len(view)
                )
            )

    def _put(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        self._position += view.nbytes
        if view.nbytes < _GATHER_BYTES:
            self._gathered += view
            if len(self._gathered) >= _GATHER_BYTES:
                self._flush()
        else:
            self._flush()
            self._write(view)

    def _flush(self) -> None:
        gathered, self._gathered = self._gathered, bytearray()
        self._write(memoryview(gathered))

    def _write(self, view: memoryview) -> None:
        while view.nbytes:
            piece = view[:_PIECE_BYTES]
            count = self._sink.write(piece)
            view = view[piece.nbytes if count is None else count :]

    def _put_summed(self, view: memoryview) -> int:
        """Write `view` while other threads sum it; return its CRC-32."""
        if len(view) < SPAN_BYTES // 8:
            self._put(view)
            return zlib.crc32(view)
        if self._pool is None:
            self._pool = Crc32Pool()
        parts = self._pool.start(view)
        self._put(view)
        return combine_all((future.result(), nbytes) for future, nbytes in parts)

    def _finish(self) -> None:
        """Write the identity record, the directory and the end records."""
        self.add(".data/serialization_id", _identity(self._records))
        begin = self._position
        for record in self._records:
            self._put(_central_header(record))
        size, count, end64 = self._position - begin, len(self._records), self._position
        self._put(
            END64.pack(
                Signature.END64, END64.size - 12, END64_MADE_BY, END64_NEEDED, 0, 0,
                count, count, size, begin,
            )
            + LOCATOR.pack(Signature.LOCATOR, 0, end64, 1)
            + END.pack(
                Signature.END, 0, 0, min(count, UINT16_MAX), min(count, UINT16_MAX),
                min(size, UINT32_MAX), min(begin, UINT32_MAX), 0,
            )
        )  # fmt: skip
        self._flush()


def _needs_zip64(header: int, size: int) -> bool:
    return header >= UINT32_MAX or size >= UINT32_MAX


def _zip64_extra(values: list[int]) -> bytes:
    """Return the extra field with those of `values` that do not fit 32 bits."""
    wide = [value for value in values if value >= UINT32_MAX]
    body = b"".join(value.to_bytes(8, "little") for value in wide)
    return EXTRA_HEAD.pack(EXTRA_ZIP64, len(body)) + body if wide else b""


def _local_header(name: bytes, flags: int, header: int, size: int) -> bytes:
    """Return a local header padded so that the data after it is aligned."""
    extra = _zip64_extra([size, size, header])
    start = header + LOCAL.size + len(name) + len(extra) + EXTRA_HEAD.size
    padding = -start % ALIGNMENT
    extra += EXTRA_HEAD.pack(EXTRA_PADDING, padding) + PADDING_BYTE * padding
    fields = LOCAL.pack(Signature.LOCAL, 0, flags, 0, 0, 0, 0, 0, 0, len(name), len(extra))
    return fields + name + extra


def _central_header(record: Record) -> bytes:
    name = record.name.encode()
    extra = _zip64_extra([record.size, record.size, record.header])
    size, header = min(record.size, UINT32_MAX), min(record.header, UINT32_MAX)
    fields = CENTRAL.pack(
        Signature.CENTRAL, 0, 0, record.flags, 0, 0, 0, record.crc, size, size,
        len(name), len(extra), 0, 0, 0, 0, header,
    )  # fmt: skip
    return fields + name + extra


def _identity(records: list[Record]) -> bytes:
    """Return 40 digits that name the content, as torch's serialization_id: names, then bytes."""
    names, sums = hashlib.blake2b(digest_size=8), hashlib.blake2b(digest_size=8)
    for record in records:
        names.update(record.name.encode() + b"\0")
        sums.update(record.crc.to_bytes(4, "little"))
    digits = (int.from_bytes(digest.digest(), "little") for digest in (names, sums))
    return "".join(f"{number:020d}" for number in digits).encode()

"""Read the directory of a torch archive and hold it against the rest of the file.

Every byte of an archive must belong to exactly one structure, and what is written twice must agree.
So a flipped bit, a cut or an overlay is found even where no CRC covers it: records may not overlap
nor leave gaps, local headers must repeat the directory, padding must be padding.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import NoReturn

from dtrain.checkpoint.source import Source
from dtrain.checkpoint.zip_format import (
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
from dtrain.errors import CheckpointError, CorruptFileError

__all__ = ["read_directory"]

_LOCAL_GUESS = 512  # bytes that hold nearly every local header: one read instead of two
_MAX_NAME = 4096
_LEGACY_TAR = b"ustar"
_LEGACY_MAGIC = bytes.fromhex("8a0a6cfc9c46f9206aa85019")


def read_directory(source: Source) -> dict[str, Record]:
    """Return the records of an archive by their name below the top folder, in file order.

    Raises:
        CorruptFileError: a structure is missing, cut, contradicts another or leaves a gap.
        CheckpointError: the file is sound but of another kind (compressed, encrypted, legacy).
    """
    return _Directory(source).read()


class _Directory:
    """The state of one pass over the directory."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.by_torch = False
        """Whether torch (or dtrain) wrote the file: stricter rules hold then."""
        self.end64_maker: tuple[int, int] | None = None

    def fail(self, what: str) -> NoReturn:
        raise CorruptFileError(
            f"{self.source.label}: {what}; expected the file as it was written; do load another "
            "copy of it"
        )

    def get(self, offset: int, nbytes: int) -> bytes:
        if offset < 0 or nbytes < 0 or offset + nbytes > self.source.size:
            self.fail(f"the archive is cut: {nbytes} bytes at {offset} of {self.source.size}")
        data = bytearray(nbytes)
        self.source.read_into(offset, memoryview(data))
        return bytes(data)

    def read(self) -> dict[str, Record]:
        begin, size, count = self.end_records()
        records = self.central(begin, size, count)
        records = self.local_headers(records, begin)
        return self.below_top(records)

    def end_records(self) -> tuple[int, int, int]:
        """Return offset, bytes and record count of the directory."""
        source = self.source
        at = source.size - END.size
        if at < 0 or self.get(0, 4) != Signature.LOCAL.to_bytes(4, "little"):
            self.not_a_zip()
        fields = END.unpack(self.get(at, END.size))
        if fields[0] != Signature.END:
            self.fail("the archive has no end record where it should end; the file is cut")
        _, disk, first_disk, here, count, size, begin, comment = fields
        if disk or first_disk or here != count or comment:
            self.fail("the archive's end record contradicts itself")
        tail = at - LOCATOR.size
        locator = LOCATOR.unpack(self.get(tail, LOCATOR.size)) if tail >= 0 else (0, 0, 0, 0)
        if locator[0] == Signature.LOCATOR:
            at, size, begin, count = self.end64(tail, locator, (size, begin, count))
        if begin + size != at:
            self.fail("the archive's directory does not lie before its end record")
        return begin, size, count

    def end64(
        self, tail: int, locator: tuple[int, ...], short: tuple[int, int, int]
    ) -> tuple[int, int, int, int]:
        """Return offset of the zip64 end record and its wide (size, begin, count)."""
        _, disk, at, disks = locator
        if disk or disks != 1 or at != tail - END64.size:
            self.fail("the archive's zip64 locator points elsewhere")
        fields = END64.unpack(self.get(at, END64.size))
        signature, rest, made_by, needed, disk, first_disk, here, count, size, begin = fields
        if signature != Signature.END64 or rest != END64.size - 12 or disk or first_disk:
            self.fail("the archive's zip64 end record is damaged")
        limits = (UINT32_MAX, UINT32_MAX, UINT16_MAX)
        wide = (size, begin, count)
        if here != count or short != tuple(map(min, wide, limits)):
            self.fail("the archive's two end records disagree")
        self.end64_maker = (made_by, needed)
        return at, size, begin, count

    def not_a_zip(self) -> NoReturn:
        head = self.get(0, min(512, self.source.size))
        if _LEGACY_MAGIC in head or _LEGACY_TAR in head:
            raise CheckpointError(
                f"{self.source.label}: the file has torch's format from before version 1.6; "
                "expected a zip archive; do load and save it once with a newer torch"
            )
        self.fail("the file is no zip archive of torch.save or dtrain.save, or its begin is lost")

    def central(self, begin: int, size: int, count: int) -> list[Record]:
        """Return the directory's records, ordered by their place in the file."""
        data = self.get(begin, size)
        records: list[Record] = []
        makers: Counter[tuple[int, ...]] = Counter()
        at = 0
        while at < size:
            if at + CENTRAL.size > size:
                self.fail("the archive's directory is cut")
            f = CENTRAL.unpack_from(data, at)
            name_at = at + CENTRAL.size
            extra_at, end = name_at + f[10], name_at + f[10] + f[11]
            if f[0] != Signature.CENTRAL or end > size or f[12] or f[13]:
                self.fail(f"entry {len(records)} of the archive's directory is damaged")
            name = self.name(data[name_at:extra_at], len(records))
            packed, plain, header = self.wide(name, data[extra_at:end], [f[8], f[9], f[16]])
            if f[4] or f[3] & ~(FLAG_DESCRIPTOR | FLAG_UTF8):
                raise CheckpointError(
                    f"{self.source.label}: record {name!r} is compressed or encrypted (method "
                    f"{f[4]}, flags {f[3]:#x}); expected bytes stored as they are; do save it again"
                )
            if packed != plain:
                self.fail(f"record {name!r} has two sizes, {packed} and {plain} bytes")
            makers[(f[1], f[14], f[15], f[5], f[6])] += 1
            records.append(Record(name, f[3], f[7], plain, header, (f[2], *f[4:7])))
            at = end
        if len(records) != count or not records:
            self.fail(f"the directory has {len(records)} records; its end record says {count}")
        self.check_makers(makers)
        return sorted(records, key=lambda record: record.header)

    def check_makers(self, makers: Counter[tuple[int, ...]]) -> None:
        """Refuse a record whose attributes and time differ from zero in a file of torch.

        They say nothing about the data, so this is only about finding each flipped bit. Files that
        another zip program wrote again keep whatever it put there.
        """
        zero = makers.most_common(1)[0][0] == (0, 0, 0, 0, 0)
        self.by_torch = zero and self.end64_maker is not None
        if self.by_torch and len(makers) > 1:
            self.fail("attributes of a record in the archive's directory were changed")
        if self.by_torch and self.end64_maker != (END64_MADE_BY, END64_NEEDED):
            self.fail("the archive's zip64 end record is damaged")

    def name(self, data: bytes, index: int) -> str:
        try:
            name = data.decode("utf-8")
        except UnicodeDecodeError:
            self.fail(f"the name of record {index} is damaged: {data!r}")
        parts = name.split("/")
        if (
            len(name) > _MAX_NAME
            or any(part in ("", ".", "..") for part in parts)
            or len(parts) < 2
            or "\\" in name
            or not name.isprintable()
        ):
            self.fail(f"record {index} has the forbidden name {name[:80]!r}")
        return name

    def extras(self, name: str, data: bytes) -> dict[int, bytes]:
        """Split a header's extra bytes into fields by their id."""
        found: dict[int, bytes] = {}
        at = 0
        while at < len(data):
            if at + EXTRA_HEAD.size > len(data):
                self.fail(f"the header of record {name!r} is damaged")
            key, nbytes = EXTRA_HEAD.unpack_from(data, at)
            at += EXTRA_HEAD.size
            if key in found or at + nbytes > len(data):
                self.fail(f"the header of record {name!r} is damaged")
            found[key] = data[at : at + nbytes]
            at += nbytes
        padding = found.get(EXTRA_PADDING, b"")
        if padding.strip(PADDING_BYTE):
            self.fail(f"the padding before record {name!r} was changed")
        if self.by_torch and found.keys() - {EXTRA_PADDING, EXTRA_ZIP64}:
            self.fail(f"the header of record {name!r} is damaged")
        return found

    def wide(self, name: str, extra: bytes, values: list[int]) -> list[int]:
        """Replace the values that say "see the zip64 field" by those of that field."""
        body = self.extras(name, extra).get(EXTRA_ZIP64, b"")
        wanted = [i for i, value in enumerate(values) if value == UINT32_MAX]
        if len(body) != 8 * len(wanted):
            self.fail(f"the zip64 field of record {name!r} is damaged")
        for place, i in enumerate(wanted):
            values[i] = int.from_bytes(body[8 * place : 8 * place + 8], "little")
        return values

    def local_headers(self, records: list[Record], end: int) -> list[Record]:
        """Check that headers, data and descriptors follow one another without gap or overlap."""
        placed = []
        at = 0
        for record in records:
            if record.header != at:
                self.fail(f"record {record.name!r} overlaps another one or leaves a gap")
            start, wide = self.local_header(record)
            at = start + record.size
            if at > end:
                self.fail(f"record {record.name!r} reaches into the archive's directory")
            at += self.descriptor(record, at, wide)
            placed.append(dataclasses.replace(record, start=start))
        if at != end:
            self.fail("bytes between the last record and the archive's directory")
        return placed

    def local_header(self, record: Record) -> tuple[int, bool]:
        """Return where the data begins and whether the header carries zip64 sizes."""
        name = record.name.encode()
        room = self.source.size - record.header
        head = self.get(record.header, min(_LOCAL_GUESS, room))
        if len(head) < LOCAL.size:
            self.fail(f"the header of record {record.name!r} is cut")
        signature, *stamp, crc, packed, size, name_bytes, extra_bytes = LOCAL.unpack_from(head)
        nbytes = LOCAL.size + name_bytes + extra_bytes
        if nbytes > len(head):
            head = self.get(record.header, nbytes)
        stored = head[LOCAL.size : LOCAL.size + name_bytes]
        needed, flags, *rest = stamp
        if signature != Signature.LOCAL or stored != name or flags != record.flags:
            self.fail(f"the header of record {record.name!r} differs from the directory")
        extra = self.extras(record.name, head[LOCAL.size + name_bytes : nbytes])
        body = extra.get(EXTRA_ZIP64)
        later = bool(flags & FLAG_DESCRIPTOR) and (crc, packed, size) == (0, 0, 0)
        sizes = {min(record.size, UINT32_MAX)} | ({UINT32_MAX} if body is not None else set())
        now = crc == record.crc and {packed, size} <= sizes
        if (needed, *rest) != record.stamp or not (later or now):
            self.fail(f"the header of record {record.name!r} differs from the directory")
        if body is not None:
            values = {int.from_bytes(body[i : i + 8], "little") for i in range(0, len(body), 8)}
            # torch leaves the second size 0, the descriptor tells it
            known = {record.size, record.header} | ({0} if later else set())
            if len(body) % 8 or not values <= known:
                self.fail(f"the zip64 field of record {record.name!r} is damaged")
        return record.header + nbytes, body is not None

    def descriptor(self, record: Record, at: int, wide: bool) -> int:
        """Check the descriptor behind a record's bytes; return its length."""
        if not record.flags & FLAG_DESCRIPTOR:
            return 0
        layout = DESCRIPTOR64 if wide else DESCRIPTOR
        expected = (Signature.DESCRIPTOR, record.crc, record.size, record.size)
        if layout.unpack(self.get(at, layout.size)) != expected:
            self.fail(f"the descriptor of record {record.name!r} differs from the directory")
        return layout.size

    def below_top(self, records: list[Record]) -> dict[str, Record]:
        """Key the records by their name without the top folder."""
        top = records[0].name.partition("/")[0]
        found: dict[str, Record] = {}
        for record in records:
            folder, _, name = record.name.partition("/")
            if folder != top or name in found:
                self.fail(f"record {record.name!r} is there twice or outside folder {top!r}")
            found[name] = record
        return found

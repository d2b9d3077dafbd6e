from __future__ import annotations

import io
import struct
import zipfile

import pytest

from dtrain.checkpoint.crc import SPAN_BYTES
from dtrain.checkpoint.zip_format import ALIGNMENT, LOCAL, UINT32_MAX
from dtrain.checkpoint.zip_writer import ArchiveWriter, _central_header, _local_header


def test_python_reads_the_archive() -> None:
    buffer = io.BytesIO()
    records = {"a": b"", "b": b"x", "c/d": bytes(1000), "e": b"yz" * SPAN_BYTES}
    with ArchiveWriter(buffer, "top") as archive:
        for name, data in records.items():
            archive.add(name, data)
    with zipfile.ZipFile(buffer) as other:
        assert other.testzip() is None
        for name, data in records.items():
            assert other.read(f"top/{name}") == data


def test_data_is_aligned() -> None:
    buffer = io.BytesIO()
    with ArchiveWriter(buffer, "top") as archive:
        for size in (1, 63, 64, 65):
            archive.add(f"data/{size}", b"\x07" * size)
    data = buffer.getvalue()
    for info in zipfile.ZipFile(buffer).infolist():
        *_, name_bytes, extra_bytes = LOCAL.unpack_from(data, info.header_offset)
        assert (info.header_offset + LOCAL.size + name_bytes + extra_bytes) % ALIGNMENT == 0


def test_the_identity_follows_the_content() -> None:
    def identity(content: bytes) -> bytes:
        buffer = io.BytesIO()
        with ArchiveWriter(buffer, "top") as archive:
            archive.add("a", content)
        return zipfile.ZipFile(buffer).read("top/.data/serialization_id")

    assert identity(b"1") == identity(b"1") != identity(b"2")
    assert len(identity(b"1")) == 40
    assert identity(b"1").isdigit()


class Trickle(io.BytesIO):
    """A file that takes little at a time, as a pipe does."""

    def write(self, data: object) -> int:
        return super().write(memoryview(data)[:1000])  # type: ignore[arg-type]


def test_short_writes_are_carried_on() -> None:
    trickle = Trickle()
    with ArchiveWriter(trickle, "top") as archive:
        archive.add("a", bytes(100_000))
    assert zipfile.ZipFile(trickle).testzip() is None


def test_an_error_writes_no_directory() -> None:
    buffer = io.BytesIO()

    def interrupted() -> None:
        with ArchiveWriter(buffer, "top") as archive:
            archive.add("a", b"x")
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert not zipfile.is_zipfile(buffer)


def test_headers_beyond_four_gigabytes_follow_the_standard() -> None:
    from dtrain.checkpoint.zip_format import Record

    size, header = UINT32_MAX + 5, UINT32_MAX + 64
    central = _central_header(Record("top/a", 0x808, 1, size, header))
    assert struct.unpack("<HHQQQ", central[-28:]) == (1, 24, size, size, header)
    local = _local_header(b"top/a", 0x808, header, size)
    assert struct.unpack_from("<HHQQQ", local, LOCAL.size + 5) == (1, 24, size, size, header)
    assert (header + len(local)) % ALIGNMENT == 0

from __future__ import annotations

import io
import mmap
import random
import tempfile

import numpy as np
import pytest

from dtrain.checkpoint.crc import SPAN_BYTES
from dtrain.checkpoint.source import FileSource
from dtrain.checkpoint.zip_reader import ArchiveReader
from dtrain.checkpoint.zip_writer import ArchiveWriter
from dtrain.errors import CorruptFileError


def archive_of(**records: bytes) -> io.BytesIO:
    buffer = io.BytesIO()
    with ArchiveWriter(buffer, "top") as archive:
        for name, data in records.items():
            archive.add(name, data)
    buffer.seek(0)
    return buffer


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("size", [0, 1, 1 << 16, (1 << 16) + 1, 2 * SPAN_BYTES + 3])
def test_records_come_back(size: int, mapped: bool) -> None:
    data = random.randbytes(1 << 10) * (size // 1024 + 1)
    buffer = archive_of(a=data[:size], b=b"x")
    with tempfile.TemporaryFile() as file:
        file.write(buffer.getvalue())
        file.flush()
        view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) if mapped else None
        with ArchiveReader(FileSource(buffer), view) as reader:
            array = reader.fetch("a")
            reader.finish()
            assert array.tobytes() == data[:size]
            assert array.base is None or not isinstance(array.base, np.ndarray)
            assert array.flags.writeable
            assert reader.read("b") == b"x"


@pytest.mark.parametrize("size", [10, 2 * SPAN_BYTES])
def test_a_changed_byte_is_found_in_each_way_of_reading(size: int) -> None:
    buffer = archive_of(a=bytes(size))
    with ArchiveReader(FileSource(buffer)) as reader:
        buffer.getbuffer()[reader.records["a"].start + size - 1] = 1
        reader.fetch("a")
        with pytest.raises(CorruptFileError, match="'top/a'"):
            reader.wait("a")
    buffer.seek(0)
    with (
        ArchiveReader(FileSource(buffer)) as reader,
        pytest.raises(CorruptFileError, match="'top/a'"),
    ):
        reader.finish()


def test_a_missing_record() -> None:
    with (
        ArchiveReader(FileSource(archive_of(a=b""))) as reader,
        pytest.raises(CorruptFileError, match="no record 'b'"),
    ):
        reader.fetch("b")

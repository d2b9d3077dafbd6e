from __future__ import annotations

import io
import os
from pathlib import Path
from typing import IO

import pytest

from dtrain.checkpoint.source import FileSource, PathSource
from dtrain.errors import CheckpointError, CorruptFileError


def test_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    with PathSource(str(path)) as source:
        piece = bytearray(4)
        source.read_into(3, memoryview(piece))
        assert piece == b"3456"
        assert source.size == 10
        view = source.map()
        view[0] = ord("x")
        view.close()
        with pytest.raises(CorruptFileError, match="ends"):
            source.read_into(8, memoryview(piece))
    assert path.read_bytes() == b"0123456789"


def test_a_file_object_counts_from_its_position() -> None:
    file = io.BytesIO(b"__0123456789")
    file.seek(2)
    with FileSource(file) as source:
        piece = bytearray(4)
        source.read_into(3, memoryview(piece))
        assert piece == b"3456"
        assert source.size == 10
        with pytest.raises(CorruptFileError, match="ends"):
            source.read_into(8, memoryview(piece))
    assert not file.closed
    assert file.tell() == 12


def test_a_pipe_cannot_be_sought() -> None:
    read, write = os.pipe()
    os.close(write)
    pipe: IO[bytes] = os.fdopen(read, "rb", buffering=0)
    with pipe, pytest.raises(CheckpointError, match=r"io\.BytesIO"):
        FileSource(pipe)

from __future__ import annotations

import io
import random
import struct
import zipfile
from typing import Any

import pytest

from dtrain import checkpoint
from dtrain.checkpoint.zip_directory import read_directory
from dtrain.errors import CheckpointError, CorruptFileError


def load(data: bytes) -> Any:
    return checkpoint.load(io.BytesIO(data))


def test_one_flipped_bit_anywhere_is_found(saved: bytes) -> None:
    load(saved)
    data = bytearray(saved)
    for position in range(len(data)):
        bit = 1 << random.randrange(8)
        data[position] ^= bit
        with pytest.raises(CheckpointError, match=r"load\("):
            load(bytes(data))
        data[position] ^= bit


@pytest.mark.torch
def test_one_flipped_bit_anywhere_in_a_file_of_torch_is_found() -> None:
    torch = pytest.importorskip("torch")
    buffer = io.BytesIO()
    torch.save({"w": torch.arange(4.0), "e": torch.empty(0)}, buffer)
    test_one_flipped_bit_anywhere_is_found(buffer.getvalue())


def test_every_cut_is_found(saved: bytes) -> None:
    for end in range(len(saved)):
        with pytest.raises(CorruptFileError):
            load(saved[:end])
        with pytest.raises(CorruptFileError):
            load(saved[end + 1 :])


def test_bytes_more_or_less_are_found(saved: bytes) -> None:
    for position in random.sample(range(len(saved)), 200):
        with pytest.raises(CheckpointError):
            load(saved[:position] + b"Z" + saved[position:])
        with pytest.raises(CheckpointError):
            load(saved[:position] + saved[position + 1 :])


def test_the_damaged_record_is_named(saved: bytes) -> None:
    place = saved.index(struct.pack("<d", 5.0))
    damaged = saved[:place] + b"\xff" + saved[place + 1 :]
    with pytest.raises(CorruptFileError, match=r"record 'archive/data/0'.*CRC-32"):
        load(damaged)


@pytest.mark.parametrize("junk", [b"", b"x", b"hello world" * 100, b"PK\x03\x04", bytes(1000)])
def test_what_is_no_archive(junk: bytes) -> None:
    with pytest.raises(CorruptFileError):
        load(junk)


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "archive/../x",
        "../archive/x",
        "archive//x",
        "archive/./x",
        "archive\\x/y",
        "archive/\x01",
        "data.pkl",
        "other/data.pkl",
        "archive/",
        "archive/" + "x" * 5000,
    ],
)
def test_names_that_lead_elsewhere(name: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02N.")
        archive.writestr(zipfile.ZipInfo(name), b"x")
    with pytest.raises(CheckpointError):
        load(buffer.getvalue())


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02N.")
        archive.writestr("archive/data.pkl", b"\x80\x02K\x01.")
    with pytest.raises(CorruptFileError, match="twice"):
        load(buffer.getvalue())


def test_compressed_records_are_not_unpacked(make_file: Any) -> None:
    bomb = make_file(b"\x80\x02N.", zipfile.ZIP_DEFLATED, **{"data/0": bytes(10_000_000)})
    with pytest.raises(CheckpointError, match="compressed"):
        checkpoint.load(bomb)


def entries(data: bytes) -> list[int]:
    """Return where the directory's entries begin."""
    found, at = [], 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        found.append(at)
        at += 4
    return found


def test_overlapping_records(make_file: Any) -> None:
    data = bytearray(
        make_file(b"\x80\x02N.", **{"data/0": b"a" * 99, "data/1": b"a" * 99}).getvalue()
    )
    first, second = entries(bytes(data))[-2:]
    data[second + 42 : second + 46] = data[first + 42 : first + 46]  # the offset
    with pytest.raises(CorruptFileError):
        load(bytes(data))


def test_hidden_bytes_between_records(make_file: Any) -> None:
    data = make_file(b"\x80\x02N.").getvalue()
    begin = entries(data)[0]
    size, offset = struct.unpack_from("<II", data, len(data) - 10)
    moved = data[:begin] + b"hidden" + data[begin:-10]
    moved += struct.pack("<IIH", size, offset + 6, 0)
    with pytest.raises(CorruptFileError, match="between the last record"):
        load(moved)


def test_another_archive_in_front(saved: bytes) -> None:
    with pytest.raises(CorruptFileError):
        load(saved + saved)


def test_a_torchscript_archive_is_named(make_file: Any) -> None:
    with pytest.raises(CheckpointError, match="TorchScript"):
        checkpoint.load(make_file(b"\x80\x02N.", **{"constants.pkl": b"\x80\x02)."}))


def test_records_that_nobody_asked_for_are_verified(make_file: Any) -> None:
    data = bytearray(make_file(b"\x80\x02N.", **{"data/9": b"abcdefgh"}).getvalue())
    assert load(bytes(data)) is None
    data[data.index(b"abcdefgh")] ^= 1
    with pytest.raises(CorruptFileError, match="data/9"):
        load(bytes(data))


class Sparse:
    """A huge file of which only some places hold something."""

    label = "sparse"

    def __init__(self, places: dict[int, bytes]) -> None:
        self.places = places
        self.size = max(at + len(data) for at, data in places.items())

    def read_into(self, offset: int, view: memoryview) -> None:
        view[:] = bytes(len(view))
        for at, data in self.places.items():
            low, high = max(at, offset), min(at + len(data), offset + len(view))
            if low < high:
                view[low - offset : high - offset] = data[low - at : high - at]


def test_a_record_of_torch_beyond_four_gigabytes() -> None:
    size, crc, name = 2**32 + 1000, 0x3FBC67BA, b"big/data/0"
    # as torch 2.13 writes it: the local zip64 field has the size once and then a 0
    extra = struct.pack("<HHQQ", 1, 16, size, 0) + b"FB" + struct.pack("<H", 42) + b"Z" * 42
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 0, 0x808, 0, 0, 0, 0, 0, 0, 10, len(extra))
    local += name + extra
    descriptor = struct.pack("<IIQQ", 0x08074B50, crc, size, size)
    wide, full = struct.pack("<HHQQ", 1, 16, size, size), 2**32 - 1
    central = struct.pack(
        "<IHHHHHHIIIHHHHHII",
        *(0x02014B50, 0, 0, 0x808, 0, 0, 0, crc, full, full, 10, len(wide), 0, 0, 0, 0, 0),
    )
    central += name + wide
    end = len(local) + size
    begin = end + len(descriptor)
    tail = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 0x031E, 0x2D, 0, 0, 1, 1, len(central), begin)
    tail += struct.pack("<IIQI", 0x07064B50, 0, begin + len(central), 1)
    tail += struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(central), full, 0)
    record = read_directory(Sparse({0: local, end: descriptor + central + tail}))["data/0"]
    assert (record.size, record.start, record.crc) == (size, len(local), crc)

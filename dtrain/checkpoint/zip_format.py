"""The parts of the zip format that torch's archives use.

A torch archive is a plain zip of stored (never compressed) records. Each record's bytes start at a
multiple of 64, reached by padding the local header with an extra field `FB` full of `Z`; sizes and
CRC-32 follow the bytes in a data descriptor; the directory ends with a zip64 end record and the
classic one. Time stamps and attributes are zero.

Source: PKWARE APPNOTE 6.3.9.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = [
    "ALIGNMENT",
    "CENTRAL",
    "DESCRIPTOR",
    "DESCRIPTOR64",
    "END",
    "END64",
    "END64_MADE_BY",
    "END64_NEEDED",
    "EXTRA_HEAD",
    "EXTRA_PADDING",
    "EXTRA_ZIP64",
    "FLAG_DESCRIPTOR",
    "FLAG_UTF8",
    "LOCAL",
    "LOCATOR",
    "PADDING_BYTE",
    "UINT16_MAX",
    "UINT32_MAX",
    "Record",
    "Signature",
]

ALIGNMENT = 64
UINT16_MAX = 0xFFFF
UINT32_MAX = 0xFFFFFFFF

FLAG_DESCRIPTOR = 0x0008
FLAG_UTF8 = 0x0800

EXTRA_ZIP64 = 0x0001
EXTRA_PADDING = 0x4246  # "FB"
PADDING_BYTE = b"Z"

END64_MADE_BY = 0x031E
END64_NEEDED = 0x002D

EXTRA_HEAD = struct.Struct("<HH")  # id, bytes
# signature, needed, flags, method, time, date, crc, packed, size, name bytes, extra bytes
LOCAL = struct.Struct("<IHHHHHIIIHH")
# signature, made by, needed, flags, method, time, date, crc, packed, size, name bytes, extra
# bytes, comment bytes, disk, internal attributes, external attributes, header offset
CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
DESCRIPTOR = struct.Struct("<IIII")  # signature, crc, packed, size
DESCRIPTOR64 = struct.Struct("<IIQQ")
# signature, bytes that follow, made by, needed, disk, directory's disk, records on this disk,
# records, directory bytes, directory offset
END64 = struct.Struct("<IQHHIIQQQQ")
LOCATOR = struct.Struct("<IIQI")  # signature, disk of END64, offset of END64, disks
# signature, disk, directory's disk, records on this disk, records, directory bytes, directory
# offset, comment bytes
END = struct.Struct("<IHHHHIIH")


class Signature:
    """The four bytes that open each structure."""

    LOCAL = 0x04034B50
    CENTRAL = 0x02014B50
    DESCRIPTOR = 0x08074B50
    END = 0x06054B50
    END64 = 0x06064B50
    LOCATOR = 0x07064B50


@dataclass(frozen=True)
class Record:
    """One record of an archive.

    Attributes:
        name: full name in the archive, with its top folder.
        flags: general purpose flags.
        crc: CRC-32 of the bytes.
        size: number of bytes.
        header: offset of the local header.
        stamp: (needed version, method, time, date); the local header must repeat it.
        start: offset of the first byte of data; -1 until the local header was read.
    """

    name: str
    flags: int
    crc: int
    size: int
    header: int
    stamp: tuple[int, int, int, int] = (0, 0, 0, 0)
    start: int = -1

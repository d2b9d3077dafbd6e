"""The files in /dev/shm that an MPI library leaves behind when its ranks are killed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = ["sweep"]

_FOLDER = Path("/dev/shm")  # noqa: S108
_SECOND_LOOK_S = 0.01


def sweep(patterns: Sequence[str], folder: Path = _FOLDER) -> list[Path]:
    """Remove the files of this user that match and that no process has mapped.

    Args:
        patterns: Names as the MPI library gives them, with wildcards.
        folder: Where to look.

    Returns:
        What was removed.
    """
    stale = _unmapped(path for pattern in patterns for path in folder.glob(pattern))
    if stale:
        # A job that is just starting has created its file and maps it in the next instant.
        time.sleep(_SECOND_LOOK_S)
        stale = _unmapped(stale)
    for path in stale:
        path.unlink(missing_ok=True)
    return stale


def _unmapped(paths: Iterable[Path]) -> list[Path]:
    mine = []
    for path in paths:
        try:
            if path.stat().st_uid == os.geteuid():
                mine.append(path)
        except FileNotFoundError:  # removed by its owner meanwhile
            continue
    if not mine:
        return []
    maps = b"".join(_maps_of(process) for process in Path("/proc").glob("[0-9]*"))
    return [path for path in mine if os.fsencode(path) not in maps]


def _maps_of(process: Path) -> bytes:
    try:
        return (process / "maps").read_bytes()
    except OSError:  # it has ended, or it is somebody else's and cannot map our file
        return b""

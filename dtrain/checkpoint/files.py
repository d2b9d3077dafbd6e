"""Replace a file on disk in one step: readers see the old content or the new, never a mixture."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from dtrain.errors import CheckpointError

__all__ = ["replace_file", "sync_directory"]


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def replace_file(path: str) -> Iterator[FileIO]:
    """Open a file for writing that takes the place of `path` when the block ends well.

    The bytes go to a temporary name in the same directory, to the disk, and then to their name. An
    exception removes the temporary file; a crash at any moment leaves the old file whole. A link is
    followed; what is no regular file (a pipe, /dev/null) is written straight.

    Raises:
        CheckpointError: the directory does not exist, or the disk refuses (full, read-only).
    """
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise CheckpointError(
            f"save({path!r}): parent directory {target.parent} does not exist; expected a place to "
            "write to; do create it first"
        )
    try:
        status = target.stat() if target.exists() else None
        if status is not None and not stat.S_ISREG(status.st_mode):
            with target.open("wb", buffering=0) as file:
                yield file
            return
        temporary = target.with_name(f".{target.name[:200]}.{secrets.token_hex(8)}.tmp")
        try:
            with temporary.open("xb", buffering=0) as file:
                if status is not None:
                    os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
                yield file
                os.fsync(file.fileno())
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_directory(target.parent)
    except OSError as error:
        raise CheckpointError(
            f"save({path!r}): the file cannot be written: {error}; expected a place with room; the "
            "old file, if there was one, is as it was"
        ) from error

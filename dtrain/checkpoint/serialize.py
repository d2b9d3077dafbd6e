"""dtrain.save and dtrain.load: torch's file format, both ways, without torch."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import IO, Any

from dtrain.checkpoint.budget import Budget
from dtrain.checkpoint.files import replace_file
from dtrain.checkpoint.loading import Loading
from dtrain.checkpoint.location import MapLocation, Placement
from dtrain.checkpoint.pickling import dump
from dtrain.checkpoint.source import FileSource, PathSource
from dtrain.checkpoint.storages import StorageTable
from dtrain.checkpoint.unpickling import undump, undump_trusted
from dtrain.checkpoint.zip_format import ALIGNMENT
from dtrain.checkpoint.zip_reader import ArchiveReader
from dtrain.checkpoint.zip_writer import ArchiveWriter, Sink
from dtrain.errors import CheckpointError, OpTypeError, OpValueError

__all__ = ["load", "save"]

FileLike = str | os.PathLike[str] | IO[bytes]

_DEFAULT_TOP = "archive"


def save(obj: Any, f: FileLike, *, pickle_protocol: int = 2) -> None:
    """Save an object to a file that torch.load reads too.

    A path gets its new content in one step: an exception, a full disk or a kill leaves the old
    file whole. Tensors that share memory share it in the file.

    Args:
        obj: tensors, parameters, modules, state_dicts, containers of them, plain Python values.
        f: path, or binary file open for writing (written from its current position on).
        pickle_protocol: version of the pickle format; torch.load with weights_only reads only 2.

    Raises:
        CheckpointError: the file cannot be written.

    Note:
        A module pickles by reference to its dtrain class, so only dtrain loads it; save its
        state_dict() to exchange it with torch.
    """
    if pickle_protocol not in range(2, 6):
        raise OpValueError(f"save(pickle_protocol={pickle_protocol}): expected 2, 3, 4 or 5")
    if isinstance(f, (str, os.PathLike)):
        path = os.fspath(f)
        pickled = dump(obj, pickle_protocol)  # what cannot be pickled fails before any write
        with replace_file(path) as file:
            _write(file, _top_folder(path), *pickled)
    elif hasattr(f, "write"):
        _write(f, _DEFAULT_TOP, *dump(obj, pickle_protocol))
    else:
        raise OpTypeError(
            f"save(f: {type(f).__name__}): expected a path or an object with a write() method"
        )


def _top_folder(path: str) -> str:
    """Return the archive's top folder as torch names it: the file's name, cut at its last dot."""
    stem = Path(path).stem
    return stem if stem.isascii() and stem.isprintable() and "\\" not in stem else _DEFAULT_TOP


def _write(sink: Sink, top: str, pickled: bytes, storages: StorageTable) -> None:
    """Write the records in torch's order."""
    with ArchiveWriter(sink, top) as archive:
        archive.add("data.pkl", pickled)
        archive.add(".format_version", b"1")
        archive.add(".storage_alignment", str(ALIGNMENT).encode())
        archive.add("byteorder", sys.byteorder.encode())
        for storage in storages:
            archive.add(f"data/{storage.key}", storage.view())
        archive.add("version", b"3\n")


def load(
    f: FileLike,
    map_location: MapLocation = None,
    *,
    weights_only: bool = True,
    mmap: bool | None = None,
) -> Any:
    """Load an object from a file of torch.save or dtrain.save.

    Every byte is verified against the CRC-32 it was written with. Nothing in the file can run code
    unless `weights_only` is False.

    Args:
        f: path, or seekable binary file (read from its current position to its end).
        map_location: where storages go: None (where they were), a device or its name, a mapping
            of device names, or a function (storage, device name) -> storage or None.
        weights_only: build only tensors, containers, plain values and what add_safe_globals
            allowed. False loads whole objects with any class this program can import: for files
            from people you trust, because such a file can run code.
        mmap: True maps the file (a path) into memory, so that tensors take no memory of their
            own; writes to them stay in this process and the file must not change meanwhile.

    Returns:
        the object as it was saved.

    Raises:
        CorruptFileError: bits differ from what was written; names the file and the record.
        UnsafeFileError: the file asks for what is not allowed; names it.
        DeviceError: a storage belongs on a device that this machine does not have.
    """
    placement = Placement(map_location)
    with contextlib.ExitStack() as stack:
        mapped = None
        if isinstance(f, (str, os.PathLike)):
            path_source = stack.enter_context(PathSource(os.fspath(f)))
            source: PathSource | FileSource = path_source
            if mmap and source.size:
                mapped = path_source.map()
        elif mmap:
            raise OpValueError(
                "load(mmap=True): f must be a file path in order to use the mmap argument, not "
                f"{type(f).__name__}"
            )
        else:
            source = stack.enter_context(FileSource(f))
        reader = stack.enter_context(ArchiveReader(source, mapped))
        loading = Loading(
            reader,
            placement,
            _byteorder(reader),
            Budget(source.label, source.size),
        )
        pickled = reader.read("data.pkl")
        result = (undump if weights_only else undump_trusted)(pickled, loading)
        loading.finish()
        return result


def _byteorder(reader: ArchiveReader) -> str:
    """Return how the file's numbers lie; files from before torch 2.1 do not say and are little."""
    label = reader.source.label
    if "constants.pkl" in reader.records:
        raise CheckpointError(
            f"{label}: the file is a TorchScript archive; expected one of torch.save; do save the "
            "module's state_dict()"
        )
    if "byteorder" not in reader.records:
        return "little"
    order = reader.read("byteorder").decode("ascii", "replace")
    if order not in ("little", "big"):
        raise CheckpointError(
            f"{label}: record 'byteorder' says {order!r}; expected 'little' or 'big'"
        )
    return order

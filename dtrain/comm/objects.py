"""Objects over a communicator: encoded to bytes, moved as arrays of uint8.

Each operation is two blocking collectives (sizes, then bytes padded to the largest).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dtrain.comm import codec
from dtrain.comm.wire import Array
from dtrain.errors import OpValueError

if TYPE_CHECKING:
    from dtrain.comm.communicator import Communicator

__all__ = ["allgather", "broadcast", "gather", "recv", "scatter", "send"]


def broadcast(comm: Communicator, value: Any, root: int, allow_pickle: bool) -> Any:
    """Return the root's value on every rank."""
    here = comm.rank == root
    data = codec.encode(value, allow_pickle=allow_pickle) if here else b""
    size = np.array([len(data)], np.int64)
    comm.broadcast(size, root=root)
    payload = _bytes(data) if here else np.empty(int(size[0]), np.uint8)
    comm.broadcast(payload, root=root)
    return value if here else codec.decode(payload.tobytes(), allow_pickle=allow_pickle)


def allgather(comm: Communicator, value: Any, allow_pickle: bool) -> list[Any]:
    """Return the values of all ranks."""
    data = codec.encode(value, allow_pickle=allow_pickle)
    sizes = np.empty(comm.size, np.int64)
    comm.allgather(sizes, np.array([len(data)], np.int64))
    table = np.empty((comm.size, int(sizes.max())), np.uint8)
    comm.allgather(table, _padded(data, table.shape[1]))
    return _decode_rows(table, sizes, allow_pickle)


def gather(comm: Communicator, value: Any, root: int, allow_pickle: bool) -> list[Any] | None:
    """Return the values of all ranks on the root."""
    data = codec.encode(value, allow_pickle=allow_pickle)
    sizes = np.empty(comm.size, np.int64)
    # All ranks need the largest size, because the chunks of a gather are equal.
    comm.allgather(sizes, np.array([len(data)], np.int64))
    width = int(sizes.max())
    table = np.empty((comm.size, width), np.uint8) if comm.rank == root else None
    comm.gather(table, _padded(data, width), root=root)
    return None if table is None else _decode_rows(table, sizes, allow_pickle)


def scatter(comm: Communicator, values: Sequence[Any] | None, root: int, allow_pickle: bool) -> Any:
    """Return this rank's item of the root's values."""
    sizes = np.empty((comm.size, 2), np.int64)  # of each item, and of the largest
    parts: list[bytes] = []
    if comm.rank == root:
        if values is None or len(values) != comm.size:
            count = "none" if values is None else str(len(values))
            raise OpValueError(
                f"scatter_obj(values: {count}): one item per rank is needed; "
                f"expected {comm.size} on the root; give a list of that length"
            )
        parts = [codec.encode(value, allow_pickle=allow_pickle) for value in values]
        sizes[:, 0] = [len(part) for part in parts]
        sizes[:, 1] = sizes[:, 0].max()
    mine = np.empty(2, np.int64)
    comm.scatter(mine, sizes, root=root)
    size, width = (int(n) for n in mine)
    row = np.empty(width, np.uint8)
    table = np.stack([_padded(part, width) for part in parts]) if parts else None
    comm.scatter(row, table, root=root)
    return codec.decode(row[:size].tobytes(), allow_pickle=allow_pickle)


def send(comm: Communicator, value: Any, dst: int, tag: int, allow_pickle: bool) -> None:
    """Send a value: its size, then its bytes."""
    data = codec.encode(value, allow_pickle=allow_pickle)
    first = comm.isend(np.array([len(data)], np.int64), dst, tag=tag)
    second = comm.isend(_bytes(data), dst, tag=tag)
    first.wait()
    second.wait()


def recv(comm: Communicator, src: int | None, tag: int, allow_pickle: bool) -> Any:
    """Return the value that `send` sends."""
    size = np.empty(1, np.int64)
    sender = comm.recv(size, src, tag=tag)
    payload = np.empty(int(size[0]), np.uint8)
    comm.recv(payload, sender, tag=tag)
    return codec.decode(payload.tobytes(), allow_pickle=allow_pickle)


def _bytes(data: bytes) -> Array:
    return np.frombuffer(data, np.uint8)


def _padded(data: bytes, width: int) -> Array:
    row = np.zeros(width, np.uint8)
    row[: len(data)] = _bytes(data)
    return row


def _decode_rows(table: Array, sizes: Array, allow_pickle: bool) -> list[Any]:
    return [
        codec.decode(row[: int(size)].tobytes(), allow_pickle=allow_pickle)
        for row, size in zip(table, sizes, strict=True)
    ]

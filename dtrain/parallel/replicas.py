"""Bringing tensors of all ranks to the values of one rank."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from dtrain.comm.communicator import Communicator
from dtrain.errors import DistributedError
from dtrain.tensor.graph import bump
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array

__all__ = ["broadcast_tensors", "check_same_model"]

_MESSAGE_BYTES = 16 << 20


def broadcast_tensors(tensors: Sequence[Tensor], communicator: Communicator, root: int = 0) -> None:
    """Overwrite tensors with those of rank `root`, in few messages.

    Small tensors travel together as bytes, whatever their dtypes; one that fills a message goes
    from its own memory into that of the other ranks. A tensor whose bits do not change is not
    written, so that a graph which holds it stays valid.
    """
    if communicator.size == 1:
        return
    for group in _messages(tensors):
        if len(group) == 1:
            communicator.broadcast(group[0]._a, root=root)
            if communicator.rank != root:
                bump(group[0])
            continue
        flat = np.concatenate([_bytes(t._a) for t in group])
        communicator.broadcast(flat, root=root)
        if communicator.rank != root:
            _unpack(flat, group)


def _messages(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Yield tensors in groups of about one message."""
    group: list[Tensor] = []
    nbytes = 0
    for t in tensors:
        if t._a.nbytes >= _MESSAGE_BYTES:
            yield [t]
            continue
        if nbytes + t._a.nbytes > _MESSAGE_BYTES:
            yield group
            group, nbytes = [], 0
        group.append(t)
        nbytes += t._a.nbytes
    if group:
        yield group


def _bytes(a: Array) -> Array:
    return np.ascontiguousarray(a).reshape(-1).view(np.uint8)


def _unpack(flat: Array, group: Sequence[Tensor]) -> None:
    start = 0
    for t in group:
        a = t._a
        piece = flat[start : start + a.nbytes]
        start += a.nbytes
        if not np.array_equal(piece, _bytes(a)):
            a[...] = piece.view(a.dtype).reshape(a.shape)
            bump(t)


def check_same_model(named: Sequence[tuple[str, Tensor]], communicator: Communicator) -> None:
    """Check that all ranks have parameters of the same names, shapes and dtypes.

    Raises:
        DistributedError: Two ranks differ; raised on every rank.
    """
    rows = [f"{name} {t._a.dtype}{list(t._a.shape)}" for name, t in named]
    marks = np.empty(communicator.size, np.int64)
    mark = np.array([zlib.crc32("\n".join(rows).encode())], np.int64)
    communicator.allgather(marks, mark)
    if (marks == marks[0]).all():
        return
    all_rows = communicator.allgather_obj(rows)
    rank = int((marks != marks[0]).argmax())
    pairs = zip([*all_rows[0], "none"], [*all_rows[rank], "none"], strict=False)
    first, other = next((a, b) for a, b in pairs if a != b)
    raise DistributedError(
        f"DDP expects same model across all ranks, but Rank 0 has {len(all_rows[0])} params, while "
        f"rank {rank} has inconsistent {len(all_rows[rank])} params; the first difference is "
        f"{first} against {other}; build the same module on every rank"
    )

"""A world of one rank: development on a single device, with nothing to start."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence

from dtrain.comm.call import Call
from dtrain.comm.communicator import Communicator
from dtrain.comm.mailbox import Mailbox, Receive, Wanted
from dtrain.comm.reduction import ReduceOp
from dtrain.comm.wire import Array
from dtrain.comm.work import DONE, Work

__all__ = ["LocalCommunicator", "connect"]


def connect() -> Communicator:
    """Return the communicator of a world of one.

    Example:
        >>> connect()
        <LocalCommunicator world: rank 0 of 1>
    """
    return LocalCommunicator(rank=0, size=1)


class LocalCommunicator(Communicator):
    """One rank that has only itself to talk to: reductions change nothing, the rest are copies."""

    def __init__(self, rank: int, size: int, name: str = "world") -> None:
        """Set up the only rank."""
        super().__init__(rank, size, name)
        self._mailbox = Mailbox(threading.Condition())

    def _barrier(self) -> None:
        return

    def _allreduce(self, wire: Array, op: ReduceOp) -> None:
        return

    def _reduce(self, wire: Array, op: ReduceOp, root: int) -> None:
        return

    def _reduce_scatter(self, out: Array, wire: Array, op: ReduceOp) -> None:
        _copy(out, wire)

    def _broadcast(self, wire: Array, root: int) -> None:
        return

    def _allgather(self, out: Array, wire: Array) -> None:
        _copy(out, wire)

    def _gather(self, out: Array | None, wire: Array, root: int) -> None:
        assert out is not None
        _copy(out, wire)

    def _scatter(self, out: Array, wire: Array | None, root: int) -> None:
        assert wire is not None
        _copy(out, wire)

    def _alltoall(
        self, out: Array, wire: Array, out_counts: Sequence[int], counts: Sequence[int]
    ) -> None:
        _copy(out, wire)

    def _split(self, color: int | None, key: int) -> Communicator | None:
        return None if color is None else LocalCommunicator(0, 1, f"{self.name}/{color}")

    def _isend(self, call: Call, wire: Array, dst: int, tag: int) -> Work:
        self._mailbox.deliver(self.rank, dst, tag, wire)
        return DONE

    def _irecv(
        self, call: Call, wire: Array, src: int | None, tag: int, store: Callable[[], None]
    ) -> Work:
        return Receive(
            self._mailbox,
            Wanted(self.rank, src, tag),
            wire,
            store,
            late=lambda waited: self._late(call, waited),
            hopeless=lambda: None,
        )

    def _abort(self, code: int) -> None:
        # As in a job of many: at once, without running what would run at a normal end.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _copy(out: Array, wire: Array) -> None:
    out.reshape(-1)[...] = wire.reshape(-1)

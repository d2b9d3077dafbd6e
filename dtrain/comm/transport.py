"""What a driver has to do: blocking primitives over arrays that are ready for the wire.

The public side (checks, staging, order, time-outs, objects) is in `communicator.py` and is the
same for every driver. Wire arrays are C-contiguous, writable and of a native dtype; those of a
reduction are integer, float32, float64, long double or complex. Collectives of one communicator
never run at the same time, and come in the same order on every rank.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from dtrain.comm.call import Call
from dtrain.comm.reduction import ReduceOp
from dtrain.comm.wire import Array
from dtrain.comm.work import Work

__all__ = ["Transport"]


class Transport(ABC):
    """The primitives of one group of ranks, as a driver implements them."""

    @abstractmethod
    def _barrier(self) -> None:
        """Return when every rank has called it."""

    @abstractmethod
    def _allreduce(self, wire: Array, op: ReduceOp) -> None:
        """Reduce in place, with the same bits on every rank."""

    @abstractmethod
    def _reduce(self, wire: Array, op: ReduceOp, root: int) -> None:
        """Reduce in place on `root`; leave `wire` as it is on the others."""

    @abstractmethod
    def _reduce_scatter(self, out: Array, wire: Array, op: ReduceOp) -> None:
        """Reduce `wire` and put chunk number `rank` into `out`."""

    @abstractmethod
    def _broadcast(self, wire: Array, root: int) -> None:
        """Overwrite `wire` with that of `root`."""

    @abstractmethod
    def _allgather(self, out: Array, wire: Array) -> None:
        """Put the arrays of all ranks, in rank order, into `out`."""

    @abstractmethod
    def _gather(self, out: Array | None, wire: Array, root: int) -> None:
        """Put the arrays of all ranks into `out` on `root`; it is None on the others."""

    @abstractmethod
    def _scatter(self, out: Array, wire: Array | None, root: int) -> None:
        """Put chunk number `rank` of the root's `wire` into `out`; it is None on the others."""

    @abstractmethod
    def _alltoall(
        self, out: Array, wire: Array, out_counts: Sequence[int], counts: Sequence[int]
    ) -> None:
        """Send `counts[r]` elements to each rank r and receive `out_counts[r]` from it."""

    @abstractmethod
    def _split(self, color: int | None, key: int) -> Transport | None:
        """Make a group of the ranks with the same color, ordered by (key, rank)."""

    @abstractmethod
    def _isend(self, call: Call, wire: Array, dst: int, tag: int) -> Work:
        """Start sending `wire`, which is not changed until the work is complete."""

    @abstractmethod
    def _irecv(
        self, call: Call, wire: Array, src: int | None, tag: int, store: Callable[[], None]
    ) -> Work:
        """Start receiving into `wire` from `src` (None: anyone), then call `store` once."""

    @abstractmethod
    def _abort(self, code: int) -> None:
        """End the whole job now with this exit code."""

    def _close(self) -> None:  # noqa: B027 - most drivers hold nothing
        """Free what the driver holds for this group."""

    def _missing(self) -> Sequence[int] | None:
        """Return the ranks that have not joined the collective under way; None if unknown."""
        return None

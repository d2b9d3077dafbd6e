"""Several ranks in one process, each on a thread of its own.

For tests, and for replicas on several devices of one process. Reductions go in rank order, so the
result has the same bits on every rank and in every run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from dtrain.comm.call import Call
from dtrain.comm.communicator import Communicator
from dtrain.comm.mailbox import Mailbox, Receive, Wanted
from dtrain.comm.reduction import ReduceOp
from dtrain.comm.wire import Array
from dtrain.comm.work import DONE, Work
from dtrain.errors import DistributedError, OpValueError, RankFailedError

__all__ = ["ThreadCommunicator", "connect", "run_threads"]

T = TypeVar("T")

_UFUNCS = {
    ReduceOp.SUM: np.add,
    ReduceOp.PRODUCT: np.multiply,
    ReduceOp.MIN: np.minimum,
    ReduceOp.MAX: np.maximum,
    ReduceOp.BAND: np.bitwise_and,
    ReduceOp.BOR: np.bitwise_or,
    ReduceOp.BXOR: np.bitwise_xor,
}

_here = threading.local()


def run_threads(size: int, function: Callable[[Communicator], T]) -> list[T]:
    """Run `function(communicator)` on `size` ranks, each a thread, and return their results.

    Args:
        size: the number of ranks.
        function: what each rank does; `connect("threads")` inside it gives the same communicator.

    Returns:
        The results in rank order.

    Raises:
        Exception: the error of the rank that failed first. Ranks that wait for a failed one get
            RankFailedError, so the call always comes back.

    Example:
        >>> run_threads(3, lambda comm: comm.allgather_obj(comm.rank))
        [[0, 1, 2], [0, 1, 2], [0, 1, 2]]
    """
    if size < 1:
        raise OpValueError(f"run_threads(size={size}): no ranks; expected 1 or more; correct size")
    world = _World()
    room = _Room(world, range(size))
    results: list[Any] = [None] * size

    def rank_main(rank: int) -> None:
        communicator = ThreadCommunicator(room, rank)
        _here.communicator = communicator
        try:
            results[rank] = function(communicator)
            communicator.close()
        except BaseException as error:  # noqa: BLE001 - raised again on the caller's thread
            world.leave(rank, error)
        else:
            world.leave(rank, None)

    threads = [
        threading.Thread(target=rank_main, args=(rank,), name=f"rank-{rank}", daemon=True)
        for rank in range(size)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if world.first_error is not None:
        raise world.first_error
    return results


def connect() -> Communicator:
    """Return the communicator of the rank that runs on this thread.

    Raises:
        DistributedError: the thread was not started by `run_threads`.
    """
    communicator = getattr(_here, "communicator", None)
    if communicator is None:
        raise DistributedError(
            "connect(backend='threads'): this thread is no rank; expected to be called within "
            "run_threads; start the ranks with dtrain.comm.threads.run_threads(n, function)"
        )
    assert isinstance(communicator, Communicator)
    return communicator


class _World:
    """What all ranks of one `run_threads` share: who has left, and one condition for all waits."""

    def __init__(self) -> None:
        self.condition = threading.Condition()
        self.left: dict[int, BaseException | None] = {}
        self.first_error: BaseException | None = None

    def leave(self, rank: int, error: BaseException | None) -> None:
        """Record that a rank has ended, well (None) or not; wake those who wait for it."""
        with self.condition:
            if rank not in self.left:
                self.left[rank] = error
            self.first_error = self.first_error or error
            self.condition.notify_all()


class _Round:
    """One meeting: what each rank brought."""

    __slots__ = ("readers", "values")

    def __init__(self) -> None:
        self.values: dict[int, Any] = {}
        self.readers = 0


class _Room:
    """The meeting point of the ranks of one group."""

    def __init__(self, world: _World, members: Sequence[int], name: str = "world") -> None:
        self.world = world
        self.members = members  # ranks in the world, in the order of their ranks here
        self.name = name
        self.mailbox = Mailbox(world.condition)
        self._rounds: dict[int, _Round] = {}
        self._turns = [0] * len(members)

    def meet(self, rank: int, value: Any) -> list[Any]:
        """Return what every rank brought to this meeting, when all are there."""
        size = len(self.members)
        with self.world.condition:
            number = self._turns[rank]
            self._turns[rank] += 1
            meeting = self._rounds.setdefault(number, _Round())
            meeting.values[rank] = value
            if len(meeting.values) == size:
                self.world.condition.notify_all()
            else:
                self.world.condition.wait_for(
                    lambda: len(meeting.values) == size or self._gone(meeting)
                )
            if len(meeting.values) < size:
                raise self.failure(self._gone(meeting))
            meeting.readers += 1
            if meeting.readers == size:
                del self._rounds[number]
        return [meeting.values[other] for other in range(size)]

    def missing(self) -> list[int]:
        """Return the ranks that have not come to the newest meeting."""
        with self.world.condition:
            newest = max(self._turns)
            return [rank for rank, turn in enumerate(self._turns) if turn < newest]

    def failure(self, gone: Sequence[int]) -> RankFailedError:
        """Make the error for waiting for ranks that have ended."""
        reasons = []
        for rank in gone:
            error = self.world.left[self.members[rank]]
            how = "ended" if error is None else f"failed with {type(error).__name__}: {error}"
            reasons.append(f"rank {rank} {how}")
        return RankFailedError(
            f"group {self.name}: {'; '.join(reasons)}; expected every rank to take part; "
            "see the first error"
        )

    def _gone(self, meeting: _Round) -> list[int]:
        return [
            rank
            for rank, member in enumerate(self.members)
            if member in self.world.left and rank not in meeting.values
        ]


class ThreadCommunicator(Communicator):
    """The ranks are threads of one process and read one another's arrays."""

    def __init__(self, room: _Room, rank: int) -> None:
        """Join a room as rank `rank`."""
        super().__init__(rank, len(room.members), room.name)
        self._room = room

    def _meet(self, value: Any = None) -> list[Any]:
        return self._room.meet(self.rank, value)

    def _barrier(self) -> None:
        self._meet()

    def _allreduce(self, wire: Array, op: ReduceOp) -> None:
        # Each rank reduces one slice; the second meeting ends the reading of the arrays.
        start, stop = (wire.size * r // self.size for r in (self.rank, self.rank + 1))
        slices = [other.reshape(-1)[start:stop] for other in self._meet(wire)]
        reduced = self._meet(_fold(slices, op))
        np.concatenate(reduced, out=wire.reshape(-1))

    def _reduce(self, wire: Array, op: ReduceOp, root: int) -> None:
        wires = self._meet(wire)
        reduced = _fold(wires, op) if self.rank == root else None
        self._meet()
        if reduced is not None:
            wire[...] = reduced

    def _reduce_scatter(self, out: Array, wire: Array, op: ReduceOp) -> None:
        wires = self._meet(wire)
        chunks = [other.reshape(self.size, -1)[self.rank] for other in wires]
        _copy(out, _fold(chunks, op))
        self._meet()

    def _broadcast(self, wire: Array, root: int) -> None:
        wires = self._meet(wire)
        if self.rank != root:
            _copy(wire, wires[root])
        self._meet()

    def _allgather(self, out: Array, wire: Array) -> None:
        _concatenate(self._meet(wire), out)
        self._meet()

    def _gather(self, out: Array | None, wire: Array, root: int) -> None:
        wires = self._meet(wire)
        if out is not None:
            _concatenate(wires, out)
        self._meet()

    def _scatter(self, out: Array, wire: Array | None, root: int) -> None:
        whole = self._meet(wire)[root]
        _copy(out, whole.reshape(self.size, -1)[self.rank])
        self._meet()

    def _alltoall(
        self, out: Array, wire: Array, out_counts: Sequence[int], counts: Sequence[int]
    ) -> None:
        everyone = self._meet((wire.reshape(-1), counts))
        parts = []
        for other, other_counts in everyone:
            start = sum(other_counts[: self.rank])
            parts.append(other[start : start + other_counts[self.rank]])
        _concatenate(parts, out)
        self._meet()

    def _split(self, color: int | None, key: int) -> Communicator | None:
        choices = self._meet((color, key))
        chosen = [
            rank
            for _, rank in sorted(
                (other_key, rank)
                for rank, (other, other_key) in enumerate(choices)
                if other == color
            )
        ]
        # The lowest rank of each group makes its room, so that all its members share one.
        room = None
        if color is not None and chosen[0] == self.rank:
            members = [self._room.members[rank] for rank in chosen]
            room = _Room(self._room.world, members, f"{self.name}/{color}")
        rooms = self._meet(room)
        if color is None:
            return None
        return ThreadCommunicator(rooms[chosen[0]], chosen.index(self.rank))

    def _isend(self, call: Call, wire: Array, dst: int, tag: int) -> Work:
        self._room.mailbox.deliver(self.rank, dst, tag, wire)
        return DONE

    def _irecv(
        self, call: Call, wire: Array, src: int | None, tag: int, store: Callable[[], None]
    ) -> Work:
        return Receive(
            self._room.mailbox,
            Wanted(self.rank, src, tag),
            wire,
            store,
            late=lambda waited: self._late(call, waited),
            hopeless=lambda: self._nobody_sends(src),
        )

    def _nobody_sends(self, src: int | None) -> RankFailedError | None:
        """Return the error if every rank that could send has ended."""
        senders = range(self.size) if src is None else [src]
        others = [rank for rank in senders if rank != self.rank]
        gone = [rank for rank in others if self._room.members[rank] in self._room.world.left]
        return self._room.failure(gone) if others and len(gone) == len(others) else None

    def _abort(self, code: int) -> None:
        error = RankFailedError(
            f"abort(code={code}): rank {self.rank}/{self.size} ended the job; "
            "expected it to go on; see what that rank printed"
        )
        self._room.world.leave(self._room.members[self.rank], error)
        raise error

    def _missing(self) -> Sequence[int]:
        return self._room.missing()


def _fold(parts: Sequence[Array], op: ReduceOp) -> Array:
    """Reduce arrays in their order into a new one."""
    ufunc = _UFUNCS[op]
    result: Array = parts[0].copy()
    with np.errstate(all="ignore"):
        for part in parts[1:]:
            ufunc(result, part, out=result)
    return result


def _copy(out: Array, wire: Array) -> None:
    out.reshape(-1)[...] = wire.reshape(-1)


def _concatenate(parts: Sequence[Array], out: Array) -> None:
    np.concatenate([part.reshape(-1) for part in parts], out=out.reshape(-1))

"""One rank's end of a group: its place, the one path of all collectives, and its checks."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import ClassVar

from dtrain.comm.call import Call
from dtrain.comm.lane import Lane
from dtrain.comm.transport import Transport
from dtrain.comm.wire import Array, check_array, describe
from dtrain.comm.work import DONE, Job, Work, seconds
from dtrain.errors import (
    CommTimeoutError,
    DistributedError,
    DtypeError,
    OpValueError,
    ShapeError,
)

__all__ = ["Endpoint"]


class Endpoint(Transport):
    """One rank's end of a group.

    Attributes:
        rank: the number of this process within the group.
        size: the number of processes in the group.
        name: the group, for messages.
    """

    _foreign_errors: ClassVar[tuple[type[Exception], ...]] = ()
    """Exceptions of the library below, which `_translate` turns into ours."""

    def __init__(self, rank: int, size: int, name: str = "world") -> None:
        """Set up rank `rank` of `size`; `name` is for messages and thread names."""
        self.rank = rank
        self.size = size
        self.name = name
        self._lane = Lane(f"dtrain-comm-{name}-{rank}")
        self._numbers = itertools.count(1)
        self._submitted = 0  # the number of the last collective
        self._current: Call | None = None  # the collective under way
        self._closed = False
        # A communicator that is dropped without close must not leave its thread behind.
        weakref.finalize(self, self._lane.retire).atexit = False

    def __repr__(self) -> str:
        """Return the driver, the group and the place of this rank in it."""
        return f"<{type(self).__name__} {self.name}: rank {self.rank} of {self.size}>"

    def abort(self, code: int = 1) -> None:
        """End the whole job now; `code` is its exit status."""
        self._abort(code)

    def close(self) -> None:
        """Finish what was submitted and free the communicator; calling it again does nothing."""
        if not self._closed:
            self._closed = True
            self._lane.close()
            self._close()

    def _submit(
        self,
        call: Call,
        body: Callable[[], None],
        async_op: bool,
        timeout: float | timedelta | None,
    ) -> Work:
        """Bring a collective into the order and carry it out, now or on the lane's thread.

        A blocking call without a time-out stays on the caller's thread while nothing is under
        way: handing it over would cost ten times a small all-reduce.
        """
        self._check_open(call.name)
        call.sequence = self._submitted = next(self._numbers)
        limit_s = seconds(timeout)
        if not async_op and limit_s is None and self._lane.try_enter():
            try:
                self._perform(call, body)
            finally:
                self._lane.leave()
            return DONE
        job = Job(lambda: self._perform(call, body), lambda waited: self._late(call, waited))
        self._lane.submit(job)
        if async_op:
            return job
        try:
            job.wait(limit_s)
        except CommTimeoutError as error:
            self._lane.break_(f"an earlier collective ran out of time ({error})")
            raise
        return DONE

    def _perform(self, call: Call, body: Callable[[], None]) -> None:
        """Carry out one collective: every one passes here, one at a time, in the common order."""
        self._current = call
        try:
            body()
        except self._foreign_errors as error:
            raise self._translate(call, error) from error
        finally:
            self._current = None

    def _translate(self, call: Call, error: Exception) -> DistributedError:
        """Turn an exception of the library below into ours."""
        return DistributedError(
            f"{call}: {error}; expected the operation to succeed on every rank; "
            f"see the first error of the job [{self._place(call)}]"
        )

    def _late(self, call: Call, waited_s: float) -> CommTimeoutError:
        """Make the error for a call that did not complete in time."""
        missing = self._missing()
        absent = "unknown" if missing is None else ", ".join(map(str, missing)) or "none"
        return CommTimeoutError(
            f"{call}: not complete after {waited_s:g} s; expected every rank to join; "
            f"look at the missing ranks: {absent} [{self._place(call)}, {call.nbytes} bytes]"
        )

    def _place(self, call: Call) -> str:
        number = f", #{call.sequence}" if call.sequence else ""
        return f"rank {self.rank}/{self.size}, group {self.name}{number}"

    # Checks of arguments

    def _check_open(self, where: str) -> None:
        if self._closed:
            raise DistributedError(
                f"{where}(): the communicator is closed; expected an open one; connect again "
                f"[rank {self.rank}/{self.size}, group {self.name}]"
            )

    def _check_rank(self, where: str, name: str, rank: int) -> None:
        if not 0 <= rank < self.size:
            raise OpValueError(
                f"{where}({name}={rank}): no such rank; expected 0 to {self.size - 1}; "
                f"give a rank of the group {self.name}"
            )

    def _is_root(self, where: str, root: int) -> bool:
        self._check_rank(where, "root", root)
        return self.rank == root

    def _check_chunks(
        self, where: str, *, whole: Array | None, chunk: Array, written: Array | None
    ) -> None:
        """Check that `whole` is `size` times `chunk`, and that `written` can be written."""
        whole = check_array(where, whole, writable=whole is written)
        check_array(where, chunk, writable=chunk is written)
        self._check_same_dtype(where, whole, chunk)
        if whole.size != self.size * chunk.size:
            raise ShapeError(
                f"{where}(whole: {describe(whole)}, chunk: {describe(chunk)}): sizes do not fit; "
                f"expected {self.size} x {chunk.size} = {self.size * chunk.size} elements for "
                f"{self.size} ranks; give both arrays these sizes"
            )

    def _check_same_dtype(self, where: str, first: Array, second: Array) -> None:
        if first.dtype != second.dtype:
            raise DtypeError(
                f"{where}({describe(first)}, {describe(second)}): dtypes differ; "
                "expected the same one for input and output; cast one of them"
            )

    def _counts(
        self, where: str, name: str, array: Array, counts: Sequence[int] | None
    ) -> Sequence[int]:
        """Return how many elements of `array` belong to each rank."""
        if counts is None:
            each, rest = divmod(array.size, self.size)
            if rest:
                raise ShapeError(
                    f"{where}({describe(array)}): {array.size} elements are no equal chunks for "
                    f"{self.size} ranks; expected a multiple of {self.size}; give {name}"
                )
            return [each] * self.size
        if len(counts) != self.size or sum(counts) != array.size or min(counts) < 0:
            raise ShapeError(
                f"{where}({describe(array)}, {name}={list(counts)}): counts do not fit; expected "
                f"{self.size} numbers from 0 on with the sum {array.size}; correct {name}"
            )
        return counts

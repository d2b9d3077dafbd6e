"""The communicator: collectives, messages and objects between the ranks of a group.

All collectives pass `Endpoint._submit` (order, time-outs) and `Endpoint._perform` (what happens
around each one). Drivers add the primitives of `transport.py` and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from dtrain.comm import objects
from dtrain.comm.call import Call
from dtrain.comm.endpoint import Endpoint
from dtrain.comm.reduction import ReduceOp, plan
from dtrain.comm.transport import Transport
from dtrain.comm.wire import Array, Incoming, check_array, outgoing, overlap
from dtrain.comm.work import Work
from dtrain.errors import OpValueError

__all__ = ["Communicator", "Timeout"]

Timeout: TypeAlias = float | timedelta | None


class Communicator(Endpoint):
    """A group of ranks and what they can do together.

    Every rank of the group calls the same collectives in the same order. With `async_op=True` a
    collective returns at once and its arrays must be left alone until `Work.wait` has returned;
    the order of submission is the order of execution, for blocking and asynchronous calls
    together. A `timeout` bounds a blocking call; after a time-out the ranks are no longer in step
    and the communicator refuses further collectives.
    """

    def __enter__(self) -> Communicator:
        """Return itself; leaving the block closes the communicator."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the communicator."""
        self.close()

    # Collectives

    def barrier(self, *, async_op: bool = False, timeout: Timeout = None) -> Work:
        """Wait until every rank has come here."""
        return self._submit(Call("barrier", None), self._barrier, async_op, timeout)

    def allreduce(
        self,
        array: Array,
        op: ReduceOp = ReduceOp.SUM,
        *,
        async_op: bool = False,
        timeout: Timeout = None,
    ) -> Work:
        """Reduce `array` over all ranks, in place, to the same bits everywhere.

        Args:
            array: same shape and dtype on every rank; floats narrower than 32 bits are added up
                in float32; for booleans SUM is "any".
            op: the reduction; AVG needs a floating or complex dtype.
            async_op: return at once.
            timeout: seconds at most for a blocking call.

        Raises:
            DtypeError: the reduction has no meaning for the dtype.
            CommTimeoutError: not complete in time.
        """
        check_array("allreduce", array, writable=True)
        how = plan(array.dtype, op)

        def body() -> None:
            wire = how.load(array)
            self._allreduce(wire, how.op)
            how.store(wire, array, self.size)

        return self._submit(Call("allreduce", array, f"op={op.value}"), body, async_op, timeout)

    def reduce(
        self,
        array: Array,
        op: ReduceOp = ReduceOp.SUM,
        *,
        root: int = 0,
        async_op: bool = False,
        timeout: Timeout = None,
    ) -> Work:
        """Reduce `array` over all ranks into that of `root`; the others keep theirs.

        Note:
            torch leaves partial results in the arrays of the other ranks.
        """
        here = self._is_root("reduce", root)
        check_array("reduce", array, writable=here)
        how = plan(array.dtype, op)

        def body() -> None:
            wire = how.load(array)
            self._reduce(wire, how.op, root)
            if here:
                how.store(wire, array, self.size)

        call = Call("reduce", array, f"op={op.value}, root={root}")
        return self._submit(call, body, async_op, timeout)

    def reduce_scatter(
        self,
        out: Array,
        array: Array,
        op: ReduceOp = ReduceOp.SUM,
        *,
        async_op: bool = False,
        timeout: Timeout = None,
    ) -> Work:
        """Reduce `array` over all ranks and put chunk number `rank` of it into `out`.

        Args:
            out: one chunk; it may be a view of `array`.
            array: `size` chunks one after the other.
            op: the reduction.
            async_op: return at once.
            timeout: seconds at most for a blocking call.
        """
        self._check_chunks("reduce_scatter", whole=array, chunk=out, written=out)
        how = plan(array.dtype, op)

        def body() -> None:
            wire, wire_out = how.load(array), how.load(out)
            if overlap(wire, wire_out):
                wire = wire.copy()
            self._reduce_scatter(wire_out, wire, how.op)
            how.store(wire_out, out, self.size)

        call = Call("reduce_scatter", array, f"op={op.value}")
        return self._submit(call, body, async_op, timeout)

    def broadcast(
        self, array: Array, *, root: int = 0, async_op: bool = False, timeout: Timeout = None
    ) -> Work:
        """Overwrite `array` on every rank with that of `root`."""
        here = self._is_root("broadcast", root)
        check_array("broadcast", array, writable=not here)

        def body() -> None:
            if here:
                self._broadcast(outgoing(array), root)
            else:
                incoming = Incoming(array)
                self._broadcast(incoming.wire, root)
                incoming.store()

        return self._submit(Call("broadcast", array, f"root={root}"), body, async_op, timeout)

    def allgather(
        self, out: Array, array: Array, *, async_op: bool = False, timeout: Timeout = None
    ) -> Work:
        """Put the arrays of all ranks, in rank order, into `out` on every rank.

        Args:
            out: `size` chunks one after the other, such as shape `(size, *array.shape)`.
            array: one chunk, the same shape on every rank; it may be a view of `out`.
            async_op: return at once.
            timeout: seconds at most for a blocking call.
        """
        self._check_chunks("allgather", whole=out, chunk=array, written=out)

        def body() -> None:
            wire, incoming = outgoing(array), Incoming(out)
            if overlap(wire, incoming.wire):
                wire = wire.copy()
            self._allgather(incoming.wire, wire)
            incoming.store()

        return self._submit(Call("allgather", array), body, async_op, timeout)

    def gather(
        self,
        out: Array | None,
        array: Array,
        *,
        root: int = 0,
        async_op: bool = False,
        timeout: Timeout = None,
    ) -> Work:
        """Put the arrays of all ranks, in rank order, into `out` on `root`.

        Args:
            out: `size` chunks on `root`; not looked at on the others.
            array: one chunk, the same shape on every rank.
            root: the rank that gets them.
            async_op: return at once.
            timeout: seconds at most for a blocking call.
        """
        target = out if self._is_root("gather", root) else None
        check_array("gather", array)
        if self.rank == root:
            self._check_chunks("gather", whole=out, chunk=array, written=out)

        def body() -> None:
            wire = outgoing(array)
            if target is None:
                self._gather(None, wire, root)
                return
            incoming = Incoming(target)
            if overlap(wire, incoming.wire):
                wire = wire.copy()
            self._gather(incoming.wire, wire, root)
            incoming.store()

        return self._submit(Call("gather", array, f"root={root}"), body, async_op, timeout)

    def scatter(
        self,
        out: Array,
        array: Array | None,
        *,
        root: int = 0,
        async_op: bool = False,
        timeout: Timeout = None,
    ) -> Work:
        """Put chunk number `rank` of the root's `array` into `out`.

        Args:
            out: one chunk, the same shape on every rank.
            array: `size` chunks on `root`; not looked at on the others.
            root: the rank that gives them.
            async_op: return at once.
            timeout: seconds at most for a blocking call.
        """
        source = array if self._is_root("scatter", root) else None
        check_array("scatter", out, writable=True)
        if self.rank == root:
            self._check_chunks("scatter", whole=array, chunk=out, written=out)

        def body() -> None:
            incoming = Incoming(out)
            wire = None if source is None else outgoing(source)
            if wire is not None and overlap(wire, incoming.wire):
                wire = wire.copy()
            self._scatter(incoming.wire, wire, root)
            incoming.store()

        return self._submit(Call("scatter", out, f"root={root}"), body, async_op, timeout)

    def alltoall(
        self,
        out: Array,
        array: Array,
        out_counts: Sequence[int] | None = None,
        counts: Sequence[int] | None = None,
        *,
        async_op: bool = False,
        timeout: Timeout = None,
    ) -> Work:
        """Send chunk r of `array` to each rank r; chunk r of `out` comes from rank r.

        Args:
            out: what arrives, in rank order.
            array: what is sent, in rank order.
            out_counts: elements that come from each rank; None means equal chunks.
            counts: elements that go to each rank; None means equal chunks.
            async_op: return at once.
            timeout: seconds at most for a blocking call.
        """
        check_array("alltoall", array)
        check_array("alltoall", out, writable=True)
        self._check_same_dtype("alltoall", out, array)
        given = self._counts("alltoall", "counts", array, counts)
        taken = self._counts("alltoall", "out_counts", out, out_counts)

        def body() -> None:
            wire, incoming = outgoing(array), Incoming(out)
            if overlap(wire, incoming.wire):
                wire = wire.copy()
            # Where the wire carries bytes, an element is several of them.
            width = array.itemsize // wire.itemsize
            self._alltoall(
                incoming.wire, wire, [n * width for n in taken], [n * width for n in given]
            )
            incoming.store()

        return self._submit(Call("alltoall", array), body, async_op, timeout)

    # Messages

    def send(self, array: Array, dst: int, *, tag: int = 0, timeout: Timeout = None) -> None:
        """Send `array` to rank `dst`; return when it may be changed again."""
        self.isend(array, dst, tag=tag).wait(timeout)

    def recv(
        self, array: Array, src: int | None = None, *, tag: int = 0, timeout: Timeout = None
    ) -> int:
        """Receive into `array` from rank `src` (None: anyone); return the sender."""
        work = self.irecv(array, src, tag=tag)
        work.wait(timeout)
        return work.source_rank()

    def isend(self, array: Array, dst: int, *, tag: int = 0) -> Work:
        """Start sending `array` to rank `dst`.

        Messages between two ranks with the same tag arrive in the order in which they were sent.
        """
        check_array("isend", array)
        self._check_rank("isend", "dst", dst)
        self._check_open("isend")
        return self._isend(Call("isend", array, f"dst={dst}, tag={tag}"), outgoing(array), dst, tag)

    def irecv(self, array: Array, src: int | None = None, *, tag: int = 0) -> Work:
        """Start receiving into `array` from rank `src` (None: anyone).

        Raises:
            MismatchError: (from `Work.wait`) the message has another size than `array`.
        """
        check_array("irecv", array, writable=True)
        if src is not None:
            self._check_rank("irecv", "src", src)
        self._check_open("irecv")
        incoming = Incoming(array)
        call = Call("irecv", array, f"src={src}, tag={tag}")
        return self._irecv(call, incoming.wire, src, tag, incoming.store)

    # Objects

    def broadcast_obj(self, value: Any, *, root: int = 0, allow_pickle: bool = False) -> Any:
        """Return the root's `value` on every rank; what objects may be: see `codec`."""
        return objects.broadcast(self, value, root, allow_pickle)

    def allgather_obj(self, value: Any, *, allow_pickle: bool = False) -> list[Any]:
        """Return the values of all ranks, in rank order, on every rank."""
        return objects.allgather(self, value, allow_pickle)

    def gather_obj(
        self, value: Any, *, root: int = 0, allow_pickle: bool = False
    ) -> list[Any] | None:
        """Return the values of all ranks, in rank order, on `root`; None on the others."""
        return objects.gather(self, value, root, allow_pickle)

    def scatter_obj(
        self, values: Sequence[Any] | None, *, root: int = 0, allow_pickle: bool = False
    ) -> Any:
        """Return item number `rank` of the root's `values`; the others may pass None."""
        return objects.scatter(self, values, root, allow_pickle)

    def send_obj(self, value: Any, dst: int, *, tag: int = 0, allow_pickle: bool = False) -> None:
        """Send `value` to rank `dst`, which calls `recv_obj`."""
        objects.send(self, value, dst, tag, allow_pickle)

    def recv_obj(self, src: int | None = None, *, tag: int = 0, allow_pickle: bool = False) -> Any:
        """Return the object that rank `src` (None: anyone) sends."""
        return objects.recv(self, src, tag, allow_pickle)

    # The group itself

    def split(self, color: int | None, key: int = 0) -> Communicator | None:
        """Make a communicator of the ranks with the same color, ordered by (key, rank).

        Every rank of this group takes part; those that give None get None.
        """
        if color is not None and color < 0:
            raise OpValueError(
                f"split(color={color}): negative; expected None or a number from 0 on; "
                "pass None to stay outside every new group"
            )
        made: list[Transport | None] = []
        call = Call("split", None, f"color={color}, key={key}")
        self._submit(call, lambda: made.append(self._split(color, key)), False, None)
        (group,) = made
        assert group is None or isinstance(group, Communicator)
        return group

    def alloc(self, shape: int | Sequence[int], dtype: DTypeLike) -> Array:
        """Return an uninitialised array that this communicator moves as fast as it can."""
        return np.empty(shape, dtype)

"""Ranks started by an MPI launcher. The only module that imports mpi4py.

MPI is initialised by the first `connect` (with MPI_THREAD_MULTIPLE: collectives may run on a
lane's thread while another sends) and finalised at exit, once, after all ranks have come there.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import NoReturn
from weakref import WeakSet

import mpi4py
import numpy as np

from dtrain.comm import guard
from dtrain.comm.abort import AbortHooks
from dtrain.comm.call import Call
from dtrain.comm.communicator import Communicator
from dtrain.comm.departure import Departures, Note, Waiting
from dtrain.comm.reduction import ReduceOp
from dtrain.comm.wire import Array
from dtrain.comm.work import Work, seconds
from dtrain.env import launcher_variables
from dtrain.errors import DistributedError, LauncherError, MismatchError, RankFailedError

mpi4py.rc.initialize = False
mpi4py.rc.finalize = False
try:
    from mpi4py import MPI
except (ImportError, RuntimeError) as error:
    raise LauncherError(
        f"connect(): mpi4py finds no MPI library: {error}; expected one to be installed; "
        "install dtrain[mpich], or load the MPI module of this machine"
    ) from error

__all__ = ["MpiCommunicator", "connect"]

_OPS = {
    ReduceOp.SUM: MPI.SUM,
    ReduceOp.PRODUCT: MPI.PROD,
    ReduceOp.MIN: MPI.MIN,
    ReduceOp.MAX: MPI.MAX,
    ReduceOp.BAND: MPI.BAND,
    ReduceOp.BOR: MPI.BOR,
    ReduceOp.BXOR: MPI.BXOR,
}
_LONGEST_POLL_S = 0.005


def connect() -> Communicator:
    """Return a communicator with all ranks of the MPI job.

    Raises:
        LauncherError: the launcher belongs to another MPI.
        DistributedError: the library has no full thread support.
    """
    return _PROCESS.connect()


class MpiCommunicator(Communicator):
    """A group of MPI processes, on an MPI communicator of its own."""

    _foreign_errors = (MPI.Exception,)

    def __init__(self, comm: MPI.Intracomm, name: str = "world") -> None:
        """Take over `comm`, which nobody else uses."""
        super().__init__(comm.Get_rank(), comm.Get_size(), name)
        # The same on every member, because the name tells how the group came about.
        self.group_id = zlib.crc32(name.encode())
        self._comm = comm
        self._splits = 0
        _PROCESS.opened(self)

    def _barrier(self) -> None:
        self._comm.Barrier()

    def _allreduce(self, wire: Array, op: ReduceOp) -> None:
        self._comm.Allreduce(MPI.IN_PLACE, wire, op=_OPS[op])

    def _reduce(self, wire: Array, op: ReduceOp, root: int) -> None:
        if self.rank == root:
            self._comm.Reduce(MPI.IN_PLACE, wire, op=_OPS[op], root=root)
        else:
            self._comm.Reduce(wire, None, op=_OPS[op], root=root)

    def _reduce_scatter(self, out: Array, wire: Array, op: ReduceOp) -> None:
        self._comm.Reduce_scatter_block(wire, out, op=_OPS[op])

    def _broadcast(self, wire: Array, root: int) -> None:
        self._comm.Bcast(wire, root=root)

    def _allgather(self, out: Array, wire: Array) -> None:
        self._comm.Allgather(wire, out)

    def _gather(self, out: Array | None, wire: Array, root: int) -> None:
        self._comm.Gather(wire, out, root=root)

    def _scatter(self, out: Array, wire: Array | None, root: int) -> None:
        self._comm.Scatter(wire, out, root=root)

    def _alltoall(
        self, out: Array, wire: Array, out_counts: Sequence[int], counts: Sequence[int]
    ) -> None:
        self._comm.Alltoallv((wire, counts), (out, out_counts))

    def _split(self, color: int | None, key: int) -> Communicator | None:
        self._splits += 1
        comm = self._comm.Split(MPI.UNDEFINED if color is None else color, key)
        if color is None:
            return None
        assert isinstance(comm, MPI.Intracomm)
        return MpiCommunicator(comm, f"{self.name}/{self._splits}.{color}")

    def _isend(self, call: Call, wire: Array, dst: int, tag: int) -> Work:
        request = self._comm.Isend(wire, dst, tag)
        return _Transfer(self, call, request, wire)

    def _irecv(
        self, call: Call, wire: Array, src: int | None, tag: int, store: Callable[[], None]
    ) -> Work:
        request = self._comm.Irecv(wire, MPI.ANY_SOURCE if src is None else src, tag)
        return _Transfer(self, call, request, wire, store)

    def _abort(self, code: int) -> NoReturn:
        MPI.COMM_WORLD.Abort(code)

    def _close(self) -> None:
        _PROCESS.closed(self)
        if self._current is None:  # else a call that ran out of time is still in it
            self._comm.Free()

    def _translate(self, call: Call, error: Exception) -> DistributedError:
        assert isinstance(error, MPI.Exception)
        kind = error.Get_error_class()
        if kind == MPI.ERR_TRUNCATE:
            return MismatchError(
                f"{call}: a peer sent more bytes than this rank expects; expected the same size "
                f"on every rank; compare the arrays of all ranks [{self._place(call)}]"
            )
        if kind == MPI.ERR_PROC_FAILED:
            return RankFailedError(
                f"{call}: a peer is gone; expected every rank to take part; "
                f"see the first error of the job [{self._place(call)}]"
            )
        return super()._translate(call, error)


class _Transfer(Work):
    """A message under way."""

    __slots__ = ("_call", "_done", "_error", "_group", "_lock", "_request", "_status", "_store",
                 "_wire")  # fmt: skip

    def __init__(
        self,
        group: MpiCommunicator,
        call: Call,
        request: MPI.Request,
        wire: Array,
        store: Callable[[], None] | None = None,
    ) -> None:
        """Take over `request`; `store` marks a receive and is called when the data is there."""
        self._group = group
        self._call = call
        self._request = request
        self._wire = wire
        self._store = store
        self._status = MPI.Status()
        self._lock = threading.Lock()
        self._done = False
        self._error: BaseException | None = None

    def wait(self, timeout: float | timedelta | None = None) -> bool:
        """Wait for the end; raise the error if there was one."""
        limit_s = seconds(timeout)
        with self._lock:
            if not self._finish(limit_s):
                assert limit_s is not None
                raise self._group._late(self._call, limit_s)
        if self._error is not None:
            raise self._error
        return True

    def is_completed(self) -> bool:
        """Return whether it has ended, well or not."""
        if not self._done and self._lock.acquire(blocking=False):
            try:
                return self._finish(0.0)
            finally:
                self._lock.release()
        return self._done

    def exception(self) -> BaseException | None:
        """Return its error, if it ended with one."""
        return self._error

    def source_rank(self) -> int:
        """Return the rank the data came from."""
        if self._store is None or not self._done:
            return super().source_rank()
        return self._status.Get_source()

    def _finish(self, limit_s: float | None) -> bool:
        """Complete the request within the limit; return whether that was possible."""
        if self._done:
            return True
        try:
            if limit_s is None:
                self._request.Wait(self._status)
            elif not _poll(lambda: self._request.Test(self._status), limit_s):
                return False
            self._arrived()
        except MPI.Exception as error:
            self._error = self._group._translate(self._call, error)
            self._error.__cause__ = error
        except Exception as error:  # noqa: BLE001 - it belongs to the one who waits
            self._error = error
        self._done = True
        return True

    def _arrived(self) -> None:
        if self._store is None:
            return
        count = self._status.Get_count(MPI.BYTE)
        if count != self._wire.nbytes:
            raise MismatchError(
                f"{self._call}: {count} bytes arrived for {self._wire.nbytes}; expected the same "
                f"size; give both sides the same shape and dtype "
                f"[{self._group._place(self._call)}]"
            )
        self._store()


class _Notes:
    """The notes of `departure` over an MPI communicator of their own."""

    def __init__(self, comm: MPI.Intracomm) -> None:
        self._comm = comm
        self._sent: list[MPI.Request] = []

    def publish(self, last: Mapping[int, int]) -> None:
        note = np.array(list(last.items()), np.int64).reshape(-1, 2)
        for rank in range(self._comm.Get_size()):
            if rank != self._comm.Get_rank():
                self._sent.append(self._comm.Isend(note, rank))

    def receive(self) -> Note | None:
        status = MPI.Status()
        if not self._comm.Iprobe(MPI.ANY_SOURCE, MPI.ANY_TAG, status):
            return None
        note = np.empty((status.Get_count(MPI.INT64_T) // 2, 2), np.int64)
        self._comm.Recv(note, status.Get_source())
        return Note(status.Get_source(), {int(group): int(last) for group, last in note})

    def finish(self) -> None:
        """Wait for all ranks to come here, and for what was sent."""
        arrival = self._comm.Ibarrier()
        _poll(arrival.Test, None)
        MPI.Request.Waitall(self._sent)


class _Process:
    """MPI in this process: started once, finalised once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = False
        self._connections = 0
        self._open: WeakSet[MpiCommunicator] = WeakSet()
        self._last: dict[int, int] = {}  # of communicators that are closed

    def connect(self) -> MpiCommunicator:
        """Return a new communicator with all ranks, starting MPI if need be."""
        with self._lock:
            if not self._started:
                self._start()
            self._connections += 1
            number = self._connections
        name = "world" if number == 1 else f"world#{number}"
        return MpiCommunicator(MPI.COMM_WORLD.Dup(), name)

    def opened(self, communicator: MpiCommunicator) -> None:
        with self._lock:
            self._open.add(communicator)

    def closed(self, communicator: MpiCommunicator) -> None:
        with self._lock:
            self._open.discard(communicator)
            self._last[communicator.group_id] = communicator._submitted

    def _start(self) -> None:
        variables = launcher_variables()
        launcher = guard.launcher_path()
        library = guard.Library(MPI.get_vendor()[0], guard.library_path())
        if MPI.Is_finalized():
            raise DistributedError(
                "connect(): MPI was finalised in this process and cannot start again; "
                "expected a fresh process; do not call MPI.Finalize yourself"
            )
        guard.check_before(library, variables, launcher)
        if not MPI.Is_initialized():
            MPI.Init_thread(MPI.THREAD_MULTIPLE)
        guard.check_after(library, MPI.COMM_WORLD.Get_size(), variables, launcher)
        if MPI.Query_thread() < MPI.THREAD_MULTIPLE:
            raise DistributedError(
                f"connect(): {library.path} gives thread level {MPI.Query_thread()}; "
                f"expected MPI_THREAD_MULTIPLE ({MPI.THREAD_MULTIPLE}); "
                "let dtrain initialise MPI, or use a build with thread support"
            )
        self._pid = os.getpid()
        rank, size = MPI.COMM_WORLD.Get_rank(), MPI.COMM_WORLD.Get_size()
        self._hooks = AbortHooks(rank, size, MPI.COMM_WORLD.Abort)
        self._hooks.install()
        self._notes = _Notes(MPI.COMM_WORLD.Dup())
        self._departures = Departures(self._notes, self._waiting, self._hooks.end_job)
        self._departures.start()
        atexit.register(self._end)
        self._started = True

    def _waiting(self) -> list[Waiting]:
        with self._lock:
            communicators = list(self._open)
        calls = [(communicator.group_id, communicator._current) for communicator in communicators]
        return [
            Waiting(group, call.sequence, str(call)) for group, call in calls if call is not None
        ]

    def _end(self) -> None:
        """End MPI at exit: together with all ranks, or not at all."""
        if os.getpid() != self._pid or MPI.Is_finalized():
            return  # a forked child, or somebody else was faster
        if self._hooks.exit_status:
            self._hooks.end_job(f"sys.exit({self._hooks.exit_status})", self._hooks.exit_status)
        with self._lock:
            communicators = list(self._open)
        for communicator in communicators:
            self._last[communicator.group_id] = communicator._submitted
        self._notes.publish(self._last)
        for communicator in communicators:
            communicator.close()
            if communicator._current is not None:
                self._hooks.end_job(f"{communicator._current} is still under way at exit", 1)
        self._notes.finish()
        self._departures.stop()
        self._hooks.uninstall()
        MPI.Finalize()


def _poll(ready: Callable[[], bool], limit_s: float | None) -> bool:
    """Ask until `ready`, ever less often, at most so long; return whether it came true."""
    deadline = None if limit_s is None else time.monotonic() + limit_s
    pause_s = 0.0
    while not ready():
        if deadline is not None and time.monotonic() >= deadline:
            return False
        time.sleep(pause_s)
        pause_s = min(_LONGEST_POLL_S, pause_s * 1.5 + 1e-6)
    return True


_PROCESS = _Process()

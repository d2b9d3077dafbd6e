"""What one rank may do to the others. Usage (under mpirun): faults.py WHAT."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import psutil

from dtrain.comm import Communicator, connect


def others_go_on(comm: Communicator) -> None:
    """What the healthy ranks do: first collectives, then a long computation without any."""
    if comm.rank % 2:
        time.sleep(60)
    comm.allreduce(np.ones(4))
    time.sleep(60)


def exception(comm: Communicator) -> None:
    if comm.rank == 0:
        raise KeyError("the culprit")
    others_go_on(comm)


def exception_in_thread(comm: Communicator) -> None:
    def culprit() -> None:
        raise KeyError("the culprit")

    if comm.rank == 0:
        threading.Thread(target=culprit).start()
        time.sleep(60)
    others_go_on(comm)


def exit_3(comm: Communicator) -> None:
    if comm.rank == 0:
        sys.exit(3)
    others_go_on(comm)


def raise_system_exit(comm: Communicator) -> None:
    """Not seen by the hooks, but by the peer that waits."""
    if comm.rank == 0:
        raise SystemExit(3)
    comm.allreduce(np.ones(4))


def caught_exit(comm: Communicator) -> None:
    try:
        sys.exit(3)
    except SystemExit as error:
        assert error.code == 3  # noqa: PT017
    comm.barrier()


def killed(comm: Communicator) -> None:
    if comm.rank == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    others_go_on(comm)


def early_end(comm: Communicator) -> None:
    """Rank 0 ends well while the others still wait for it."""
    comm.barrier()
    if comm.rank != 0:
        comm.allreduce(np.ones(4))


def early_end_of_group(comm: Communicator) -> None:
    group = comm.split(0)
    assert group is not None
    group.close() if comm.rank == 0 else group.barrier()


def early_end_async(comm: Communicator) -> None:
    """Nobody waits for the work, but it was submitted."""
    if comm.rank != 0:
        comm.allreduce(np.ones(4), async_op=True)


def caught_time_out(comm: Communicator) -> None:
    if comm.rank == 0:
        try:
            comm.allreduce(np.ones(4), timeout=0.1)
        except TimeoutError as error:
            print("caught", error, flush=True)
    else:
        time.sleep(60)


def slow_end(comm: Communicator) -> None:
    """One rank works on alone for longer than the watch needs: that is no fault."""
    comm.barrier()
    if comm.rank == 0:
        time.sleep(0.7)


def pending_at_end(comm: Communicator) -> None:
    """Work that was submitted everywhere is done before the end."""
    for _ in range(5):
        comm.allreduce(np.ones(100_000), async_op=True)


def forked_child(comm: Communicator) -> None:
    """A child has the hooks of its parent in memory, and must not end the job."""
    pid = os.fork()
    if pid == 0:
        raise KeyError("only the child")
    assert os.waitpid(pid, 0)[1] != 0
    comm.barrier()


def abort(comm: Communicator) -> None:
    if comm.rank == 0:
        comm.abort(7)
    others_go_on(comm)


def interrupted(comm: Communicator) -> None:
    """Ctrl-C, as mpirun gets it."""
    if comm.rank == 0:
        os.kill(psutil.Process(os.getppid()).ppid(), signal.SIGINT)
    others_go_on(comm)


def reconnect(comm: Communicator) -> None:
    comm.close()
    again = connect()
    assert again.allgather_obj(again.rank) == list(range(again.size))


FAULTS: dict[str, Callable[[Communicator], None]] = {
    function.__name__: function
    for function in (
        exception,
        exception_in_thread,
        exit_3,
        raise_system_exit,
        caught_exit,
        killed,
        early_end,
        early_end_of_group,
        early_end_async,
        caught_time_out,
        slow_end,
        pending_at_end,
        forked_child,
        abort,
        interrupted,
        reconnect,
    )
}

if __name__ == "__main__":
    communicator = connect()
    communicator.barrier()
    print("START", time.time(), flush=True)
    FAULTS[sys.argv[1]](communicator)

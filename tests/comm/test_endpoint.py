from __future__ import annotations

import gc
import threading
import time

import numpy as np
import pytest

from dtrain.comm.local import LocalCommunicator, connect
from dtrain.errors import CommTimeoutError, DistributedError


class Broken(LocalCommunicator):
    """Its library fails, or does not come back before the gate opens."""

    _foreign_errors = (ZeroDivisionError,)
    gate = threading.Event()

    def _allreduce(self, wire, op):
        1 // 0  # noqa: B018

    def _barrier(self):
        self.gate.wait()


@pytest.fixture
def broken():
    broken = Broken(0, 1)
    Broken.gate = threading.Event()
    yield broken
    Broken.gate.set()
    broken.close()


def test_errors_of_the_library_below_become_ours(broken):
    with pytest.raises(DistributedError, match=r"allreduce\(float64\[2\], op=sum\): .*rank 0/1"):
        broken.allreduce(np.ones(2))
    work = broken.allreduce(np.ones(2), async_op=True)
    with pytest.raises(DistributedError, match="#2"):
        work.wait(5)
    assert isinstance(work.exception().__cause__, ZeroDivisionError)


def test_a_time_out_says_what_waited_and_ends_the_communicator(broken):
    with pytest.raises(CommTimeoutError, match=r"barrier\(\): not complete after 0\.02 s"):
        broken.barrier(timeout=0.02)
    with pytest.raises(DistributedError, match="ran out of time"):
        broken.broadcast(np.ones(1))


def test_waiting_again_after_a_time_out_of_wait(broken):
    work = broken.barrier(async_op=True)
    with pytest.raises(CommTimeoutError):
        work.wait(0.02)
    Broken.gate.set()
    assert work.wait(5)
    broken.barrier()


def threads_of(name):
    return [thread for thread in threading.enumerate() if thread.name == f"dtrain-comm-{name}-0"]


def test_blocking_calls_stay_on_the_thread_of_the_caller():
    with LocalCommunicator(0, 1, "calm") as comm:
        comm.allreduce(np.ones(3))
        assert not threads_of("calm")
        comm.allreduce(np.ones(3), async_op=True).wait()
        assert len(threads_of("calm")) == 1
    assert not threads_of("calm")


def test_a_dropped_communicator_leaves_no_thread():
    LocalCommunicator(0, 1, "dropped").barrier(async_op=True).wait()
    gc.collect()
    deadline = time.monotonic() + 5
    while threads_of("dropped") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not threads_of("dropped")


def test_nothing_works_after_close():
    comm = connect()
    comm.close()
    comm.close()
    for use in (comm.barrier, lambda: comm.send(np.ones(1), 0), lambda: comm.irecv(np.ones(1))):
        with pytest.raises(DistributedError, match="the communicator is closed"):
            use()

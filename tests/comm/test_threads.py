from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from dtrain.comm import connect
from dtrain.comm.threads import run_threads
from dtrain.errors import CommTimeoutError, DistributedError, OpValueError, RankFailedError


def test_results_are_in_rank_order():
    assert run_threads(4, lambda comm: (comm.rank, comm.size)) == [(n, 4) for n in range(4)]


def test_the_first_error_is_raised_and_nobody_hangs():
    seen = {}

    def function(comm):
        if comm.rank == 1:
            time.sleep(0.05)
            raise KeyError("culprit")
        try:
            comm.allreduce(np.ones(3))
        except RankFailedError as error:
            seen[comm.rank] = str(error)
            raise

    with pytest.raises(KeyError, match="culprit"):
        run_threads(3, function)
    assert set(seen) == {0, 2}
    assert all("rank 1 failed with KeyError: 'culprit'" in message for message in seen.values())


@pytest.mark.parametrize("how", ["collective", "receive", "object", "group", "async"])
def test_a_rank_that_ends_early_is_noticed(how):
    def function(comm):
        group = comm.split(0)
        if comm.rank == 0:
            return
        if how == "collective":
            comm.barrier()
        elif how == "receive":
            comm.recv(np.zeros(1), 0)
        elif how == "object":
            comm.broadcast_obj(None)
        elif how == "group":
            group.barrier()
        else:
            comm.barrier(async_op=True).wait()

    with pytest.raises(RankFailedError, match="rank 0 ended"):
        run_threads(2, function)


def test_a_message_sent_before_the_end_still_arrives():
    def function(comm):
        if comm.rank == 0:
            comm.send(np.array([7.0]), 1)
            return None
        time.sleep(0.05)
        array = np.zeros(1)
        comm.recv(array, 0)
        return array[0]

    assert run_threads(2, function) == [None, 7.0]


def test_a_time_out_names_the_missing_ranks_and_ends_the_communicator():
    def function(comm):
        if comm.rank != 1:
            with pytest.raises(CommTimeoutError, match=r"missing ranks: 1 .*#1, 24 bytes"):
                comm.allreduce(np.ones(3), timeout=0.1)
            with pytest.raises(DistributedError, match="ran out of time"):
                comm.barrier()
        else:
            time.sleep(0.3)

    run_threads(3, function)


def test_abort_ends_all_ranks():
    def function(comm):
        if comm.rank == 0:
            comm.abort(5)
        comm.barrier()

    with pytest.raises(RankFailedError, match=r"abort\(code=5\): rank 0/2"):
        run_threads(2, function)


def test_connect_gives_the_rank_of_the_thread():
    run_threads(2, lambda comm: connect("threads") is comm or pytest.fail("another one"))
    with pytest.raises(DistributedError, match="run_threads"):
        connect("threads")


def test_no_threads_remain():
    before = set(threading.enumerate())
    run_threads(3, lambda comm: comm.barrier(async_op=True).wait())
    assert set(threading.enumerate()) <= before


def test_no_ranks():
    with pytest.raises(OpValueError, match="size=0"):
        run_threads(0, lambda comm: None)

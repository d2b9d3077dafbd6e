"""Processes by rank: results, failures, names of the standard library."""

from __future__ import annotations

import os
import signal
import time

import pytest

from dtrain import multiprocessing as mp
from dtrain.errors import OpValueError
from dtrain.multiprocessing.spawn import (
    ProcessExitedException,
    ProcessRaisedException,
    start_processes,
)


def put(rank, queue, factor):
    queue.put(rank * factor)


def fail(rank):
    if rank == 1:
        raise KeyError("no such key")
    time.sleep(60)


def die(rank):
    os.kill(os.getpid(), signal.SIGKILL)


def leave(rank):
    os._exit(3)


def test_every_rank_runs():
    queue = mp.get_context("fork").SimpleQueue()
    assert start_processes(put, (queue, 10), nprocs=3, start_method="fork") is None
    assert sorted(queue.get() for _ in range(3)) == [0, 10, 20]


def test_an_error_ends_all_of_them():
    context = start_processes(fail, nprocs=2, join=False, start_method="fork")
    assert len(context.pids()) == 2
    with pytest.raises(ProcessRaisedException, match="no such key") as caught:
        context.join()
    assert caught.value.error_index == 1
    assert not any(process.is_alive() for process in context.processes)


@pytest.mark.parametrize(("body", "words"), [(die, "signal SIGKILL"), (leave, "exit code 3")])
def test_other_ends(body, words):
    with pytest.raises(ProcessExitedException, match=words):
        start_processes(body, start_method="fork")


def test_fresh_interpreters():
    context = mp.spawn(time.sleep, nprocs=1, join=False)  # sleep(0): the rank
    assert context.join(timeout=15)
    with pytest.warns(FutureWarning, match="only supports start_method=spawn"):
        mp.spawn(time.sleep, start_method="fork")


def test_the_standard_librarys_names():
    assert "spawn" in mp.get_all_start_methods()
    assert mp.Process.__module__.startswith("multiprocessing")
    assert mp.get_sharing_strategy() in mp.get_all_sharing_strategies()
    mp.set_sharing_strategy("file_system")
    with pytest.raises(OpValueError, match="expected"):
        mp.set_sharing_strategy("smoke signals")

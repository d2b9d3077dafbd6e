"""Ranks as threads of this process: what the tests of `dtrain.distributed` run on."""

from __future__ import annotations

import pytest

from dtrain.comm.threads import run_threads
from dtrain.parallel.process_group import ProcessGroup


@pytest.fixture
def ranks():
    """Return a function: ranks(3, body) calls body(group) on three ranks, returns their results."""

    def run(size, body):
        def rank(communicator):
            return body(ProcessGroup(communicator, range(size), "threads"))

        return run_threads(size, rank)

    return run

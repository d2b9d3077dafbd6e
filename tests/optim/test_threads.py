"""Large parameters updated by several threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import dtrain
from dtrain.optim import threads

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def two_threads():
    before = dtrain.get_num_threads()
    dtrain.set_num_threads(2)
    yield
    dtrain.set_num_threads(before)


@pytest.mark.parametrize("size", [0, 10, 2 * threads.SHARE, 3 * threads.SHARE + 5])
def test_every_part_is_done_once(size, two_threads):
    seen = np.zeros(size, np.int8)

    def work(start, stop):
        seen[start:stop] += 1

    threads.run_in_blocks(work, size, 1000)
    assert (seen == 1).all()


def test_errors_arrive(two_threads):
    def work(start, stop):
        if threading.current_thread() is not threading.main_thread():
            raise KeyError(start)

    with pytest.raises(KeyError):
        threads.run_in_blocks(work, 2 * threads.SHARE, 1000)


FORK = """
import os, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # fork with threads: what is tested
import dtrain
from dtrain.optim import threads
dtrain.set_num_threads(2)
done = []
def go():
    threads.run_in_blocks(lambda start, stop: done.append(start), 2 * threads.SHARE, 1000)
go()
child = os.fork()
if not child:
    go()
    os._exit(len(done))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_child_makes_threads_of_its_own():
    done = subprocess.run(
        [sys.executable, "-c", FORK],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=15,
        check=True,
    )
    assert done.stdout.strip() == "4"


def test_same_bits(two_threads):
    a = np.linspace(-1, 1, 2 * threads.SHARE + 77, dtype=np.float32)
    ends = []
    for count in (1, 2):
        dtrain.set_num_threads(count)
        p = dtrain.nn.Parameter(dtrain.from_numpy(a.copy()))
        o = dtrain.optim.Adam([p], lr=0.1)
        for i in range(2):
            p.grad = dtrain.from_numpy(np.cos(a * (i + 1)))
            o.step()
        ends.append(p.detach().numpy().tobytes())
    assert ends[0] == ends[1]

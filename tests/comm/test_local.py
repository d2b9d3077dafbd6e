from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from dtrain.comm.local import connect

ROOT = Path(__file__).parents[2]


def test_reductions_change_nothing():
    with connect() as comm:
        array = np.array([1.5, -2.0])
        comm.allreduce(array)
        comm.reduce(array)
        assert array.tolist() == [1.5, -2.0]
        assert repr(comm) == "<LocalCommunicator world: rank 0 of 1>"


def test_abort_ends_the_process_at_once():
    code = (
        "import atexit; atexit.register(print, 'late')\n"
        "from dtrain.comm.local import connect\n"
        "print('before'); connect().abort(7)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    assert (done.returncode, done.stdout) == (7, "before\n")

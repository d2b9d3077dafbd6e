"""An error on one rank ends the job: real processes, real faults."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from dtrain.comm.abort import exit_status

ROOT = Path(__file__).parents[2]
FAULTS = ROOT / "tests" / "dist" / "faults.py"
HOOKED = """
import os, sys, threading
from dtrain.comm.abort import AbortHooks
def abort(status):
    print("ABORT", status, flush=True)
    os._exit(status)
{before}
hooks = AbortHooks(1, 4, abort)
hooks.install()
import atexit
atexit.register(lambda: print("STATUS", hooks.exit_status, flush=True))
"""


def run(code, before=""):
    return subprocess.run(
        [sys.executable, "-c", HOOKED.format(before=before) + code],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )


def run_fault(mpirun, fault, ranks=3):
    """Run a fault and return the finished job and the seconds from the fault to the end."""
    done = mpirun(ranks, FAULTS, fault, env={"PYTHONPATH": str(ROOT)}, check=False)
    end = time.time()
    starts = [float(line.split()[1]) for line in done.stdout.splitlines() if "START" in line]
    return done, end - max(starts)


@pytest.mark.parametrize(
    ("code", "status"), [(None, 0), (0, 0), (3, 3), (256 + 3, 3), (True, 1), ("message", 1)]
)
def test_exit_status(code, status):
    assert exit_status(code) == status
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.exit({code!r})"], check=False, capture_output=True
    )
    assert done.returncode == status


def test_an_uncaught_exception_is_printed_once_with_the_rank():
    done = run("def f():\n    1 / 0\nf()")
    assert done.returncode == 1
    assert "ABORT 1" in done.stdout
    assert done.stderr.count("ZeroDivisionError: division by zero") == 1
    assert all(line.startswith("[rank 1/4] ") for line in done.stderr.splitlines())
    assert '[rank 1/4]   File "<string>", line 13, in f\n' in done.stderr


def test_an_uncaught_exception_in_a_thread():
    done = run("t = threading.Thread(target=lambda: [][0], name='worker'); t.start(); t.join()")
    assert "ABORT 1" in done.stdout
    assert "uncaught IndexError in thread worker" in done.stderr


def test_a_hook_that_was_there_before_still_prints():
    done = run("1 / 0", before="sys.excepthook = lambda *args: print('MINE', args[0].__name__)")
    assert "MINE ZeroDivisionError" in done.stdout
    assert "ABORT 1" in done.stdout


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("sys.exit(3)", 3),
        ("sys.exit('message')", 1),
        ("sys.exit()", 0),
        ("pass", 0),
        ("def f():\n    try:\n        sys.exit(3)\n    finally:\n        x = 1\nf()", 3),
        ("try:\n    sys.exit(3)\nexcept SystemExit as e:\n    assert e.code == 3", 0),
        ("try:\n    sys.exit(3)\nexcept BaseException:\n    sys.exit(4)", 4),
        ("try:\n    sys.exit(3)\nexcept BaseException:\n    pass\nsys.exit(0)", 0),
        ("try:\n    sys.exit(3)\nexcept BaseException:\n    sys.exit(0)", 0),
        ("t = threading.Thread(target=sys.exit, args=(3,)); t.start(); t.join()", 0),
        ("hooks.uninstall(); sys.exit(3)", 0),
    ],
)
def test_the_status_of_the_exit_that_ends_the_program_is_known(code, status):
    assert f"STATUS {status}\n" in run(code).stdout


@pytest.mark.mpi
@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("exception", 1, "[rank 0/3] KeyError: 'the culprit'"),
        ("exception_in_thread", 1, "[rank 0/3] KeyError: 'the culprit'"),
        ("exit_3", 3, "[rank 0/3] sys.exit(3)"),
        ("abort", 7, ""),
        ("killed", None, ""),
        ("interrupted", None, ""),
    ],
)
def test_a_fault_of_one_rank_ends_the_job(fault, status, words, mpirun, no_leftovers):
    done, waited_s = run_fault(mpirun, fault)
    assert done.returncode != 0
    assert status in (None, done.returncode)
    assert words in done.stderr
    assert done.stderr.count("KeyError: 'the culprit'") <= 1
    assert waited_s <= 2.0


@pytest.mark.mpi
@pytest.mark.parametrize("harmless", ["caught_exit", "forked_child"])
def test_what_is_no_fault_does_not_end_the_job(harmless, mpirun, no_leftovers):
    done, _ = run_fault(mpirun, harmless)
    assert done.returncode == 0, done.stderr

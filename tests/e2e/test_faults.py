"""One rank fails, or the user has enough: the whole job ends at once, and says why."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.mpi, pytest.mark.timeout(40)]

FAULTY = Path(__file__).with_name("faulty.py")
LIMIT_S = 2.0
LAUNCHERS = pytest.mark.parametrize("launcher", ["mpirun", "dtrain-launch"])


def end(jobs, launcher, what, act=lambda job: None):
    """Run until it happens, do `act`; return the job after its end, which must come soon."""
    job = jobs.start(launcher, 3, FAULTY, jobs.folder, what)
    job.wait_for(jobs.folder / "reached")
    if what == "nothing":
        time.sleep(0.2)  # in the middle of it
    begin = time.monotonic()
    act(job)
    code = job.wait()
    seconds = time.monotonic() - begin
    assert code != 0
    assert seconds < LIMIT_S, f"{seconds:.1f} s\n{job.err}"
    return job


@LAUNCHERS
def test_a_rank_is_killed(jobs, launcher):
    job = end(jobs, launcher, "kill")
    text = (job.out + job.err).lower()
    assert "signal" in text or "sigkill" in text
    assert "traceback" not in text


@LAUNCHERS
@pytest.mark.parametrize("what", ["exception", "exception-in-backward"])
def test_an_exception_on_one_rank(jobs, launcher, what):
    job = end(jobs, launcher, what)
    shown = job.err.count("KeyError: 'the culprit'")
    begun = job.err.count("Traceback (most recent call last)")
    if launcher == "mpirun":
        assert begun == shown == 1
        assert "[rank 1/3] KeyError" in job.err
    else:  # as it happens, and in the report at the end, which may begin with a later line
        assert shown == 2
        assert 1 <= begun <= 2
        assert job.err.count("dtrain-launch: rank 1 of 3 failed first") == 1


@LAUNCHERS
def test_a_parameter_that_one_rank_does_not_use(jobs, launcher):
    job = end(jobs, launcher, "unused")
    assert "Expected to have finished reduction in the prior iteration" in job.err
    assert "did not receive grad for rank 1: 0.weight, 0.bias\n" in job.err


@LAUNCHERS
def test_a_rank_leaves(jobs, launcher):
    job = end(jobs, launcher, "exit")
    assert "Traceback" not in job.err


@LAUNCHERS
def test_ctrl_c(jobs, launcher):
    job = end(jobs, launcher, "nothing", lambda job: job.interrupt())
    assert "KeyboardInterrupt" in job.err or "SIGINT" in job.err
    for rank in range(3):  # a rank says once that it was interrupted, whatever it was doing
        assert job.err.count(f"[rank {rank}/3] uncaught KeyboardInterrupt") <= 1

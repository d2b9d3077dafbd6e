from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from dtrain.comm.work import DONE, Job, seconds
from dtrain.errors import CommTimeoutError, DistributedError


@pytest.mark.parametrize(
    ("given", "expected"), [(None, None), (2.5, 2.5), (timedelta(milliseconds=1500), 1.5)]
)
def test_seconds(given, expected):
    assert seconds(given) == expected


def test_done():
    assert DONE.wait()
    assert DONE.wait(0)
    assert DONE.is_completed()
    assert DONE.exception() is None
    with pytest.raises(DistributedError, match="no receive"):
        DONE.source_rank()


def test_a_job_that_is_late_may_be_waited_for_again():
    gate = threading.Event()
    job = Job(lambda: None, lambda waited: CommTimeoutError(f"{waited} s"))
    with pytest.raises(CommTimeoutError, match=r"0\.01 s"):
        job.wait(timedelta(milliseconds=10))
    assert not job.is_completed()
    gate.set()
    job.run()
    job.finish()
    assert job.wait(0)


def test_the_error_of_a_job_goes_to_whoever_asks():
    job = Job(lambda: 1 // 0, TimeoutError)
    job.run()
    job.finish()
    assert job.is_completed()
    assert isinstance(job.exception(), ZeroDivisionError)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            job.wait()

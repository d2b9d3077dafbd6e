from __future__ import annotations

import gc
import threading
import time

import pytest

from dtrain.comm.lane import Lane
from dtrain.comm.work import Job
from dtrain.errors import DistributedError


def job(action):
    return Job(action, TimeoutError)


@pytest.fixture
def lane():
    lane = Lane("test-lane")
    yield lane
    lane.close()


def threads_named(name):
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_jobs_run_one_at_a_time_in_order(lane):
    seen, running = [], threading.Lock()

    def action(number):
        assert running.acquire(blocking=False)
        time.sleep(0.001)
        seen.append(number)
        running.release()

    jobs = [job(lambda n=n: action(n)) for n in range(20)]
    for one in jobs:
        lane.submit(one)
    for one in jobs:
        one.wait(5)
    assert seen == list(range(20))


def test_no_turn_for_the_caller_while_something_is_pending(lane):
    gate = threading.Event()
    one = job(gate.wait)
    lane.submit(one)
    assert not lane.try_enter()
    gate.set()
    one.wait(5)
    assert lane.try_enter()  # at once: the lane is idle before the waiting are released
    assert not lane.try_enter()
    lane.leave()


def test_a_job_waits_for_the_caller_that_has_the_turn(lane):
    assert lane.try_enter()
    one = job(lambda: None)
    lane.submit(one)
    with pytest.raises(TimeoutError):
        one.wait(0.02)
    lane.leave()
    assert one.wait(5)


def test_an_error_breaks_the_lane(lane):
    def fail():
        raise ValueError("first")

    gate = threading.Event()
    jobs = [job(gate.wait), job(fail), job(lambda: None)]
    for one in jobs:
        lane.submit(one)
    gate.set()
    with pytest.raises(ValueError, match="first"):
        jobs[1].wait(5)
    with pytest.raises(DistributedError, match="ValueError: first"):
        jobs[2].wait(5)
    with pytest.raises(DistributedError, match="ValueError: first"):
        lane.submit(job(lambda: None))
    assert not lane.try_enter()


def test_close_finishes_what_was_submitted_and_ends_the_thread():
    lane = Lane("closing-lane")
    seen = []
    for number in range(5):
        lane.submit(job(lambda n=number: (time.sleep(0.002), seen.append(n))))
    lane.close()
    lane.close()
    assert seen == [0, 1, 2, 3, 4]
    assert not threads_named("closing-lane")
    with pytest.raises(DistributedError, match="closed"):
        lane.submit(job(lambda: None))


def test_no_thread_before_the_first_job_and_none_after_retire():
    lane = Lane("lazy-lane")
    assert lane.try_enter()
    lane.leave()
    assert not threads_named("lazy-lane")
    one = job(lambda: None)
    lane.submit(one)
    one.wait(5)
    lane.retire()
    deadline = time.monotonic() + 5
    while threads_named("lazy-lane") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not threads_named("lazy-lane")


def test_an_idle_lane_keeps_nothing_alive(lane):
    class Thing:
        pass

    import weakref

    thing = Thing()
    reference = weakref.ref(thing)
    one = job(lambda thing=thing: None)
    lane.submit(one)
    one.wait(5)
    del one, thing
    gc.collect()
    time.sleep(0.05)
    assert reference() is None

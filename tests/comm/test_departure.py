from __future__ import annotations

import time
from pathlib import Path

import pytest

from dtrain.comm.departure import Departures, Note, Waiting

ROOT = Path(__file__).parents[2]
FAULTS = ROOT / "tests" / "dist" / "faults.py"


class FakePost:
    def __init__(self, *notes):
        self.notes = list(notes)
        self.published = []

    def publish(self, last):
        self.published.append(last)

    def receive(self):
        return self.notes.pop(0) if self.notes else None


def look(notes, *waiting):
    return Departures(FakePost(*notes), lambda: waiting, pytest.fail).look()


def test_a_later_collective_than_the_last_of_a_rank_is_in_vain():
    reason = look([Note(2, {7: 4})], Waiting(7, 5, "barrier()"))
    assert reason == "barrier() (#5) can never complete: rank 2 has ended after #4"


@pytest.mark.parametrize(
    ("notes", "waiting"),
    [
        ([], [Waiting(7, 5, "x")]),
        ([Note(2, {7: 5})], [Waiting(7, 5, "x")]),  # the rank submitted it before it left
        ([Note(2, {8: 1})], [Waiting(7, 5, "x")]),  # the rank is not in that group
        ([Note(2, {7: 1})], []),
    ],
)
def test_what_may_still_complete_is_left_alone(notes, waiting):
    assert look(notes, *waiting) is None


def test_a_note_counts_for_later_looks():
    waiting = []
    departures = Departures(FakePost(Note(1, {7: 0})), lambda: waiting, pytest.fail)
    assert departures.look() is None
    waiting.append(Waiting(7, 1, "barrier()"))
    assert departures.look() is not None


def test_the_thread_ends_the_job_once():
    ended = []
    departures = Departures(
        FakePost(Note(1, {7: 0})),
        lambda: [Waiting(7, 1, "barrier()")],
        lambda reason, status: ended.append((reason, status)),
        interval_s=0.001,
    )
    departures.start()
    time.sleep(0.1)
    departures.stop()
    assert [status for _, status in ended] == [1]


@pytest.mark.mpi
@pytest.mark.parametrize(
    "fault", ["early_end", "early_end_of_group", "early_end_async", "raise_system_exit"]
)
def test_nobody_waits_for_a_rank_that_has_ended(fault, mpirun, no_leftovers):
    done = mpirun(3, FAULTS, fault, env={"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 1
    assert "can never complete: rank 0 has ended" in done.stderr


@pytest.mark.mpi
@pytest.mark.parametrize("fine", ["slow_end", "pending_at_end"])
def test_ranks_may_end_at_different_times(fine, mpirun, no_leftovers):
    mpirun(3, FAULTS, fine, env={"PYTHONPATH": str(ROOT)})

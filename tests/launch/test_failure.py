from __future__ import annotations

import signal
from pathlib import Path

from dtrain_launch.failure import Failure, describe, exit_code


def test_one_screen():
    words = b"".join(b"line %d\n" % i for i in range(1000)) + b"x" * 100_000
    text = Failure(3, 1, "exit code 1", words, Path("logs/rank_3.log")).screen(8, 2, 1.25)
    lines = text.splitlines()
    assert len(lines) < 40
    assert max(map(len, lines)) < 500
    assert lines[0].startswith("dtrain-launch: rank 3 of 8 failed first: exit code 1")
    assert "generation 2" in lines[0]
    assert "  | line 999" in lines
    assert lines[-1] == "full output: logs/rank_3.log"


def test_the_overwritten_part_of_a_progress_bar_is_left_out():
    text = Failure(0, 1, "exit code 1", b"\r 10%\r 20%\r\nErr\xffor\n", None).screen(1, 0, 0.0)
    assert "  |  20%\n  | Err\ufffdor\n" in text
    assert "--log-dir" in text


def test_nothing_said():
    assert "its stderr is empty" in Failure(0, -9, describe(-9), b"\n", None).screen(1, 0, 0.0)


def test_no_rank_known():
    text = Failure(None, 9, "mpiexec ended", b"\nBAD TERMINATION\n", None).screen(2, 0, 0.0)
    assert text.startswith("dtrain-launch: the job failed: mpiexec ended")
    assert "last lines of the MPI engine's output:\n  | BAD TERMINATION" in text


def test_signals_by_name_and_number():
    assert describe(-signal.SIGABRT) == "killed by signal 6 (SIGABRT)"
    assert describe(-40) == "killed by signal 40"
    assert (exit_code(0), exit_code(5), exit_code(-15)) == (0, 5, 143)

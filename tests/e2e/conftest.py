"""Whole jobs, as a user starts them: with mpirun, with dtrain-launch, or alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import MEANS, RANKS, find_mpirun, kill_group, shared_memory, sweep_mpich

ROOT = Path(__file__).parents[2]
DIGITS = ROOT / "examples" / "digits.py"
DEADLINE_S = 40.0


class Job:
    """A job under way; its output goes to files."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.stdout, self.stderr = folder / "stdout", folder / "stderr"
        with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        """What the job has written to stdout."""
        return self.stdout.read_text()

    @property
    def err(self) -> str:
        """What the job has written to stderr."""
        return self.stderr.read_text()

    def wait(self) -> int:
        """Wait for the end and return the exit code."""
        return self.process.wait(DEADLINE_S)

    def finish(self) -> str:
        """Wait for a good end and return what the job has written to stdout."""
        code = self.wait()
        assert code == 0, f"exit code {code}\n{self.out}\n{self.err}"
        return self.out

    def wait_for(self, file: Path) -> None:
        """Wait until a rank has made this file."""
        deadline = time.monotonic() + DEADLINE_S
        while not file.exists():
            assert time.monotonic() < deadline, self.err
            assert self.process.poll() is None, f"{self.out}\n{self.err}"
            time.sleep(0.005)

    def interrupt(self) -> None:
        """Do what Ctrl-C does in a terminal: SIGINT for all processes in the foreground."""
        os.killpg(self.process.pid, signal.SIGINT)


class Jobs:
    """Starts jobs; the launcher is "mpirun", "dtrain-launch" or None."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[Job] = []
        links = folder / "links"
        links.mkdir()
        (links / "dtrain_launch").symlink_to(ROOT / "launch")
        self.environment = {**os.environ, **RANKS, "PYTHONPATH": f"{ROOT}{os.pathsep}{links}"}

    def start(self, launcher: str | None, ranks: int, script: Path, *args: object) -> Job:
        """Start a job."""
        mpirun = find_mpirun()
        if launcher is not None and mpirun is None:
            pytest.skip(MEANS["mpi"][1])
        head = {
            None: [sys.executable],
            "mpirun": [str(mpirun), "-n", str(ranks), sys.executable],
            "dtrain-launch": [sys.executable, "-m", "dtrain_launch", "--nproc", str(ranks)],
        }[launcher]
        folder = self.folder / f"job{len(self.started)}"
        folder.mkdir()
        job = Job([*head, str(script), *map(str, args)], folder, self.environment)
        self.started.append(job)
        return job

    def digits(self, launcher: str | None, ranks: int, *args: object) -> str:
        """Run the example to its end and return what it printed."""
        return self.start(launcher, ranks, DIGITS, *args).finish()


@pytest.fixture
def jobs(tmp_path: Path, no_leftovers: None) -> Iterator[Jobs]:
    """Start jobs: jobs.start("mpirun", 2, script, "--flag")."""
    before = shared_memory()
    jobs = Jobs(tmp_path)
    yield jobs
    for job in jobs.started:
        kill_group(job.process.pid)
        job.process.wait()
    sweep_mpich(before)

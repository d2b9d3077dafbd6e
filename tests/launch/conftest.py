"""A launcher as a real process, with real ranks."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

DEADLINE_S = 8.0


class Job:
    """A running launcher.

    Args:
        folder: Where scripts and output files go.
        args: The launcher's arguments.
    """

    def __init__(self, folder: Path, *args: str | Path) -> None:
        self.stdout, self.stderr = folder / "stdout", folder / "stderr"
        with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dtrain_launch", *map(str, args)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def send(self, signum: int) -> float:
        """Send a signal to the launcher and return when."""
        self.process.send_signal(signum)
        return time.monotonic()

    def wait(self) -> int:
        """Wait for the end and return the exit code."""
        return self.process.wait(DEADLINE_S)

    def wait_for(self, *files: Path) -> None:
        """Wait until the ranks have made these files."""
        deadline = time.monotonic() + DEADLINE_S
        while not all(file.exists() for file in files):
            assert time.monotonic() < deadline, f"none of {files}; stderr: {self.err}"
            assert self.process.poll() is None, self.err
            time.sleep(0.01)

    @property
    def out(self) -> str:
        """What the launcher has written to its stdout."""
        return self.stdout.read_text()

    @property
    def err(self) -> str:
        """What the launcher has written to its stderr."""
        return self.stderr.read_text()


@pytest.fixture
def launch(tmp_path: Path, no_leftovers: None) -> Iterator[Callable[..., Job]]:
    """Return a function that starts the launcher."""
    jobs: list[Job] = []

    def start(*args: str | Path) -> Job:
        jobs.append(Job(tmp_path, *args))
        return jobs[-1]

    yield start
    for job in jobs:
        if job.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(job.process.pid, signal.SIGKILL)
            job.process.wait()


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a script and returns its path."""

    def write(source: str) -> Path:
        path = tmp_path / "script.py"
        path.write_text(f"import os, signal, sys, time\nrank = int(os.environ['RANK'])\n{source}\n")
        return path

    return write

from __future__ import annotations

import marshal
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dtrain_launch import shim
from dtrain_launch.shim import start_time

SHIM = str(Path(shim.__file__))


def name(descriptor: int, stale: int = 0) -> str:
    return f"{descriptor}:{os.fstat(descriptor).st_ino - stale}"


class Agent:
    """What a shim needs of its agent: a job in a file and the ends of some pipes."""

    def __init__(self, *command: str, cpus: tuple[int, ...] = (), stale: int = 0) -> None:
        self.out, self.err, self.events, self.gate = (os.pipe() for _ in range(4))
        place = {"environment": {"RANK": "5"}, "cpus": cpus}
        place |= {"stdout": name(self.out[1]), "stderr": name(self.err[1])}
        job = {"command": list(command), "rank_variable": "ENGINE_RANK", "ranks": {5: place}}
        job |= {"events": name(self.events[1]), "gate": name(self.gate[0])}
        self.job = os.memfd_create("job")
        os.write(self.job, marshal.dumps(job))
        self.shim = subprocess.Popen(
            [sys.executable, "-I", "-S", SHIM, str(os.getpid()), name(self.job, stale)],
            env={**os.environ, "ENGINE_RANK": "5"},
        )

    def event(self) -> list[bytes]:
        return os.read(self.events[0], 100).split()

    def open_gate(self) -> None:
        os.close(self.gate[1])

    def close(self) -> None:
        self.shim.kill()
        self.shim.wait()
        for descriptor in (*self.out, *self.err, *self.events, *self.gate, self.job):
            try:
                os.close(descriptor)
            except OSError:
                assert descriptor == self.gate[1]


@pytest.fixture
def agent():
    agents = []

    def make(*command, **options):
        agents.append(Agent(*command, **options))
        return agents[-1]

    yield make
    for one in agents:
        one.close()


def test_a_program_that_succeeds(agent):
    one = agent("/bin/sh", "-c", "echo $RANK; echo err >&2; read go < /dev/null; sleep 0.1")
    rank, what, pid, started = one.event()
    assert (rank, what) == (b"5", b"started")
    assert start_time(int(pid)) == int(started)
    assert one.event() == [b"5", b"ended", b"0"]
    assert one.shim.wait(5) == 0
    assert os.read(one.out[0], 100) == b"5\n"
    assert os.read(one.err[0], 100) == b"err\n"


@pytest.mark.parametrize(("end", "code"), [("exit 3", b"3"), ("kill -9 $$", b"-9")])
def test_a_program_that_fails_is_reported_and_its_shim_stays_at_the_gate(agent, end, code):
    one = agent("/bin/sh", "-c", f"sleep 0.1; {end}")
    one.event()
    assert one.event() == [b"5", b"ended", code]
    time.sleep(0.1)
    assert one.shim.poll() is None
    one.open_gate()
    assert one.shim.wait(5) == 1


def test_the_shim_of_an_earlier_generation_does_nothing(agent):
    one = agent("/bin/sh", "-c", "echo wrong", stale=1)
    assert one.shim.wait(5) == 1
    os.set_blocking(one.events[0], False)
    with pytest.raises(BlockingIOError):
        one.event()


def test_the_program_is_bound_to_its_cpus(agent):
    cpu = min(os.sched_getaffinity(0))
    code = "import os; print(sorted(os.sched_getaffinity(0)))"
    one = agent(sys.executable, "-S", "-c", code, cpus=(cpu,))
    assert one.shim.wait(5) == 0
    assert os.read(one.out[0], 100) == b"[%d]\n" % cpu


def test_signals_are_as_a_program_expects_them(agent):
    # The interpreter of the shim ignores SIGPIPE and SIGXFSZ; a shell passes on what it got.
    one = agent("/bin/sh", "-c", "grep SigIgn /proc/self/status")
    assert one.shim.wait(5) == 0
    ignored = int(os.read(one.out[0], 100).split()[1], 16)
    assert ignored & (1 << 31) - 1 == 0  # the C library keeps 32 and 33 for itself


def test_start_time_of_nobody():
    child = subprocess.Popen([sys.executable, "-S", "-c", ""])
    child.wait()
    with pytest.raises(ProcessLookupError):
        start_time(child.pid)

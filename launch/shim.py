"""The first program of a rank: it starts the user's program, waits for it, and tells the agent.

The MPI engine starts this file with a bare interpreter (``python -I -S shim.py AGENT JOB``), so it
imports nothing from its package, and nothing slow. It stays as the parent of the user's program,
because no engine says reliably who failed first and how: MPICH's banner names a rank that it killed
itself.

All it needs lies in the agent's open files, ``/proc/AGENT/fd/N``: nothing has a name in the file
system, so nothing stays behind when the agent is killed. A file is given as N:INODE, because by
the time a shim gets there, N may belong to the next generation. JOB holds `marshal` data: the
command, the engine's variable for the rank, and for each rank its environment, CPUs and pipes.
"""

# ruff: noqa: PTH123 - pathlib would double the time that this program needs to start

from __future__ import annotations

import ctypes
import marshal
import os
import signal
import sys
from typing import Any, NoReturn

__all__ = ["adopt_orphans", "children", "die_with_parent", "main", "start_time"]

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# The interpreter ignores these; a program must not inherit that. SIGINT and SIGHUP may be ignored
# where the launcher itself was started in the background.
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGHUP)

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(signum: int = signal.SIGKILL) -> None:
    """Have the kernel send `signum` to this process when its parent ends."""
    _prctl(_PR_SET_PDEATHSIG, signum)


def adopt_orphans() -> None:
    """Have the kernel make this process the parent of descendants that lose theirs."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def children() -> list[int]:
    """List the children of this process; their numbers are theirs until they are waited for."""
    pid = os.getpid()
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(child) for child in file.read().split()]
    except FileNotFoundError:  # a kernel built without it; the engine kills the process group
        return []


def start_time(pid: int) -> int:
    """Return when a process started, in clock ticks since boot.

    Raises:
        ProcessLookupError: There is no such process.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            stat = file.read()
    except FileNotFoundError:
        raise ProcessLookupError(pid) from None
    # The second field is the program's name in parentheses and may itself hold anything.
    return int(stat.rpartition(b")")[2].split()[19])


def main(agent: str, job_file: str) -> int:
    """Run the program of one rank to its end and return the exit code for the engine."""
    parent = os.getppid()
    signal.signal(signal.SIGTERM, lambda *_: _leave_orphaned(parent))
    die_with_parent(signal.SIGTERM)
    _leave_orphaned(parent)
    adopt_orphans()

    with open(_open(agent, job_file, os.O_RDONLY), "rb") as file:
        job = marshal.load(file)  # noqa: S302 - written by our own agent
    rank = int(os.environ[job["rank_variable"]])
    events = _open(agent, job["events"], os.O_WRONLY)
    gate = _open(agent, job["gate"], os.O_RDONLY)
    place = job["ranks"][rank]
    streams = (
        _open(agent, place["stdout"], os.O_WRONLY),
        _open(agent, place["stderr"], os.O_WRONLY),
    )
    shim = os.getpid()
    child = os.fork()
    if child == 0:
        _become(job["command"], place, streams, shim)
    # The agent sees the end of a stream when the last holder has closed it.
    for stream in streams:
        os.close(stream)
    for signum in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(signum, signal.SIG_IGN)
    try:
        os.write(events, b"%d started %d %d\n" % (rank, child, start_time(child)))
        code = _wait(child)
        os.write(events, b"%d ended %d\n" % (rank, code))
    finally:
        _sweep()
    if code != 0:
        # An engine that sees a rank fail kills the others; when that happens is the agent's
        # decision. The gate opens when the agent closes its end, or dies.
        os.read(gate, 1)
    return min(abs(code), 1)


def _open(agent: str, file: str, flags: int) -> int:
    """Open a file of the agent by N:INODE."""
    number, inode = file.split(":")
    descriptor = os.open(f"/proc/{agent}/fd/{number}", flags | os.O_NONBLOCK)
    if os.fstat(descriptor).st_ino != int(inode):
        sys.exit("dtrain-launch: this generation is over")
    os.set_blocking(descriptor, True)
    return descriptor


def _become(
    command: list[str], place: dict[str, Any], streams: tuple[int, int], parent: int
) -> NoReturn:
    """Turn this process into the user's program."""
    try:
        os.dup2(streams[0], 1)
        os.dup2(streams[1], 2)
        for signum in (*_RESTORED, signal.SIGTERM):
            signal.signal(signum, signal.SIG_DFL)
        die_with_parent()
        if os.getppid() == parent:
            if place["cpus"]:
                os.sched_setaffinity(0, place["cpus"])
            os.execvpe(command[0], command, {**os.environ, **place["environment"]})  # noqa: S606
    except OSError as error:
        os.write(2, f"dtrain-launch: cannot run {command[0]!r}: {error.strerror}\n".encode())
    os._exit(127)


def _wait(child: int) -> int:
    """Wait for the child and return its exit code, negative for a signal."""
    while True:
        # Orphans of the user's program come to this process and are reaped by the same call.
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def _sweep() -> None:
    """Kill what the user's program left behind: all of it is a child of this process by now."""
    while pids := children():
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)


def _leave_orphaned(parent: int) -> None:
    """Leave if the engine is gone; a SIGTERM that means the user's program is not for us."""
    if os.getppid() != parent:
        sys.exit(1)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

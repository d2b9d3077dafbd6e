"""Processes by (pid, start time): a pid alone may by now belong to somebody else."""

from __future__ import annotations

import os
import signal
from typing import NamedTuple

from dtrain_launch.shim import adopt_orphans, children, die_with_parent, start_time

__all__ = ["Orphans", "Process", "die_with"]


class Process(NamedTuple):
    """A process that this job has started.

    Args:
        pid: Its number.
        started: When it started, in clock ticks since boot.
    """

    pid: int
    started: int

    def send(self, signum: int) -> bool:
        """Send a signal and tell whether the process was there to get it."""
        try:
            if start_time(self.pid) != self.started:
                return False
            os.kill(self.pid, signum)
        except ProcessLookupError:
            return False
        return True


def die_with(parent: int) -> None:
    """Bind the life of this process to its parent, which may be gone already."""
    die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class Orphans:
    """The processes that come to this one when the engine between them has died.

    Create it before the engine starts: children that this process has by then are not touched.
    """

    def __init__(self) -> None:
        adopt_orphans()
        self._spared = frozenset(children())

    def kill(self) -> bool:
        """Kill and reap those that are here, and tell whether there were any.

        Call it until there are none: what they leave behind comes next.
        """
        orphans = [pid for pid in children() if pid not in self._spared]
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, os.WNOHANG)
        return bool(orphans)

"""The agent of a node: runs one generation after the other and answers to signals."""

from __future__ import annotations

import os
import selectors
import signal
import socket
from contextlib import ExitStack
from types import FrameType
from typing import BinaryIO

from dtrain_launch import cores
from dtrain_launch.engine_mpi import Engine
from dtrain_launch.failure import exit_code
from dtrain_launch.generation import Generation, Rank
from dtrain_launch.output import Screen
from dtrain_launch.pages import Place
from dtrain_launch.spec import LaunchSpec

__all__ = ["Agent"]

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Together with what the end of the engine takes, each stays below two seconds.
_SIGNAL_GRACE_S = 1.2
_FAILURE_GRACE_S = 0.5
_KILL_GRACE_S = 0.2


class Agent:
    """Supervises the ranks of one node.

    Args:
        spec: The job.
        engine: What starts the ranks.
    """

    def __init__(self, spec: LaunchSpec, engine: Engine) -> None:
        self._spec = spec
        self._engine = engine
        self._screen = Screen()
        self._selector = selectors.DefaultSelector()
        self._signals = -1
        self._stopped_by: int | None = None
        self._generation: Generation | None = None

    def run(self) -> int:
        """Run the job to its end and return the exit code of the launcher."""
        with ExitStack() as stack:
            stack.enter_context(self._selector)
            self._catch_signals(stack)
            logs = self._open_logs(stack)
            number, code = 0, self._run_generation(0, logs)
            while code != 0 and self._stopped_by is None and number < self._spec.max_restarts:
                number += 1
                self._screen.say(
                    f"dtrain-launch: starting generation {number} "
                    f"(restart {number} of {self._spec.max_restarts})"
                )
                code = self._run_generation(number, logs)
        return code if self._stopped_by is None else 128 + self._stopped_by

    def _run_generation(self, number: int, logs: list[BinaryIO | None]) -> int:
        ranks = [
            Rank(place, self._screen, log)
            for place, log in zip(self._places(number), logs, strict=True)
        ]
        generation = Generation(self._spec, self._engine, ranks, self._selector)
        self._generation = generation
        try:
            generation.start()
            self._watch(generation)
        finally:
            generation.close()
            self._generation = None
        failure = generation.failure()
        if failure is None or self._stopped_by is not None:
            return 0
        self._screen.say(failure.screen(self._spec.nproc, number, generation.seconds))
        return exit_code(failure.code)

    def _watch(self, generation: Generation) -> None:
        stopping = False
        while True:
            over, timeout_s = generation.tick()
            if over:
                return
            for key, _ in self._selector.select(timeout_s):
                key.data()
            if generation.has_failed() and not stopping and self._stopped_by is None:
                stopping = True
                generation.stop(signal.SIGTERM, _FAILURE_GRACE_S)

    def _places(self, generation: int) -> list[Place]:
        nproc = self._spec.nproc
        shares = cores.partition(cores.physical_cores(), nproc)
        port = self._spec.master_port or _free_port()
        return [
            Place(
                rank=rank,
                local_rank=rank,
                world_size=nproc,
                local_world_size=nproc,
                node_rank=0,
                generation=generation,
                restart_count=generation,
                master_addr=self._spec.master_addr,
                master_port=port,
                cpus=shares[rank],
            )
            for rank in range(nproc)
        ]

    def _open_logs(self, stack: ExitStack) -> list[BinaryIO | None]:
        folder = self._spec.log_dir
        if folder is None:
            return [None] * self._spec.nproc
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"rank_{rank}.log" for rank in range(self._spec.nproc)]
        # Unbuffered: the log must hold everything when the launcher itself is killed.
        return [stack.enter_context(path.open("wb", buffering=0)) for path in paths]

    def _catch_signals(self, stack: ExitStack) -> None:
        """Turn signals into bytes on a pipe that the event loop reads."""
        self._signals, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        stack.callback(os.close, writer)
        stack.callback(os.close, self._signals)
        stack.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(writer))
        # SIGCHLD needs no answer of its own: it wakes the loop, which looks after the engine.
        for signum in (*_STOPPING, signal.SIGCHLD):
            if signum == signal.SIGHUP and signal.getsignal(signum) is signal.SIG_IGN:
                continue  # nohup
            stack.callback(signal.signal, signum, signal.signal(signum, _wake))
        self._selector.register(self._signals, selectors.EVENT_READ, self._take_signals)

    def _take_signals(self) -> None:
        for signum in os.read(self._signals, 4096):
            if signum not in _STOPPING:
                continue
            if self._generation is not None:
                again = self._stopped_by is not None and signum == signal.SIGINT
                if again:
                    self._generation.stop(signal.SIGKILL, _KILL_GRACE_S)
                else:
                    self._generation.stop(signum, _SIGNAL_GRACE_S)
            self._stopped_by = self._stopped_by or signum


def _wake(_signum: int, _frame: FrameType | None) -> None:
    """Do nothing: Python has written the signal's number to the wake-up descriptor."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

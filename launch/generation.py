"""One generation: the ranks that run together under one start of the MPI engine."""

from __future__ import annotations

import marshal
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from dtrain_launch import cores, shared_memory
from dtrain_launch.engine_mpi import Engine, abort_code
from dtrain_launch.failure import Failure, describe
from dtrain_launch.output import Screen, Stream
from dtrain_launch.pages import Place
from dtrain_launch.process import Orphans, Process, die_with
from dtrain_launch.spec import LaunchSpec

__all__ = ["Generation", "Rank"]

_SHIM = Path(__file__).with_name("shim.py")
_TAIL_BYTES = 1 << 14
_CHUNK_BYTES = 1 << 16
_ENGINE_GRACE_S = 0.3
# After a success there is no hurry, and an engine on a busy node takes its time.
_ENGINE_PATIENCE_S = 5.0
_DRAIN_S = 0.2


class Rank:
    """What the agent knows of one rank.

    Args:
        place: Where it stands.
        screen: Where its output is shown.
        log: File that keeps all of its output; None for none.
    """

    def __init__(self, place: Place, screen: Screen, log: BinaryIO | None) -> None:
        prefix = b"[rank %d] " % place.rank if place.world_size > 1 else b""
        self.place = place
        self.log = log
        self.stdout = Stream(screen, 1, prefix)
        self.stderr = Stream(screen, 2, prefix)
        self.last_words = b""
        self.program: Process | None = None
        self.code: int | None = None

    def take(self, stream: Stream, data: bytes) -> None:
        """Pass on what the rank has written."""
        if self.log is not None:
            self.log.write(data)
        if stream is self.stderr:
            self.last_words = (self.last_words + data)[-_TAIL_BYTES:]
        stream.feed(data)


class Generation:
    """The ranks from their start to the end of the last one.

    The owner calls `start`, then dispatches the selector and calls `tick` until `tick` says that
    all is over, then `close`.

    Args:
        spec: The job.
        engine: What starts the ranks.
        ranks: The ranks of this node.
        selector: The owner's event loop; the data of each key is a function to call.
    """

    def __init__(
        self, spec: LaunchSpec, engine: Engine, ranks: list[Rank], selector: selectors.BaseSelector
    ) -> None:
        self._spec = spec
        self._engine = engine
        self._ranks = {rank.place.rank: rank for rank in ranks}
        self._selector = selector
        self._started_s = time.monotonic()
        self._process: subprocess.Popen[bytes] | None = None
        self._engine_output = b""
        self._events = b""
        self._first: Rank | None = None
        self._signal: int | None = None
        self._kill_at_s: float | None = None
        self._readers: set[int] = set()
        self._kept: list[int] = []
        self._gate = -1
        self._orphans = Orphans()

    @property
    def seconds(self) -> float:
        """How long the generation has been running."""
        return time.monotonic() - self._started_s

    def start(self) -> None:
        """Open the pipes and start the engine."""
        job = os.memfd_create("dtrain-job")
        self._kept.append(job)
        os.write(job, marshal.dumps(self._job()))
        program = [sys.executable, "-I", "-S", str(_SHIM), str(os.getpid()), _name(job)]
        environ = dict(os.environ)
        environ |= self._engine.environment(environ)
        reader, writer = os.pipe()
        self._listen(reader, self._take_engine_output)
        self._process = subprocess.Popen(
            self._engine.command(len(self._ranks), program),
            env=environ,
            stdin=None if _owns_stdin() else subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal is for the agent alone, which passes it on to the programs.
            start_new_session=True,
            preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509 - there are no threads
        )
        os.close(writer)

    def stop(self, signum: int, grace_s: float) -> None:
        """Send a signal to all ranks, and SIGKILL to those still there after `grace_s` seconds."""
        self._signal = signum
        kill_at_s = time.monotonic() + grace_s
        self._kill_at_s = min(kill_at_s, self._kill_at_s or kill_at_s)
        self._send(signum)

    def tick(self) -> tuple[bool, float | None]:
        """Do what is due.

        Returns:
            Whether the generation is over, and in how many seconds to call again at the latest.
        """
        assert self._process is not None
        if self._process.poll() is not None:
            return True, None
        now_s = time.monotonic()
        if self._gate >= 0 and all(rank.code is not None for rank in self._ranks.values()):
            # Nothing is left to wait for: let the shims and with them the engine end.
            os.close(self._gate)
            self._gate = -1
            stopped = self._first is not None or self._signal is not None
            self._kill_at_s = now_s + (_ENGINE_GRACE_S if stopped else _ENGINE_PATIENCE_S)
        if self._kill_at_s is None:
            return False, None
        if now_s < self._kill_at_s:
            return False, self._kill_at_s - now_s
        self._send(signal.SIGKILL)
        if self._signal == signal.SIGKILL or self._gate < 0:
            self._process.kill()
        self._signal = signal.SIGKILL
        self._kill_at_s = now_s + _ENGINE_GRACE_S
        return False, _ENGINE_GRACE_S

    def has_failed(self) -> bool:
        """Tell whether a rank has failed by itself, that is, before anybody stopped it."""
        return self._first is not None

    def close(self) -> None:
        """Kill what is left, show the rest of the output, and give everything back."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        deadline_s = time.monotonic() + _DRAIN_S
        while time.monotonic() < deadline_s and self._orphans.kill():
            self._pump(0.01)
        if self._process is not None and self._process.returncode != 0:
            shared_memory.sweep(self._engine.segments)
        # What the ranks wrote before they ended lies in the pipes: no need to wait for more.
        deadline_s = time.monotonic() + _DRAIN_S
        while self._pump(0) and time.monotonic() < deadline_s:
            pass
        for reader in list(self._readers):
            self._forget(reader)
        for rank in self._ranks.values():
            rank.stdout.finish()
            rank.stderr.finish()
        for descriptor in (*self._kept, self._gate):
            if descriptor >= 0:
                os.close(descriptor)
        self._kept.clear()
        self._gate = -1

    def failure(self) -> Failure | None:
        """Return what went wrong first; None if all is well."""
        assert self._process is not None
        first = self._first
        if first is not None and first.code is not None:
            what = f"{describe(first.code)}, pid {_pid(first)}"
            # A signal may be the engine's answer to a rank that left without MPI_Finalize.
            what += self._early_ends() if first.code < 0 else ""
            return self._failure_of(first, first.code, what)
        engine_code = self._process.wait()
        if engine_code == 0 or all(rank.code == 0 for rank in self._ranks.values()):
            return None
        for rank in self._ranks.values():
            aborted = abort_code(rank.last_words)
            if aborted is not None:
                what = f"MPI_Abort with code {aborted}, pid {_pid(rank)}"
                return self._failure_of(rank, aborted & 0xFF or 1, what)
        what = f"{self._engine.path} ended: {describe(engine_code)}{self._early_ends()}"
        return Failure(None, engine_code, what, self._engine_output, self._spec.log_dir)

    def _early_ends(self) -> str:
        early = [str(number) for number, rank in self._ranks.items() if rank.code == 0]
        if not early or len(early) == len(self._ranks):
            return ""
        return f"; before that, rank {', '.join(early)} ended with exit code 0"

    def _failure_of(self, rank: Rank, code: int, what: str) -> Failure:
        log = None if rank.log is None else Path(rank.log.name)
        return Failure(rank.place.rank, code, what, rank.last_words, log)

    def _job(self) -> dict[str, object]:
        """Open a pipe per stream and return what the shims are told."""
        shared = cores.thread_environment(len(cores.physical_cores()), len(self._ranks), os.environ)
        events, gate = os.pipe(), os.pipe()
        self._listen(events[0], self._take_events)
        self._kept += [events[1], gate[0]]
        self._gate = gate[1]
        places: dict[int, dict[str, object]] = {}
        for number, rank in self._ranks.items():
            pipes = {}
            for name, stream in (("stdout", rank.stdout), ("stderr", rank.stderr)):
                reader, writer = os.pipe()
                self._listen(reader, partial(rank.take, stream))
                # Kept open here: a pipe without a writer would read as ended.
                self._kept.append(writer)
                pipes[name] = _name(writer)
            environment = rank.place.environment() | shared
            places[number] = {"environment": environment, "cpus": rank.place.cpus, **pipes}
        return {
            "command": list(self._spec.command),
            "rank_variable": self._engine.rank_variable,
            "events": _name(events[1]),
            "gate": _name(gate[0]),
            "ranks": places,
        }

    def _listen(self, reader: int, take: Callable[[bytes], None]) -> None:
        os.set_blocking(reader, False)
        self._readers.add(reader)
        self._selector.register(reader, selectors.EVENT_READ, partial(self._read, reader, take))

    def _read(self, reader: int, take: Callable[[bytes], None]) -> None:
        data = os.read(reader, _CHUNK_BYTES)
        if data:
            take(data)
        else:
            self._forget(reader)

    def _forget(self, reader: int) -> None:
        self._selector.unregister(reader)
        self._readers.discard(reader)
        os.close(reader)

    def _pump(self, timeout_s: float) -> bool:
        """Dispatch this generation's events once, and tell whether there were any."""
        ready = [key for key, _ in self._selector.select(timeout_s) if key.fd in self._readers]
        for key in ready:
            key.data()
        return bool(ready)

    def _take_engine_output(self, data: bytes) -> None:
        self._engine_output = (self._engine_output + data)[-_TAIL_BYTES:]

    def _take_events(self, data: bytes) -> None:
        *events, self._events = (self._events + data).split(b"\n")
        for event in events:
            number, what, *values = event.split()
            rank = self._ranks[int(number)]
            if what == b"started":
                rank.program = Process(int(values[0]), int(values[1]))
                if self._signal is not None:
                    rank.program.send(self._signal)
            else:
                rank.code = int(values[0])
                if rank.code != 0 and self._first is None and self._signal is None:
                    self._first = rank

    def _send(self, signum: int) -> None:
        for rank in self._ranks.values():
            if rank.program is not None and rank.code is None:
                rank.program.send(signum)


def _name(descriptor: int) -> str:
    """Name an open file of this process for a shim, which checks that it is still the same."""
    return f"{descriptor}:{os.fstat(descriptor).st_ino}"


def _pid(rank: Rank) -> str:
    return "unknown" if rank.program is None else str(rank.program.pid)


def _owns_stdin() -> bool:
    """Tell whether to read stdin: in the background, the terminal belongs to somebody else."""
    try:
        return not os.isatty(0) or os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False

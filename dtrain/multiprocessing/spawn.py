"""Several processes that run one function, each with its rank as the first argument."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import pickle
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

from dtrain.errors import DistributedError

__all__ = [
    "ProcessContext", "ProcessException", "ProcessExitedException", "ProcessRaisedException",
    "SpawnContext", "spawn", "start_processes",
]  # fmt: skip


class ProcessException(DistributedError):  # noqa: N818 (torch's name)
    """A process did not end well.

    Attributes:
        msg: What happened.
        error_index: The rank of the process.
        pid: Its number in the system.
    """

    def __init__(self, msg: str, error_index: int, pid: int) -> None:
        super().__init__(msg)
        self.msg, self.error_index, self.pid = msg, error_index, pid

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.msg, self.error_index, self.pid)


class ProcessRaisedException(ProcessException):
    """The function raised; the message holds the traceback."""


class ProcessExitedException(ProcessException):
    """The process ended by a signal or with an exit code other than 0.

    Attributes:
        exit_code: The code, negative for a signal.
        signal_name: The signal's name, or None.
    """

    def __init__(
        self, msg: str, error_index: int, error_pid: int, exit_code: int,
        signal_name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(msg, error_index, error_pid)
        self.exit_code, self.signal_name = exit_code, signal_name

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.msg, self.error_index, self.pid, self.exit_code, self.signal_name)


def _run(fn: Callable[..., Any], rank: int, args: tuple[Any, ...], report: Any) -> None:
    """Be the process of one rank."""
    try:
        fn(rank, *args)
    except KeyboardInterrupt:
        pass  # the parent was told to stop as well and says so
    except Exception:  # noqa: BLE001 (whatever it is, the parent raises it)
        report.send_bytes(pickle.dumps(traceback.format_exc()))
        sys.exit(1)


class ProcessContext:
    """The processes that `start_processes` has started.

    Attributes:
        processes: They, in the order of their ranks.
    """

    def __init__(self, processes: list[BaseProcess], reports: list[Any]) -> None:
        self.processes = processes
        self._reports = reports
        self._running = {process.sentinel: rank for rank, process in enumerate(processes)}

    def pids(self) -> list[int | None]:
        """Return the numbers of the processes in the system."""
        return [process.pid for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Wait until one process ends, and stop the others where it did not end well.

        Args:
            timeout: Seconds to wait; None to wait as long as it takes.
            grace_period: Seconds between SIGTERM and SIGKILL; None for 30.

        Returns:
            True once all processes have ended.

        Raises:
            ProcessRaisedException: The function raised in one of them.
            ProcessExitedException: One of them was killed or left with another code than 0.
        """
        if not self._running:
            return True
        failed = None
        for sentinel in multiprocessing.connection.wait(list(self._running), timeout=timeout):
            rank = self._running.pop(sentinel)  # type: ignore[arg-type]
            self.processes[rank].join()
            if self.processes[rank].exitcode:
                failed = rank
                break
        if failed is None:
            return not self._running
        self._stop(30.0 if grace_period is None else grace_period)
        raise self._failure(failed)

    def _stop(self, grace_period: float) -> None:
        alive = [process for process in self.processes if process.is_alive()]
        for process in alive:
            process.terminate()
        end = time.monotonic() + grace_period
        for process in alive:
            process.join(max(0.0, end - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
        self._running.clear()

    def _failure(self, rank: int) -> ProcessException:
        process = self.processes[rank]
        pid, code = process.pid or 0, process.exitcode or 0
        try:
            text = pickle.loads(self._reports[rank].recv_bytes())  # noqa: S301 (our own child's)
        except EOFError:  # it had nothing to say
            pass
        else:
            return ProcessRaisedException(
                f"\n\n-- Process {rank} terminated with the following error:\n{text}", rank, pid
            )
        if code < 0:
            name = signal.Signals(-code).name
            return ProcessExitedException(
                f"process {rank} terminated with signal {name}", rank, pid, code, name
            )
        return ProcessExitedException(
            f"process {rank} terminated with exit code {code}", rank, pid, code
        )


class SpawnContext(ProcessContext):
    """The name of ProcessContext in programs of old."""


def start_processes(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Start processes that run fn(rank, *args).

    Args:
        fn: A function of a module, so that its name can be sent.
        args: What it gets after the rank.
        nprocs: Number of processes.
        join: Wait for all of them.
        daemon: Let them end with this process.
        start_method: "spawn", "fork" or "forkserver".

    Returns:
        None where it has waited, else the processes.

    Raises:
        ProcessRaisedException: The function raised in one of them; the others have been stopped.
        ProcessExitedException: One of them was killed or left with another code than 0.
    """
    here = multiprocessing.get_context(start_method)
    processes: list[BaseProcess] = []
    reports = []
    for rank in range(nprocs):
        receiver, sender = here.Pipe(duplex=False)
        process = here.Process(  # type: ignore[attr-defined]
            target=_run, args=(fn, rank, args, sender), daemon=daemon
        )
        process.start()
        sender.close()
        processes.append(process)
        reports.append(receiver)
    context = SpawnContext(processes, reports)
    if not join:
        return context
    while not context.join():
        pass
    return None


def spawn(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Start processes that run fn(rank, *args) in fresh interpreters; see start_processes."""
    if start_method != "spawn":
        warnings.warn(
            f"This method only supports start_method=spawn (got: {start_method}).\nTo use a "
            "different start_method use:\n\t\t torch.multiprocessing.start_processes(...)",
            FutureWarning,
            stacklevel=2,
        )
    return start_processes(fn, args, nprocs, join, daemon, "spawn")

"""An error on one rank ends the job.

Under plain mpirun a rank that dies of an exception leaves the others waiting for ever. These hooks
print the traceback, once and with the rank in front, and end the job.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, NoReturn

__all__ = ["AbortHooks", "exit_status"]

# The launcher stops reading at the word of an abort: what a rank has written must be there before.
_FORWARDING_S = 0.05


class AbortHooks:
    """The hooks of one process; they do nothing in processes forked from it."""

    def __init__(self, rank: int, size: int, abort: Callable[[int], None]) -> None:
        """Prepare the hooks.

        Args:
            rank: of this process.
            size: number of ranks.
            abort: ends the job with an exit status.
        """
        self._status: int | None = None
        self._label = f"[rank {rank}/{size}]"
        self._abort = abort
        self._pid = os.getpid()
        self._excepthook = sys.excepthook
        self._thread_excepthook = threading.excepthook
        self._exit = sys.exit

    def install(self) -> None:
        """Take over sys.excepthook, threading.excepthook and sys.exit."""
        sys.excepthook = self._uncaught
        threading.excepthook = self._uncaught_in_thread
        sys.exit = self._recorded_exit

    def uninstall(self) -> None:
        """Put the hooks back that were there before."""
        sys.excepthook = self._excepthook
        threading.excepthook = self._thread_excepthook
        sys.exit = self._exit

    @property
    def exit_status(self) -> int:
        """The status of the sys.exit that is ending the program; 0 if there is none."""
        return self._status or 0

    def note_exit(self, code: object) -> None:
        """Note the code of a SystemExit that ends the program.

        The first note counts: after it come the exceptions during whose handling it was raised.
        """
        if self._status is None:
            self._status = exit_status(code)

    def end_job(self, reason: str, status: int) -> None:
        """Say why, flush, and end the job."""
        self._write(f"{self._label} {reason}; the job is aborted\n")
        time.sleep(_FORWARDING_S)
        self._abort(status)

    def _uncaught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if os.getpid() != self._pid:
            self._excepthook(kind, error, trace)
            return
        if self._excepthook is sys.__excepthook__:
            self._write(self._prefixed(kind, error, trace))
        else:
            self._excepthook(kind, error, trace)
        status = 130 if issubclass(kind, KeyboardInterrupt) else 1
        self.end_job(f"uncaught {kind.__name__}", status)

    def _uncaught_in_thread(self, args: Any) -> None:
        if issubclass(args.exc_type, SystemExit):
            return  # the way to end a thread, and no error
        if os.getpid() != self._pid:
            self._thread_excepthook(args)
            return
        self._write(self._prefixed(args.exc_type, args.exc_value, args.exc_traceback))
        name = args.thread.name if args.thread is not None else "unknown"
        self.end_job(f"uncaught {args.exc_type.__name__} in thread {name}", 1)

    def _recorded_exit(self, status: Any = None, /) -> NoReturn:
        raise _Exit(self, status)

    def _prefixed(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> str:
        text = "".join(traceback.format_exception(kind, error, trace))
        return "".join(f"{self._label} {line}\n" for line in text.splitlines())

    def _write(self, text: str) -> None:
        # One write, so that lines of several ranks do not mix.
        sys.stdout.flush()
        sys.stderr.write(text)
        sys.stderr.flush()


class _Exit(SystemExit):
    """A SystemExit that tells the hooks when it ends the program.

    Python clears the exception before the functions of atexit run, so they cannot see the status.
    This class notes it in the moment of that clearing: only then no Python frame is left. A
    SystemExit that somebody catches goes away while frames are running, and is not noted. One
    raised by `raise SystemExit(n)` is not seen here; peers then find out from `departure`.
    """

    def __init__(self, hooks: AbortHooks, status: Any) -> None:
        super().__init__(*(() if status is None else (status,)))
        self._hooks = hooks

    def __del__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        try:
            sys._getframe(1)
        except ValueError:  # no caller: the interpreter itself lets go of the exception
            self._hooks.note_exit(self.code)


def exit_status(code: object) -> int:
    """Return the exit status of a process that ends with SystemExit(code).

    Example:
        >>> exit_status(None), exit_status(3), exit_status("message")
        (0, 3, 1)
    """
    if code is None:
        return 0
    return code & 0xFF if isinstance(code, int) else 1

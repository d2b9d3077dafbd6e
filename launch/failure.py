"""What is said about a job that failed: one screen, the culprit first."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import NamedTuple

__all__ = ["Failure", "describe", "exit_code"]

_LAST_LINES = 30
_LONGEST_LINE = 400


class Failure(NamedTuple):
    """The first thing that went wrong in a generation.

    Args:
        rank: The rank it happened to; None if no rank is known to have failed.
        code: Its exit code, negative for a signal.
        what: What happened, in words.
        last_words: The end of the rank's stderr, or of the engine's output.
        log: Where the full output is kept, if it is.
    """

    rank: int | None
    code: int
    what: str
    last_words: bytes
    log: Path | None

    def screen(self, world_size: int, generation: int, seconds: float) -> str:
        """Return the report as text.

        Args:
            world_size: Ranks of the job.
            generation: Generation that failed.
            seconds: How long it had been running.
        """
        if self.rank is None:
            who, source = "the job failed", "the MPI engine's output"
        else:
            who, source = f"rank {self.rank} of {world_size} failed first", "its stderr"
        when = f"generation {generation}, after {seconds:.1f} s"
        parts = [f"dtrain-launch: {who}: {self.what} ({when})"]
        lines = _last_lines(self.last_words)
        if lines:
            parts += [f"last lines of {source}:", *(f"  | {line}" for line in lines)]
        elif self.rank is not None:
            parts += ["its stderr is empty"]
        if self.log is not None:
            parts += [f"full output: {self.log}"]
        else:
            parts += ["full output was not kept; give --log-dir DIR to keep it"]
        return "\n".join(parts)


def describe(code: int) -> str:
    """Say how a process ended.

    >>> describe(-9)
    'killed by signal 9 (SIGKILL)'
    >>> describe(3)
    'exit code 3'
    """
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:  # a real-time signal has no name
        return f"killed by signal {-code}"
    return f"killed by signal {-code} ({name})"


def exit_code(code: int) -> int:
    """Return what a shell makes of an exit code that is negative for a signal.

    >>> exit_code(-9)
    137
    """
    return 128 - code if code < 0 else code


def _last_lines(text: bytes) -> list[str]:
    """Return the last lines as a terminal would show them, without overwritten parts."""
    lines = text.decode(errors="replace").strip("\r\n").split("\n")[-_LAST_LINES:]
    shown = [line.rstrip("\r").rpartition("\r")[2][:_LONGEST_LINE] for line in lines]
    return shown if any(shown) else []

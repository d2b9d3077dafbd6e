"""The output of many ranks on one screen, without a torn line."""

from __future__ import annotations

import os
import re
import select

__all__ = ["Screen", "Stream"]

_LONGEST_LINE = 1 << 16
# bytes.splitlines would also split at carriage returns.
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


class Screen:
    """The stdout and stderr of the launcher, which are usually one terminal."""

    def __init__(self) -> None:
        self._closed: set[int] = set()
        # The stream whose last line has no end yet, such as a progress bar.
        self._open: Stream | None = None

    def write(self, descriptor: int, data: bytes) -> None:
        """Write all of `data`; a reader that has gone away does not end the job."""
        while data and descriptor not in self._closed:
            try:
                data = data[os.write(descriptor, data) :]
            except BlockingIOError:
                select.select([], [descriptor], [])
            except OSError:  # a closed pipe or terminal; the logs go on
                self._closed.add(descriptor)

    def say(self, text: str) -> None:
        """Write a message of the launcher itself to stderr, on lines of its own."""
        self.take_line(None)
        self.write(2, text.encode(errors="replace") + b"\n")

    def take_line(self, stream: Stream | None) -> bool:
        """Make room for `stream`, and tell whether it goes on with a line of its own."""
        if self._open is stream:
            return stream is not None
        if self._open is not None:
            self.write(self._open.descriptor, b"\n")
            self._open = None
        return False

    def leave_line(self, stream: Stream, *, is_open: bool) -> None:
        """Note whether the last line of `stream` still waits for its end."""
        self._open = stream if is_open else None


class Stream:
    """The stdout or stderr of one rank on its way to the screen.

    Whole lines are shown, with the prefix in front. Text with a carriage return is shown at once
    and as it is, so that a progress bar moves and keeps its width; when another rank has something
    to say meanwhile, the bar is left standing and goes on below.

    Args:
        screen: Where to show it.
        descriptor: 1 for stdout, 2 for stderr.
        prefix: What each line begins with; empty if there is only one rank, whose output then goes
            through untouched.
    """

    def __init__(self, screen: Screen, descriptor: int, prefix: bytes) -> None:
        self.descriptor = descriptor
        self._screen = screen
        self._prefix = prefix
        self._pending = b""

    def feed(self, data: bytes) -> None:
        """Show what can be shown of `data`."""
        if not self._prefix:
            self._screen.write(self.descriptor, data)
            return
        data = self._pending + data
        end = data.rfind(b"\n") + 1
        if b"\r" in data[end:] or len(data) - end > _LONGEST_LINE:
            end = len(data)
        self._pending = data[end:]
        if end:
            self._show(data[:end])

    def finish(self) -> None:
        """Show the rest, and end the line."""
        if self._pending:
            self._show(self._pending + b"\n")
            self._pending = b""
        elif self._screen.take_line(self):
            self._show(b"\n")

    def _show(self, text: bytes) -> None:
        continues = self._screen.take_line(self)
        lines = _LINE.findall(text)
        if continues:
            shown = [lines[0], *map(self._with_prefix, lines[1:])]
        else:
            shown = [self._with_prefix(line) for line in lines]
        self._screen.write(self.descriptor, b"".join(shown))
        self._screen.leave_line(self, is_open=not text.endswith(b"\n"))

    def _with_prefix(self, line: bytes) -> bytes:
        # The line overwrites itself from its first column: a prefix would not survive anyway.
        return line if line.startswith(b"\r") and line != b"\r\n" else self._prefix + line

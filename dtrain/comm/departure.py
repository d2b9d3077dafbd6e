"""Nobody waits for ever for a rank that has ended.

A rank that ends normally tells all others how far it came: the number of its last collective on
each group. Whoever is in a later one waits in vain, and a watching thread ends the job with a
message that says so. The thread looks ten times a second and costs the collectives nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Departures", "Note", "Post", "Waiting"]


@dataclass(frozen=True, slots=True)
class Note:
    """What a rank leaves behind: its last collective on each group it was in."""

    rank: int
    last: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A collective of this process that is under way."""

    group: int
    sequence: int
    description: str


class Post(Protocol):
    """How notes travel; the driver implements it."""

    def publish(self, last: Mapping[int, int]) -> None:
        """Send a note to all other ranks."""

    def receive(self) -> Note | None:
        """Return a note that has arrived, if there is one; never wait."""


class Departures:
    """Watches for collectives that can never complete because a rank has ended."""

    def __init__(
        self,
        post: Post,
        waiting: Callable[[], Iterable[Waiting]],
        end_job: Callable[[str, int], None],
        *,
        interval_s: float = 0.1,
    ) -> None:
        """Prepare to watch.

        Args:
            post: sends and receives notes.
            waiting: the collectives of this process that are under way.
            end_job: called with a reason and an exit status.
            interval_s: time between two looks.
        """
        self._post = post
        self._waiting = waiting
        self._end_job = end_job
        self._interval_s = interval_s
        self._notes: list[Note] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="dtrain-departures", daemon=True)

    def start(self) -> None:
        """Start to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop to watch, and wait for the thread."""
        self._stopping.set()
        self._thread.join()

    def look(self) -> str | None:
        """Take in what has arrived; return why a collective can never complete, if one cannot."""
        while (note := self._post.receive()) is not None:
            self._notes.append(note)
        if not self._notes:
            return None
        for waiting in self._waiting():
            for note in self._notes:
                last = note.last.get(waiting.group)
                if last is not None and waiting.sequence > last:
                    return (
                        f"{waiting.description} (#{waiting.sequence}) can never complete: "
                        f"rank {note.rank} has ended after #{last}"
                    )
        return None

    def _watch(self) -> None:
        while not self._stopping.wait(self._interval_s):
            reason = self.look()
            if reason is not None:
                self._end_job(reason, 1)
                return

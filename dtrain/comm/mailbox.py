"""Messages between ranks that share one process.

Matching follows MPI: a message goes to the first posted receive that fits, and a receive gets the
oldest message that fits, where source and tag have to agree.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from dtrain.comm.wire import Array, describe
from dtrain.comm.work import Work, seconds
from dtrain.errors import DistributedError, MismatchError

__all__ = ["Mailbox", "Receive", "Wanted"]


@dataclass(frozen=True, slots=True)
class _Message:
    src: int
    dst: int
    tag: int
    data: Array


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages fit a receive: to `dst`, from `src` (None: anyone), with `tag`."""

    dst: int
    src: int | None
    tag: int


class Receive(Work):
    """A receive that was posted; completes when its message is there."""

    __slots__ = (
        "_condition",
        "_error",
        "_hopeless",
        "_late",
        "_message",
        "_store",
        "_wire",
        "wanted",
    )

    def __init__(
        self,
        mailbox: Mailbox,
        wanted: Wanted,
        wire: Array,
        store: Callable[[], None],
        *,
        late: Callable[[float], BaseException],
        hopeless: Callable[[], BaseException | None],
    ) -> None:
        """Post a receive.

        Args:
            mailbox: where the message will come.
            wanted: which messages fit.
            wire: C-contiguous, takes the data.
            store: called once when the data is in `wire`.
            late: makes the error for a wait of so many seconds.
            hopeless: gives the error if no message can come any more, else None.
        """
        self.wanted = wanted
        self._condition = mailbox.condition
        self._wire = wire
        self._store = store
        self._late = late
        self._hopeless = hopeless
        self._message: _Message | None = None
        self._error: BaseException | None = None
        mailbox.post(self)

    def fits(self, message: _Message) -> bool:
        """Return whether the message is for this receive."""
        return (
            message.dst == self.wanted.dst
            and message.tag == self.wanted.tag
            and self.wanted.src in (None, message.src)
        )

    def take(self, message: _Message) -> None:
        """Put the message into the array; the condition is held."""
        self._message = message
        if message.data.nbytes != self._wire.nbytes:
            self._error = MismatchError(
                f"recv(src={message.src}, tag={message.tag}): {message.data.nbytes} bytes arrived "
                f"({describe(message.data)}) for {self._wire.nbytes} ({describe(self._wire)}); "
                "expected the same size; give both sides the same shape and dtype"
            )
        else:
            self._wire.reshape(-1)[...] = message.data.view(self._wire.dtype)
            self._store()
        self._condition.notify_all()

    def wait(self, timeout: float | timedelta | None = None) -> bool:
        """Wait for the end; raise the error if there was one."""
        limit_s = seconds(timeout)
        with self._condition:
            self._condition.wait_for(lambda: self._message or self._hopeless(), limit_s)
            if self._message is None:
                error = self._hopeless()
                if error is None:
                    assert limit_s is not None
                    error = self._late(limit_s)
                raise error
        if self._error is not None:
            raise self._error
        return True

    def is_completed(self) -> bool:
        """Return whether it has ended, well or not."""
        return self._message is not None

    def exception(self) -> BaseException | None:
        """Return its error, if it ended with one."""
        return self._error

    def source_rank(self) -> int:
        """Return the rank the data came from."""
        if self._message is None:
            raise DistributedError(
                "source_rank(): nothing has arrived yet; expected a completed receive; "
                "call wait first"
            )
        return self._message.src


class Mailbox:
    """The messages under way within one group of ranks."""

    def __init__(self, condition: threading.Condition) -> None:
        """Open an empty mailbox; `condition` guards it and wakes those who wait."""
        self.condition = condition
        self._messages: list[_Message] = []
        self._receives: list[Receive] = []

    def deliver(self, src: int, dst: int, tag: int, data: Array) -> None:
        """Send a copy of `data`; never waits."""
        message = _Message(src, dst, tag, data.reshape(-1).copy())
        with self.condition:
            for receive in self._receives:
                if receive.fits(message):
                    self._receives.remove(receive)
                    receive.take(message)
                    return
            self._messages.append(message)

    def post(self, receive: Receive) -> None:
        """Give the receive its message if that is there; else remember it."""
        with self.condition:
            for message in self._messages:
                if receive.fits(message):
                    self._messages.remove(message)
                    receive.take(message)
                    return
            self._receives.append(receive)

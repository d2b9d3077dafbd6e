"""Handles of operations that were started."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import timedelta

from dtrain.errors import DistributedError

__all__ = ["DONE", "Job", "Work", "seconds"]


def seconds(timeout: float | timedelta | None) -> float | None:
    """Return a time-out in seconds; None means that there is none.

    Example:
        >>> seconds(timedelta(minutes=1))
        60.0
    """
    return timeout.total_seconds() if isinstance(timeout, timedelta) else timeout


class Work(ABC):
    """An operation that was started and may still be under way.

    The arrays given to the operation belong to it until `wait` has returned.
    """

    __slots__ = ()

    @abstractmethod
    def wait(self, timeout: float | timedelta | None = None) -> bool:
        """Wait until the operation is complete.

        Args:
            timeout: seconds (or a timedelta) to wait at most; None waits for ever.

        Returns:
            True.

        Raises:
            CommTimeoutError: the operation is not complete in time; it goes on and may be
                waited for again.
            Exception: the error with which the operation ended.
        """

    @abstractmethod
    def is_completed(self) -> bool:
        """Return whether the operation has ended, well or not."""

    @abstractmethod
    def exception(self) -> BaseException | None:
        """Return the error with which the operation ended; None if it is well or under way."""

    def source_rank(self) -> int:
        """Return the rank a completed receive got its data from."""
        raise DistributedError(
            f"{type(self).__name__}.source_rank(): the operation is no receive; "
            "expected the handle that irecv returned; do not ask others for a source"
        )


class _Done(Work):
    """The handle of an operation that was complete before its call returned."""

    __slots__ = ()

    def wait(self, timeout: float | timedelta | None = None) -> bool:
        """Wait for the end; raise the error if there was one."""
        return True

    def is_completed(self) -> bool:
        """Return whether it has ended, well or not."""
        return True

    def exception(self) -> BaseException | None:
        """Return its error, if it ended with one."""
        return None


DONE: Work = _Done()


class Job(Work):
    """A collective that waits for its turn, or runs, on a lane's thread."""

    __slots__ = ("_action", "_ended", "_error", "_late")

    def __init__(self, action: Callable[[], None], late: Callable[[float], BaseException]) -> None:
        """Prepare a job.

        Args:
            action: what to do; runs once.
            late: makes the error for a wait of so many seconds.
        """
        self._action = action
        self._late = late
        self._ended = threading.Event()
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do the job on the calling thread; an error is kept for `wait`."""
        try:
            self._action()
        except BaseException as error:  # noqa: BLE001 - it belongs to the one who waits
            self._error = error

    def cancel(self, error: BaseException) -> None:
        """Give a job that is not to run the reason as its error."""
        self._error = error

    def finish(self) -> None:
        """Release those who wait."""
        self._ended.set()

    def wait(self, timeout: float | timedelta | None = None) -> bool:
        """Wait for the end; raise the error if there was one."""
        limit_s = seconds(timeout)
        if not self._ended.wait(limit_s):
            assert limit_s is not None
            raise self._late(limit_s)
        if self._error is not None:
            raise self._error
        return True

    def is_completed(self) -> bool:
        """Return whether it has ended, well or not."""
        return self._ended.is_set()

    def exception(self) -> BaseException | None:
        """Return its error, if it ended with one."""
        return self._error

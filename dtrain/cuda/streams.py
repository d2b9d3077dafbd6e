"""Queues of work on a CUDA device, and marks in them."""

from __future__ import annotations

from typing import Any

from dtrain.backend.cupy_ import load
from dtrain.cuda import devices

__all__ = ["Event", "Stream", "current_stream", "default_stream", "set_stream", "stream"]


class Stream:
    """A queue of work.

    Args:
        device: Where; None for the current device.
        priority: 0, or a smaller number to be served first.

    Raises:
        DeviceError: There is no device.
    """

    def __init__(self, device: Any = None, priority: int = 0, **kw: Any) -> None:
        xp = load()
        with devices.device(device):
            self._stream = kw.get("stream") or xp.cuda.Stream(non_blocking=True, priority=priority)
        self._before: list[Stream] = []

    @property
    def cuda_stream(self) -> int:
        """The driver's handle."""
        return int(self._stream.ptr)

    def synchronize(self) -> None:
        """Wait until everything in the queue is done."""
        self._stream.synchronize()

    def query(self) -> bool:
        """Return True where everything in the queue is done."""
        return bool(self._stream.done)

    def record_event(self, event: Event | None = None) -> Event:
        """Put a mark into the queue."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        """Let what comes later wait for a mark in another queue."""
        self._stream.wait_event(event._event)

    def wait_stream(self, stream: Stream) -> None:
        """Let what comes later wait for all that is now in another queue."""
        self.wait_event(stream.record_event())

    def __enter__(self) -> Stream:
        self._before.append(current_stream())
        set_stream(self)
        return self

    def __exit__(self, *exc: object) -> None:
        set_stream(self._before.pop())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and self.cuda_stream == other.cuda_stream

    def __hash__(self) -> int:
        return hash(self.cuda_stream)


class Event:
    """A mark in a queue of work.

    Args:
        enable_timing: The time between two marks can be asked for.
        blocking: synchronize() gives the processor to others meanwhile.
        interprocess: Without a meaning here.

    Raises:
        DeviceError: There is no device.
    """

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False
    ) -> None:
        self._event = load().cuda.Event(block=blocking, disable_timing=not enable_timing)

    def record(self, stream: Stream | None = None) -> None:
        """Put the mark into a queue; None for the current one."""
        self._event.record((current_stream() if stream is None else stream)._stream)

    def wait(self, stream: Stream | None = None) -> None:
        """Let what comes later in a queue wait for the mark."""
        (current_stream() if stream is None else stream).wait_event(self)

    def query(self) -> bool:
        """Return True where the mark has been reached."""
        return bool(self._event.done)

    def synchronize(self) -> None:
        """Wait until the mark has been reached."""
        self._event.synchronize()

    def elapsed_time(self, end_event: Event) -> float:
        """Return the milliseconds from this mark to a later one."""
        return float(load().cuda.get_elapsed_time(self._event, end_event._event))


class _NoStream:
    """The context of None: the current queue stays."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        return None


def current_stream(device: Any = None) -> Stream:
    """Return the queue that work goes to."""
    xp = load()
    with devices.device(device):
        return Stream(stream=xp.cuda.get_current_stream())


def default_stream(device: Any = None) -> Stream:
    """Return the queue that work goes to when none was set."""
    xp = load()
    with devices.device(device):
        return Stream(stream=xp.cuda.Stream.null)


def set_stream(stream: Stream) -> None:
    """Let work go to a queue from now on."""
    stream._stream.use()


def stream(stream: Stream | None) -> Stream | _NoStream:
    """Return a context in which work goes to a queue; None leaves it where it goes."""
    return _NoStream() if stream is None else stream

"""torch.profiler's face: profiles of a training loop, step by step."""

from __future__ import annotations

import enum
import socket
import time
import warnings
from collections.abc import Callable, Iterable
from os import PathLike, getpid
from pathlib import Path
from typing import Any

from dtrain.autograd.profiler import profile as operator_profile
from dtrain.autograd.profiler import record_function
from dtrain.errors import OpValueError

__all__ = [
    "ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule",
    "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerActivity(enum.Enum):
    """What can be profiled."""

    CPU = 0
    CUDA = 2


class ProfilerAction(enum.Enum):
    """What a profiler does in one step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0
) -> Callable[[int], ProfilerAction]:
    """Return what a profiler does in which step: cycles of waiting, warming up and recording.

    Args:
        wait: Steps without profiling in a cycle.
        warmup: Steps after them whose figures are thrown away.
        active: Steps after them that are recorded.
        repeat: Number of cycles; 0 for no end.
        skip_first: Steps before the first cycle.

    Raises:
        OpValueError: A number is negative, or there is nothing to record.
    """
    if min(wait, warmup, repeat, skip_first) < 0 or active <= 0:
        raise OpValueError(
            f"schedule({wait=}, {warmup=}, {active=}, {repeat=}, {skip_first=}): invalid profiler "
            "schedule arguments; expected none to be negative and active to be positive"
        )
    if warmup == 0:
        warnings.warn(
            "Profiler won't be using warmup, this can skew profiler results", stacklevel=2
        )
    length = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        cycle, at = divmod(step - skip_first, length)
        if cycle < 0 or (repeat and cycle >= repeat) or at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        last = at == length - 1
        return ProfilerAction.RECORD_AND_SAVE if last else ProfilerAction.RECORD

    return action


def tensorboard_trace_handler(
    dir_name: str | PathLike[str], worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[profile], None]:
    """Return a function for `on_trace_ready` that writes Chrome traces into a folder.

    Args:
        dir_name: The folder.
        worker_name: What the files begin with; the machine and process by default.
        use_gzip: Not available.

    Raises:
        OpValueError: `use_gzip` is set.
    """
    if use_gzip:
        raise OpValueError("tensorboard_trace_handler(use_gzip=True): leave it out")
    folder = Path(dir_name)

    def write(prof: profile) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = worker_name or f"{socket.gethostname()}_{getpid()}"
        prof.export_chrome_trace(str(folder / f"{name}.{time.time_ns()}.pt.trace.json"))

    return write


def _always(step: int) -> ProfilerAction:
    return ProfilerAction.RECORD


class profile:
    """Time the operators of a training loop, in the steps that a schedule picks.

    Args:
        activities: Kept; operators are timed on the processor.
        schedule: What to do in which step; record from beginning to end for None.
        on_trace_ready: Called with the profiler at the end of each cycle, and at the end.
        record_shapes: Note the shapes of operands.
        options: torch's other arguments (profile_memory, with_stack, ...), which change nothing.

    Attributes:
        step_num: The number of the present step.
    """

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[..., Any] | None = None,
        record_shapes: bool = False,
        **options: Any,
    ) -> None:
        self.activities = set(activities or ProfilerActivity)
        self.schedule = schedule or _always
        self.on_trace_ready, self.record_shapes = on_trace_ready, record_shapes
        self.step_num = 0
        self._action = ProfilerAction.NONE
        self._open: operator_profile | None = None
        self._last: operator_profile | None = None

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin with step 0."""
        self._change(self.schedule(self.step_num))

    def step(self) -> None:
        """Say that a step of the loop is over."""
        self.step_num += 1
        self._change(self.schedule(self.step_num))

    def stop(self) -> None:
        """End, and hand out what the present cycle has recorded."""
        recording = self._action in {ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE}
        self._close(save=recording)
        self._action = ProfilerAction.NONE

    def _change(self, action: ProfilerAction) -> None:
        before, self._action = self._action, action
        if before is ProfilerAction.RECORD_AND_SAVE:
            self._close(save=True)
        elif before is ProfilerAction.WARMUP or action is ProfilerAction.NONE:
            self._close(save=False)
        if action is not ProfilerAction.NONE and self._open is None:
            self._open = operator_profile(record_shapes=self.record_shapes)
            self._open.__enter__()

    def _close(self, save: bool) -> None:
        if self._open is None:
            return
        self._open.__exit__(None, None, None)
        if save:
            self._last = self._open
        self._open = None
        if save and self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def _recorded(self) -> operator_profile:
        if self._last is None:
            raise OpValueError("profile: nothing was recorded yet; expected a cycle to be complete")
        return self._last

    def events(self) -> Any:
        """Return what the last cycle has recorded, operator by operator."""
        return self._recorded().function_events

    def key_averages(self, group_by_input_shape: bool = False, **options: Any) -> Any:
        """Return sums for each operator; `.table(sort_by=...)` prints them."""
        return self._recorded().key_averages(group_by_input_shape=group_by_input_shape)

    def export_chrome_trace(self, path: str) -> None:
        """Write the last cycle for chrome://tracing."""
        self._recorded().export_chrome_trace(path)

"""A profiler of operators: how often each one ran and how long it took, as torch.autograd.profiler.

While a profile is open, the kernels in every operator's table are replaced by timed ones: forward
and backward alike go through these tables. While none is open, nothing of this is in the way.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from dtrain.autograd.profile_table import EventList, FunctionEvent
from dtrain.errors import GradError
from dtrain.tensor.op import RAW, REGISTRY

__all__ = ["EventList", "FunctionEvent", "profile", "record_function"]

Fn = TypeVar("Fn", bound=Callable[..., Any])


class _Local(threading.local):
    def __init__(self) -> None:
        self.inner_ns: list[int] = []  # for each span that is open, the time of those inside it


_LOCAL = _Local()
_OPEN: list[profile] = []  # at most one


@contextlib.contextmanager
def _span(events: list[FunctionEvent], name: str, shapes: list[Any]) -> Iterator[None]:
    """Add an event for what runs inside."""
    open_spans = _LOCAL.inner_ns
    open_spans.append(0)
    start = time.perf_counter_ns()
    try:
        yield
    finally:
        end = time.perf_counter_ns()
        inside = open_spans.pop()
        if open_spans:
            open_spans[-1] += end - start
        events.append(
            FunctionEvent(name, threading.get_ident(), start, end, end - start - inside, shapes)
        )


def _timed(name: str, kernel: Callable[..., Any], prof: profile) -> Callable[..., Any]:
    """Return a kernel that adds an event to the profile each time it runs."""

    def run(*args: Any, **kw: Any) -> Any:
        shapes = [list(a.shape) for a in args if hasattr(a, "strides")] if prof.shapes else []
        with _span(prof.events, name, shapes):
            return kernel(*args, **kw)

    return run


class profile:
    """Time the operators that run inside a `with` block, in all threads.

    Args:
        enabled: False makes the block an ordinary one.
        record_shapes: Note the shapes of operands, for key_averages(group_by_input_shape=True).
        options: torch's other arguments (use_cpu, with_stack, ...), which change nothing here.

    Note: torch counts calls from Python to the end of the operator; here the kernels alone count,
        and on a device the time to start one. Derivative rules that are written with Python's
        operators (g * other) are not seen in backward.

    Raises:
        GradError: A profile is open already.
    """

    def __init__(
        self, enabled: bool = True, *, record_shapes: bool = False, **options: Any
    ) -> None:
        self.enabled, self.shapes = enabled, record_shapes
        self.events: list[FunctionEvent] = []
        self._replaced: list[tuple[Any, type, Callable[..., Any]]] = []

    def __enter__(self) -> profile:
        if not self.enabled:
            return self
        if _OPEN:
            raise GradError("profile(): another profile is open; they cannot be nested")
        _OPEN.append(self)
        tables = {id(t): t for op in REGISTRY.values() for t in (op.kernels, op.plain_kernels)}
        names = {id(t): op.name for op in REGISTRY.values() for t in (op.kernels, op.plain_kernels)}
        classes = {np.ndarray}.union(*tables.values())  # the array classes used so far
        for key, table in tables.items():
            for cls in classes:
                self._replaced.append((table, cls, table[cls]))
                table[cls] = _timed(names[key], table[cls], self)
        _forget_found_kernels()
        return self

    def __exit__(self, *exc: object) -> None:
        if not self.enabled:
            return
        for table, cls, kernel in self._replaced:
            table[cls] = kernel
        self._replaced.clear()
        _forget_found_kernels()
        _OPEN.remove(self)

    @property
    def function_events(self) -> EventList:
        """All events, by their start."""
        return EventList(sorted(self.events, key=lambda e: e.start_ns))

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds spent in operators and ranges."""
        return self.function_events.self_cpu_time_total

    def key_averages(self, group_by_input_shape: bool = False) -> EventList:
        """Return one event for each name, with counts and sums; or for each name and shapes."""
        return self.function_events.key_averages(group_by_input_shape)

    def total_average(self) -> FunctionEvent:
        """Return one event that sums up all."""
        return self.function_events.total_average()

    def table(self, sort_by: str | None = None, row_limit: int = 100, **options: Any) -> str:
        """Return the events as a table."""
        return self.function_events.table(sort_by, row_limit, **options)

    def export_chrome_trace(self, path: str | os.PathLike[str]) -> None:
        """Write the events for chrome://tracing and Perfetto."""
        rows = [
            {
                "name": e.name, "ph": "X", "cat": "op", "pid": os.getpid(), "tid": e.thread,
                "ts": e.start_ns / 1e3, "dur": (e.end_ns - e.start_ns) / 1e3,
                "args": {"Input Dims": e.input_shapes},
            }
            for e in self.function_events
        ]  # fmt: skip
        Path(path).write_text(json.dumps({"traceEvents": rows}), encoding="utf-8")

    def __str__(self) -> str:
        return self.table()


def _forget_found_kernels() -> None:
    """Let the rules' namespaces look kernels up again."""
    spaces: Iterable[Any] = RAW.values()
    for space in spaces:
        for name in [n for n in vars(space) if n in REGISTRY]:
            delattr(space, name)


class record_function:
    """Give a range of the program a name in the profile: a context manager or a decorator.

    Args:
        name: The name.
        args: A note, for torch's signature.
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name, self.args = name, args
        self._spans: list[contextlib.ExitStack] = []

    def __enter__(self) -> record_function:
        span = contextlib.ExitStack()
        if _OPEN:
            span.enter_context(_span(_OPEN[0].events, self.name, []))
        self._spans.append(span)
        return self

    def __exit__(self, *exc: object) -> None:
        self._spans.pop().close()

    def __call__(self, fn: Fn) -> Fn:
        """Decorate a function: each call is a range."""

        @functools.wraps(fn)
        def inside(*args: Any, **kw: Any) -> Any:
            with record_function(self.name, self.args):
                return fn(*args, **kw)

        return inside  # type: ignore[return-value]

"""What a profile has found: events, their sums, and both as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dtrain.errors import OpValueError

__all__ = ["EventList", "FunctionEvent"]

_SORT_KEYS = {
    "cpu_time": lambda e: e.cpu_time,
    "cpu_time_total": lambda e: e.cpu_time_total,
    "self_cpu_time_total": lambda e: e.self_cpu_time_total,
    "count": lambda e: e.count,
}


@dataclass
class FunctionEvent:
    """One run of an operator or range, or the sum of several.

    Attributes:
        name: Its name.
        thread: The thread's number.
        start_ns: Start, on the clock of time.perf_counter_ns().
        end_ns: End, on the same clock.
        self_ns: Time that was not spent in events inside this one.
        input_shapes: The shapes of its operands, where they were recorded.
        count: How many runs it stands for.
        total_ns: Time of all of them.
    """

    name: str
    thread: int
    start_ns: int
    end_ns: int
    self_ns: int
    input_shapes: list[Any]
    count: int = 1
    total_ns: int = -1

    def __post_init__(self) -> None:
        if self.total_ns < 0:
            self.total_ns = self.end_ns - self.start_ns

    @property
    def key(self) -> str:
        """The name."""
        return self.name

    @property
    def cpu_time_total(self) -> float:
        """Microseconds of all runs."""
        return self.total_ns / 1e3

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of all runs, without events inside them."""
        return self.self_ns / 1e3

    @property
    def cpu_time(self) -> float:
        """Microseconds of one run."""
        return self.cpu_time_total / self.count

    def add(self, other: FunctionEvent) -> None:
        """Add the runs of another event."""
        self.count += other.count
        self.total_ns += other.total_ns
        self.self_ns += other.self_ns

    def copy(self, name: str) -> FunctionEvent:
        """Return the same event under a name."""
        return FunctionEvent(
            name, self.thread, self.start_ns, self.end_ns, self.self_ns, self.input_shapes,
            self.count, self.total_ns,
        )  # fmt: skip


class EventList(list[FunctionEvent]):
    """Events with a look at them as a whole."""

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of all events, each without those inside it."""
        return sum(e.self_cpu_time_total for e in self)

    def key_averages(self, group_by_input_shapes: bool = False) -> EventList:
        """Return one event for each name, or for each name and operands' shapes."""
        sums: dict[Any, FunctionEvent] = {}
        for e in self:
            key = e.name, str(e.input_shapes) if group_by_input_shapes else ""
            if key in sums:
                sums[key].add(e)
            else:
                sums[key] = e.copy(e.name)
        return EventList(sums.values())

    def total_average(self) -> FunctionEvent:
        """Return one event that sums up all."""
        total = FunctionEvent("Total", 0, 0, 0, 0, [], 0, 0)
        for e in self:
            total.add(e)
        return total

    def table(self, sort_by: str | None = None, row_limit: int = 100, **options: Any) -> str:
        """Return the events as a table.

        Args:
            sort_by: "cpu_time", "cpu_time_total", "self_cpu_time_total" or "count", from high to
                low; in order of time by default.
            row_limit: How many rows at most; -1 for all.
            options: torch's other arguments, which change nothing here.

        Raises:
            OpValueError: `sort_by` is another.
        """
        rows = list(self)
        if sort_by is not None:
            if sort_by not in _SORT_KEYS:
                raise OpValueError(f"table(sort_by={sort_by!r}): expected one of {set(_SORT_KEYS)}")
            rows.sort(key=_SORT_KEYS[sort_by], reverse=True)
        if row_limit >= 0:
            rows = rows[:row_limit]
        total = max(self.self_cpu_time_total, 1e-9)
        head = ["Name", "Self CPU %", "Self CPU", "CPU total", "CPU time avg", "# of Calls"]
        body = [
            [
                e.name, f"{100 * e.self_cpu_time_total / total:.2f}%", _time(e.self_cpu_time_total),
                _time(e.cpu_time_total), _time(e.cpu_time), str(e.count),
            ]
            for e in rows
        ]  # fmt: skip
        widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
        rule = "  ".join("-" * w for w in widths)
        lines = ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in body]
        title = "  ".join(c.rjust(w) for c, w in zip(head, widths, strict=True))
        foot = f"Self CPU time total: {_time(self.self_cpu_time_total)}"
        return "\n".join([rule, title, rule, *lines, rule, foot, ""])


def _time(us: float) -> str:
    """Return microseconds in the unit that reads best."""
    if us >= 1e6:
        return f"{us / 1e6:.3f}s"
    return f"{us / 1e3:.3f}ms" if us >= 1e3 else f"{us:.3f}us"

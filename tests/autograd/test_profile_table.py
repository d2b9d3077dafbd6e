"""Events of a profile: their sums and the table."""

from __future__ import annotations

import pytest

from dtrain.autograd.profile_table import EventList, FunctionEvent


def events() -> EventList:
    return EventList(
        [
            FunctionEvent("a", 1, 0, 4_000, 3_000, [[2]]),
            FunctionEvent("b", 1, 1_000, 2_000, 1_000, []),
            FunctionEvent("a", 1, 5_000, 3_005_000, 3_000_000, [[3]]),
        ]
    )


def test_averages_add_up() -> None:
    a, b = events().key_averages()
    assert (a.key, a.count, a.cpu_time_total, a.self_cpu_time_total) == ("a", 2, 3004.0, 3003.0)
    assert a.cpu_time == pytest.approx(1502.0)
    assert (b.key, b.count) == ("b", 1)
    assert len(events().key_averages(group_by_input_shapes=True)) == 3
    total = events().total_average()
    assert (total.key, total.count, total.cpu_time_total) == ("Total", 3, 3005.0)


def test_table_sorts_limits_and_picks_units() -> None:
    table = events().table(sort_by="cpu_time_total")
    rows = table.splitlines()[3:6]
    assert [r.split()[0] for r in rows] == ["a", "a", "b"]
    assert "3.000ms" in rows[0]
    assert "1.000us" in rows[2]
    assert table.endswith("Self CPU time total: 3.004ms\n")
    assert len(events().table(row_limit=1).splitlines()) == len(table.splitlines()) - 2
    assert events().table(row_limit=-1).count("\n") == table.count("\n")

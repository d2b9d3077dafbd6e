"""The profiler counts operators, forward and backward, and leaves nothing behind."""

from __future__ import annotations

import json
import threading

import pytest

import dtrain as torch
from dtrain.autograd.profiler import profile, record_function
from dtrain.errors import GradError, OpValueError
from dtrain.tensor.op import REGISTRY


def step() -> None:
    x, w = torch.ones(4, 3, requires_grad=True), torch.ones(3, 2, requires_grad=True)
    (x.exp() @ w).sum().backward()


def counts(prof: profile) -> dict[str, int]:
    return {e.key: e.count for e in prof.key_averages()}


def test_operators_are_counted_forward_and_backward() -> None:
    with profile() as prof:
        step()
        step()
    found = counts(prof)
    assert found["exp"] == 2
    assert found["matmul"] == 2 * 3  # one forward, two backward
    before = len(prof.events)
    step()
    assert len(prof.events) == before
    assert REGISTRY["exp"].kernels is not None
    assert all("_timed" not in repr(k) for op in REGISTRY.values() for k in op.kernels.values())


def test_ranges_nest_and_share_time_out() -> None:
    @record_function("whole")
    def whole() -> None:
        with record_function("part"):
            step()

    whole()  # while no profile is open
    with profile() as prof:
        whole()
    found = {e.key: e for e in prof.key_averages()}
    assert found["whole"].cpu_time_total >= found["part"].cpu_time_total
    total = sum(e.self_cpu_time_total for e in found.values())
    assert total == pytest.approx(found["whole"].cpu_time_total)
    assert prof.self_cpu_time_total == pytest.approx(total)
    assert prof.total_average().count == len(prof.events)


def test_threads_are_told_apart() -> None:
    with profile() as prof:
        other = threading.Thread(target=step)
        other.start()
        other.join()
        step()
    assert len({e.thread for e in prof.function_events}) == 2


def test_shapes_and_trace(tmp_path) -> None:
    with profile(record_shapes=True) as prof:
        torch.ones(2, 3) @ torch.ones(3, 4)
        torch.ones(2, 3) @ torch.ones(3, 5)
    shapes = [e.input_shapes for e in prof.key_averages(group_by_input_shape=True)]
    assert [[2, 3], [3, 5]] in shapes
    prof.export_chrome_trace(tmp_path / "trace.json")
    rows = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert [r["name"] for r in rows].count("matmul") == 2
    assert all(r["ph"] == "X" and r["dur"] >= 0 for r in rows)


def test_table() -> None:
    with profile() as prof:
        step()
    lines = prof.key_averages().table(sort_by="count", row_limit=1).splitlines()
    assert lines[1].split("  ")[-1] == "# of Calls"
    assert lines[3].split()[0] == "matmul"
    assert str(prof).endswith("s\n")
    with pytest.raises(OpValueError, match="sort_by"):
        prof.table(sort_by="age")


def test_disabled_and_nested_profiles() -> None:
    with profile(enabled=False) as prof:
        step()
    assert not prof.events
    with profile(), pytest.raises(GradError, match="cannot be nested"), profile():
        pass


def test_errors_leave_nothing_behind() -> None:
    with pytest.raises(RuntimeError), profile() as prof:
        torch.ones(2) + torch.ones(3)
    before = len(prof.events)
    step()
    assert len(prof.events) == before

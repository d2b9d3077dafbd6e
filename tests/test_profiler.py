"""Profiles of a loop: schedules as PyTorch's, cycles, traces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import dtrain
from dtrain import profiler
from dtrain.errors import OpValueError
from dtrain.profiler import ProfilerActivity, profile, schedule, tensorboard_trace_handler
from tests.twin import same


@pytest.mark.torch
@pytest.mark.parametrize(
    "how",
    [
        "wait=1, warmup=1, active=2",
        "wait=0, warmup=0, active=1, repeat=2",
        "wait=1, warmup=1, active=3, repeat=1, skip_first=4",
    ],
)
def test_schedules(how: str) -> None:
    same(f"plan = torch.profiler.schedule({how}); [plan(i).name for i in range(12)]")


def test_a_whole_block() -> None:
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as prof:
        dtrain.ones(3).exp()
    assert "exp" in prof.key_averages().table(sort_by="cpu_time_total", row_limit=5)
    assert any(event.name == "exp" for event in prof.events())


def test_cycles_and_traces(tmp_path: Path) -> None:
    seen = []
    write = tensorboard_trace_handler(tmp_path, worker_name="me")

    def ready(prof: profile) -> None:
        seen.append((prof.step_num, sum(event.name == "exp" for event in prof.events())))
        write(prof)

    with profile(schedule=schedule(wait=1, warmup=1, active=2), on_trace_ready=ready) as prof:
        for _ in range(8):
            dtrain.ones(3).exp()
            prof.step()
    assert seen == [(4, 2), (8, 2)]
    files = list(tmp_path.glob("me.*.pt.trace.json"))
    assert len(files) == 2
    assert json.loads(files[0].read_text())["traceEvents"]


def test_what_is_refused() -> None:
    with pytest.raises(OpValueError, match="invalid profiler schedule"):
        schedule(wait=-1, warmup=0, active=1)
    with pytest.raises(OpValueError, match="nothing was recorded"):
        profile().events()
    with pytest.raises(OpValueError, match="use_gzip"):
        tensorboard_trace_handler("there", use_gzip=True)
    assert profiler.record_function("part") is not None

from __future__ import annotations

import os

import pytest

from dtrain_launch import spec
from dtrain_launch.spec import SpecError, count_ranks


def test_a_number():
    assert count_ranks("12") == 12


@pytest.mark.parametrize("text", ["0", "-1", "2.5", "", "gpus"])
def test_what_is_no_number(text):
    with pytest.raises(SpecError, match="positive number"):
        count_ranks(text)


def test_cpus_are_those_of_this_process():
    assert count_ranks("cpu") == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("visible", "count"), [("0,1,2", 3), ("GPU-a1b2", 1), ("0,-1,2", 1)])
def test_visible_gpus(visible, count):
    environ = {"CUDA_VISIBLE_DEVICES": visible}
    assert count_ranks("gpu", environ) == count_ranks("auto", environ) == count


@pytest.mark.parametrize("visible", ["", "-1"])
def test_no_visible_gpu(visible):
    environ = {"CUDA_VISIBLE_DEVICES": visible}
    assert count_ranks("auto", environ) == count_ranks("cpu")
    with pytest.raises(SpecError, match="no GPU"):
        count_ranks("gpu", environ)


def test_gpus_of_the_driver(monkeypatch, tmp_path):
    monkeypatch.setattr(spec, "_NVIDIA_GPUS", tmp_path)
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / name).mkdir()
    assert count_ranks("gpu", {}) == 2

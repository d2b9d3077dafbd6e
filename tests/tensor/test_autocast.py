"""Autocast's state, without the context manager; what it does is tested in tests/amp."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import dtrain
from dtrain.tensor import autocast


@pytest.fixture(autouse=True)
def switched_off() -> Iterator[None]:
    yield
    for device in ("cpu", "cuda"):
        autocast.set_autocast_enabled(device, False)
    autocast.set_autocast_dtype("cpu", dtrain.bfloat16)
    autocast.set_autocast_cache_enabled(True)


def test_the_switch_of_each_device() -> None:
    x = dtrain.ones(2, 2)
    autocast.set_autocast_enabled(True)  # of old: CUDA
    assert autocast.is_autocast_enabled()
    assert (x @ x).dtype is dtrain.float32
    autocast.set_autocast_enabled("cpu", True)
    assert autocast.is_autocast_cpu_enabled()
    assert (x @ x).dtype is autocast.get_autocast_cpu_dtype()
    autocast.set_autocast_dtype("cpu", dtrain.float16)
    assert (x @ x).dtype is dtrain.float16


def test_operators_that_it_does_not_concern_are_left_alone() -> None:
    def call(x: int) -> int:
        return x

    assert autocast.guard("relu", call) is call
    assert autocast.guard("matmul", call) is not call


def test_what_only_is_kept() -> None:
    autocast.set_autocast_cache_enabled(False)
    autocast.clear_autocast_cache()
    assert not autocast.is_autocast_cache_enabled()
    assert autocast.get_autocast_gpu_dtype() is dtrain.float16
    depth = autocast.autocast_increment_nesting()
    assert autocast.autocast_decrement_nesting() == depth - 1

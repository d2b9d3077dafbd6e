"""CuPy, loaded on demand."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterator

import pytest

from dtrain.backend import cupy_
from dtrain.errors import DeviceError


class CUDARuntimeError(Exception):
    """What CuPy raises without a driver."""


@pytest.fixture
def fresh() -> Iterator[None]:
    cupy_.load.cache_clear()
    yield
    cupy_.load.cache_clear()


def install(monkeypatch: pytest.MonkeyPatch, count: int | None) -> types.ModuleType:
    """Put a CuPy with `count` devices in place; None for one without a driver."""

    def devices() -> int:
        if count is None:
            raise CUDARuntimeError("no driver")
        return count

    runtime = types.SimpleNamespace(getDeviceCount=devices, CUDARuntimeError=CUDARuntimeError)
    module = types.ModuleType("cupy")
    module.cuda = types.SimpleNamespace(runtime=runtime)  # type: ignore[attr-defined]
    module.ndarray = type("ndarray", (), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cupy", module)
    return module


@pytest.mark.usefixtures("fresh")
def test_without_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(DeviceError, match=r"pip install dtrain\[cuda12\]"):
        cupy_.load()
    assert cupy_.device_count() == 0


@pytest.mark.usefixtures("fresh")
def test_without_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, None)
    with pytest.raises(DeviceError, match="no driver"):
        cupy_.load()


@pytest.mark.usefixtures("fresh")
def test_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, 0)
    with pytest.raises(DeviceError, match="found no GPU"):
        cupy_.load()


@pytest.mark.usefixtures("fresh")
def test_with_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    module = install(monkeypatch, 2)
    assert cupy_.load() is module
    assert cupy_.device_count() == 2


@pytest.mark.gpu
def test_the_real_one() -> None:
    assert importlib.util.find_spec("cupy") is not None
    assert cupy_.device_count() >= 1

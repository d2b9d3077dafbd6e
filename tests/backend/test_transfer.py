"""Moving arrays between the host and devices."""

from __future__ import annotations

import numpy as np
import pytest

from dtrain.backend.transfer import device_module, device_scope, move
from dtrain.errors import DeviceError
from tests.fake_device import FakeArray, fake


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dtrain.backend.cupy_.load", lambda: fake)


def test_the_host() -> None:
    a = np.ones(2)
    assert device_module("cpu") is np
    assert move(a, "cpu") is not a
    assert move(a, "cpu", copy=False) is a
    with device_scope("cpu", None):
        pass


def test_unknown_devices() -> None:
    with pytest.raises(DeviceError, match="device 'mps': no back end for it"):
        device_module("mps")


@pytest.mark.usefixtures("cuda")
def test_there_and_back() -> None:
    a = np.arange(3.0)
    far = move(a, "cuda:0")
    assert isinstance(far, FakeArray)
    assert move(far, "cpu").tolist() == [0, 1, 2]
    assert isinstance(move(a, "cuda"), FakeArray)


@pytest.mark.gpu
def test_a_real_device() -> None:
    a = np.arange(3.0)
    far = move(a, "cuda:0")
    assert far.device.id == 0
    assert move(far, "cpu").tolist() == [0, 1, 2]

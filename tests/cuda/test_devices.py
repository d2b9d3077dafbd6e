"""torch.cuda's face, without a GPU and with a fake one."""

from __future__ import annotations

import pytest

from dtrain import cuda
from dtrain.backend import cupy_
from dtrain.errors import DeviceError
from tests.fake_device import fake
from tests.twin import same


@pytest.fixture
def no_gpu() -> None:
    if cupy_.device_count():
        pytest.skip("there is a GPU here")


@pytest.mark.torch
@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize(
    "source",
    [
        "torch.cuda.is_available()",
        "torch.cuda.device_count()",
        "torch.cuda.is_initialized()",
        "torch.cuda.empty_cache()",
        "torch.cuda.memory_allocated()",
        "torch.cuda.max_memory_allocated()",
        "torch.cuda.memory_reserved()",
        "torch.cuda.max_memory_reserved()",
        "torch.cuda.memory_stats()",
        "torch.cuda.is_bf16_supported()",
        "torch.cuda.get_arch_list()",
        "torch.cuda.get_rng_state_all()",
        "torch.cuda.manual_seed(1)",
        "torch.cuda.manual_seed_all(1)",
    ],
)
def test_as_torch_without_a_gpu(source: str) -> None:
    same(source)


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("name", ["current_device", "get_device_name", "synchronize"])
def test_questions_that_need_a_gpu(name: str) -> None:
    with pytest.raises(DeviceError, match="device 'cuda'"):
        getattr(cuda, name)()


def test_numbers_of_devices_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dtrain.cuda.devices.load", lambda: fake)
    monkeypatch.setattr("dtrain.cuda.devices.device_count", lambda: 1)
    assert cuda.is_available()
    assert cuda.current_device() == 0
    with pytest.raises(DeviceError, match="cuda:3: invalid device ordinal"):
        cuda.set_device(3)


@pytest.mark.gpu
def test_a_real_gpu() -> None:
    assert cuda.is_available()
    cuda.set_device(0)
    assert cuda.current_device() == 0
    assert cuda.get_device_name(0)
    assert cuda.get_device_capability(0) >= (3, 5)
    cuda.synchronize()

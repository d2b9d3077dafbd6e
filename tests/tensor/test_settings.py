"""Settings of the whole program, against PyTorch's."""

from __future__ import annotations

import pytest

import dtrain
from dtrain.errors import OpError
from dtrain.tensor import settings
from tests.twin import same

BACK = "torch.use_deterministic_algorithms(False); torch.set_float32_matmul_precision('highest')"


@pytest.mark.torch
@pytest.mark.parametrize(
    "source",
    [
        "torch.use_deterministic_algorithms(True); x = torch.get_deterministic_debug_mode()",
        "torch.use_deterministic_algorithms(1); x = torch.get_deterministic_debug_mode()",
        "torch.set_deterministic_debug_mode('warn'); x = torch.get_deterministic_debug_mode()",
        "torch.set_deterministic_debug_mode(2); x = torch.are_deterministic_algorithms_enabled()",
        "torch.set_deterministic_debug_mode('maybe'); x = 0",
        "torch.set_deterministic_debug_mode(0.5); x = 0",
        "torch.set_float32_matmul_precision('high'); x = torch.get_float32_matmul_precision()",
        "torch.set_num_threads(0); x = 0",
        "torch.set_num_threads('two'); x = 0",
    ],
)
def test_as_torch(source: str) -> None:
    same(f"{source}; {BACK}; x")


def test_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_set", type(settings._set)())
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert dtrain.get_num_threads() == 3
    dtrain.set_num_threads(2)
    assert dtrain.get_num_threads() == 2
    assert dtrain.get_num_interop_threads() >= 1
    dtrain.set_num_interop_threads(5)
    assert dtrain.get_num_interop_threads() == 5
    with pytest.raises(OpError, match="positive"):
        dtrain.set_num_threads(-1)


def test_a_precision_that_is_none() -> None:
    with pytest.warns(UserWarning, match="not one of 'highest', 'high', or 'medium'"):
        dtrain.set_float32_matmul_precision("exact")
    assert dtrain.get_float32_matmul_precision() == "highest"


def test_small_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_set", type(settings._set)())
    dtrain.use_deterministic_algorithms(True, warn_only=True)
    assert dtrain.is_deterministic_algorithms_warn_only_enabled()
    dtrain.set_warn_always(True)
    assert dtrain.is_warn_always_enabled()
    assert not dtrain.set_flush_denormal(True)

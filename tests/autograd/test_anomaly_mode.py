"""Anomaly mode: the call that made a failing node is shown; nothing is left behind."""

from __future__ import annotations

import warnings

import pytest

import dtrain as torch
from dtrain.autograd.anomaly_mode import is_anomaly_check_nan_enabled, is_anomaly_enabled
from dtrain.errors import GradError
from dtrain.tensor.graph import WATCHERS

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, of nan


def nan_in_backward(x: torch.Tensor) -> torch.Tensor:
    return (x * 0).sqrt() * 0  # the derivative of sqrt at 0 is infinite, times 0 is nan


def test_nan_is_an_error_and_its_forward_call_is_shown() -> None:
    x = torch.ones(2, requires_grad=True)
    with torch.autograd.set_detect_anomaly(True):
        y = nan_in_backward(x).sum()
        with (
            pytest.warns(
                UserWarning, match=r"(?s)Error detected in SqrtBackward0.*nan_in_backward"
            ),
            pytest.raises(GradError, match="'SqrtBackward0' returned nan values in its 0th output"),
        ):
            y.backward()
    assert not WATCHERS
    assert not is_anomaly_enabled()


def test_without_check_nan_only_errors_count() -> None:
    x = torch.ones(2, requires_grad=True)
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        assert not is_anomaly_check_nan_enabled()
        nan_in_backward(x).sum().backward()
    assert x.grad is not None
    assert x.grad.isnan().all()


def test_an_error_in_backward_is_shown_too() -> None:
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            raise KeyError("no gradient today")

    x = torch.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        mode = torch.autograd.detect_anomaly()
    with mode:
        y = Fails.apply(x)
        with (
            pytest.warns(UserWarning, match="Error detected in FailsBackward"),
            pytest.raises(KeyError, match="no gradient today"),
        ):
            y.sum().backward()
    assert not WATCHERS


def test_forward_outside_of_the_mode_is_said_to_be_unknown() -> None:
    y = nan_in_backward(torch.ones(2, requires_grad=True)).sum()
    with (
        torch.autograd.set_detect_anomaly(True),
        pytest.warns(UserWarning, match="No forward pass information available"),
        pytest.raises(GradError, match="nan values"),
    ):
        y.backward()


def test_the_backward_that_made_a_node_is_shown_as_well() -> None:
    x = torch.zeros(1, requires_grad=True)
    with torch.autograd.set_detect_anomaly(True):
        (g,) = torch.autograd.grad((x**1.5).sum(), x, create_graph=True)
        loss = (g * 0).sum()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            with pytest.raises(GradError, match="nan"):
                loss.backward()
    assert any("Previous calculation was induced by PowBackward" in str(w.message) for w in said)


def test_function_call_switches_on_and_off() -> None:
    torch.autograd.set_detect_anomaly(True)
    assert is_anomaly_enabled()
    torch.autograd.set_detect_anomaly(False)
    assert not is_anomaly_enabled()
    assert not WATCHERS


def test_gradients_are_the_same_under_the_mode() -> None:
    def gradient() -> list[float]:
        x = torch.linspace(0.1, 1, 6).reshape(2, 3).requires_grad_()
        y = x * 1
        y[0] = y[1].clone() * x[0]
        torch.cat([y.exp(), y.split(1)[1]]).max(0).values.sum().backward()
        return x.grad.tolist()

    plain = gradient()
    with torch.autograd.set_detect_anomaly(True):
        assert gradient() == plain

"""Activations."""

# ruff: noqa: E501 (programs in strings)

from __future__ import annotations

import pytest

import dtrain as torch
from tests.nn.layer import check, varied
from tests.twin import same

pytestmark = pytest.mark.torch

LAYERS = [
    "CELU(0.7)", "ELU(alpha=1.3)", "GELU()", "GELU('tanh')", "GLU(1)", "Hardshrink()",
    "Hardsigmoid()", "Hardswish()", "Hardtanh(-0.2, 0.4)", "LeakyReLU(0.2)", "LogSigmoid()",
    "Mish()", "PReLU()", "PReLU(4, init=0.1)", "ReLU()", "ReLU6()", "SELU()", "SiLU()", "Sigmoid()",
    "Softplus(2.0)", "Softshrink(0.3)", "Softsign()", "Tanh()", "Tanhshrink()", "Threshold(0.1, 5.0)",
]  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS)
def test_layer(layer):
    check(f"nn.{layer}", varied(3, 4), tolerance=1e-6)  # torch keeps some options as float32


@pytest.mark.parametrize("layer", ["ReLU", "ReLU6", "ELU", "SELU", "SiLU", "Hardtanh", "LeakyReLU"])
def test_in_place(layer):
    same(
        f"m = torch.nn.{layer}(inplace=True); x = torch.linspace(-1, 1, 5); y = m(x);"
        "[repr(m), y is x, y.tolist()]",
        tolerance=1e-6,
    )


def test_slopes_at_random_stay_in_their_range():
    m = torch.nn.RReLU(0.1, 0.3)
    x = -torch.ones(1000)
    y = m(x)
    assert float(y.min()) >= -0.3
    assert float(y.max()) <= -0.1
    assert len(set(y.tolist())) > 900
    assert m.eval()(x).tolist() == pytest.approx([-0.2] * 1000)


def test_old_names_of_arguments():
    same("torch.nn.Hardtanh(1.0, 0.0)", "max_val (0.0) must be greater than min_val (1.0)")
    with pytest.warns(FutureWarning, match="min_value"):
        torch.nn.Hardtanh(min_value=-3.0)

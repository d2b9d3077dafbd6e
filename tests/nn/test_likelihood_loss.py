"""Negative log-likelihoods."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied

pytestmark = pytest.mark.torch

COUNTS = "(torch.arange(12) % 5).reshape(4, 3).double().detach()"


X = varied(4, 3)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("loss", "inputs"),
    [
        ("PoissonNLLLoss({})", [X, COUNTS]),
        ("PoissonNLLLoss(log_input=False, full=True, {})", [f"{X}.abs()", COUNTS]),
        ("GaussianNLLLoss({})", [X, f"{X} * 0.5", f"{X}.abs() + 0.05"]),
        ("GaussianNLLLoss(full=True, eps=0.1, {})", [X, f"{X} * 0.5", f"{X}.abs() + 0.05"]),
    ],
)
def test_loss(loss, inputs, reduction):
    check(f"nn.{loss.format(f'reduction={reduction!r}')}", *inputs, tolerance=1e-6)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_ctc(reduction):
    check(
        f"nn.CTCLoss(blank=1, zero_infinity=True, reduction={reduction!r})",
        f"torch.log_softmax({varied(6, 2, 4)}, 2)",
        "torch.tensor([[0, 2, 3], [2, 2, 0]])",
        "torch.tensor([6, 5])",
        "torch.tensor([3, 2])",
        tolerance=1e-5,
    )

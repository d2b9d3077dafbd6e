"""Schedules that are a formula."""

from __future__ import annotations

import pytest

from tests.optim.rates import check
from tests.twin import same

pytestmark = pytest.mark.torch

SCHEDULES = [
    "StepLR(o, 3)",
    "StepLR(o, step_size=2, gamma=0.5)",
    "MultiStepLR(o, [2, 5, 5, 9], gamma=0.3)",
    "ConstantLR(o, factor=0.25, total_iters=4)",
    "LinearLR(o, start_factor=0.5, end_factor=0.1, total_iters=7)",
    "LinearLR(o)",
    "ExponentialLR(o, 0.9)",
    "PolynomialLR(o, total_iters=8, power=2.0)",
    "CosineAnnealingLR(o, 5)",
    "CosineAnnealingLR(o, T_max=20, eta_min=0.1)",
]


@pytest.mark.parametrize("make", SCHEDULES)
def test_rates(make):
    check(f"s.{make}")


@pytest.mark.parametrize("make", SCHEDULES)
def test_the_closed_form_gives_the_rate_of_any_epoch(make):
    same(
        "import warnings\np = torch.nn.Parameter(torch.ones(1)); o = torch.optim.SGD([p], lr=1.0)\n"
        f"s = torch.optim.lr_scheduler; m = s.{make}; o.step(); log = []\n"
        "for epoch in (3, 7, 1):\n    m.step(epoch); log.append(m.get_last_lr())\n"
        "log",
        tolerance=1e-12,
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            "ConstantLR(o, factor=2.0)",
            "Constant multiplicative factor expected to be between 0 and 1",
        ),
        (
            "LinearLR(o, start_factor=0)",
            "Starting multiplicative factor expected to be greater than 0",
        ),
        (
            "LinearLR(o, end_factor=2)",
            "Ending multiplicative factor expected to be between 0 and 1",
        ),
    ],
)
def test_refusals(make, words):
    same(
        "o = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0);"
        f"torch.optim.lr_scheduler.{make}",
        words,
    )

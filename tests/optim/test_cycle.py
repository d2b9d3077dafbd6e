"""Schedules that rise and fall."""

from __future__ import annotations

import pytest

from tests.optim.rates import check
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("make", "optimizer"),
    [
        ("OneCycleLR(o, max_lr=2.0, total_steps=20, cycle_momentum=False)", "SGD"),
        ("OneCycleLR(o, max_lr=2.0, total_steps=20)", "SGD"),
        ("OneCycleLR(o, [2.0, 1.0], epochs=4, steps_per_epoch=5, three_phase=True)", "Adam"),
        ("OneCycleLR(o, 2.0, 18, anneal_strategy='linear', pct_start=0.4)", "AdamW"),
        ("CosineAnnealingWarmRestarts(o, 3)", "SGD"),
        ("CosineAnnealingWarmRestarts(o, 2, T_mult=2, eta_min=0.01)", "SGD"),
    ],
)
def test_rates(make, optimizer):
    check(f"s.{make}", optimizer=optimizer)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_restarts_between_epochs(factor):
    same(
        "o = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0); log = []\n"
        f"m = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 3, {factor})\n"
        "for e in (0.5, 1.25, 2.9, 3.1, 9.5, 14.0, 1.0):\n"
        "    m.step(e); log.append([*m.get_last_lr(), m.T_i, m.last_epoch])\n"
        "log",
        tolerance=1e-12,
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            "OneCycleLR(o, 1.0)",
            "You must define either total_steps OR (epochs AND steps_per_epoch)",
        ),
        ("OneCycleLR(o, 1.0, 0)", "Expected positive integer total_steps, but got 0"),
        (
            "OneCycleLR(o, 1.0, epochs=1, steps_per_epoch=-1)",
            "Expected positive integer steps_per_epoch",
        ),
        (
            "OneCycleLR(o, 1.0, 5, pct_start=2)",
            "Expected float between 0 and 1 pct_start, but got 2",
        ),
        (
            "OneCycleLR(o, 1.0, 5, anneal_strategy='x')",
            "anneal_strategy must be one of 'cos' or 'linear'",
        ),
        (
            "OneCycleLR(o, [1.0, 2.0], 5)",
            "max_lr must have the same length as optimizer.param_groups",
        ),
        ("OneCycleLR(3, 1.0, 5)", "int is not an Optimizer"),
        ("CosineAnnealingWarmRestarts(o, 0)", "Expected positive integer T_0, but got 0"),
        ("CosineAnnealingWarmRestarts(o, 1, 0)", "Expected integer T_mult >= 1, but got 0"),
        ("CosineAnnealingWarmRestarts(o, 1).step(-1)", "Expected non-negative epoch, but got -1"),
    ],
)
def test_refusals(make, words):
    same(
        "o = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0);"
        f"torch.optim.lr_scheduler.{make}",
        words,
    )


def test_a_cycle_ends():
    same(
        "o = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)\n"
        "m = torch.optim.lr_scheduler.OneCycleLR(o, 1.0, 2)\n"
        "for _ in range(4):\n    o.step(); m.step()\n"
        "1",
        "Tried to step",
    )

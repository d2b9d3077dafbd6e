"""Schedules of functions and of other schedules."""

# ruff: noqa: E501 (programs in strings)

from __future__ import annotations

import pytest

from tests.optim.rates import check
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    "make",
    [
        "LambdaLR(o, lambda e: 0.9 ** e)",
        "LambdaLR(o, [lambda e: 0.9 ** e, lambda e: 1 / (1 + e)])",
        "MultiplicativeLR(o, lambda e: 0.95)",
        "SequentialLR(o, [s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9)], milestones=[3])",
        "SequentialLR(o, [s.LinearLR(o), s.StepLR(o, 2), s.CosineAnnealingLR(o, 4)], [2, 6])",
        "ChainedScheduler([s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9)], optimizer=o)",
    ],
)
def test_rates(make):
    if "Sequential" in make or "Chained" in make:
        same(
            "p = torch.nn.Parameter(torch.ones(1)); o = torch.optim.SGD([p], lr=1.0)\n"
            f"s = torch.optim.lr_scheduler; m = s.{make}; log = [m.get_last_lr()]\n"
            "for _ in range(10):\n    o.step(); m.step(); log.append([*m.get_last_lr(), o.param_groups[0]['lr']])\n"
            "d = m.state_dict()\n"
            "[log, len(d['_schedulers']), sorted(d['_schedulers'][0])]",
            tolerance=1e-12,
        )
        return
    check(f"s.{make}")


def test_the_state_of_functions_that_are_objects_is_saved():
    same(
        "class Grow:\n    n = 1\n    def __call__(self, e):\n        return self.n * e\n"
        "o = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)\n"
        "g = Grow(); g.n = 5; m = torch.optim.lr_scheduler.LambdaLR(o, g); d = m.state_dict()\n"
        "h = Grow(); k = torch.optim.lr_scheduler.LambdaLR(o, h); k.load_state_dict(d)\n"
        "[d['lr_lambdas'], h.n]"
    )


def test_a_chain_goes_on_from_its_state():
    same(
        "def make():\n"
        "    o = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)\n"
        "    s = torch.optim.lr_scheduler\n"
        "    return o, s.SequentialLR(o, [s.LinearLR(o), s.StepLR(o, 2)], milestones=[3])\n"
        "o, m = make()\n"
        "for _ in range(5):\n    o.step(); m.step()\n"
        "d, e = m.state_dict(), o.state_dict()\n"
        "o, m = make(); m.load_state_dict(d); o.load_state_dict(e); log = []\n"
        "for _ in range(4):\n    o.step(); m.step(); log.append(m.get_last_lr())\n"
        "log",
        tolerance=1e-12,
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        ("LambdaLR(o, [lambda e: e] * 2)", "Expected 1 lr_lambdas, but got 2"),
        ("MultiplicativeLR(o, 3)", "lr_lambda should be a function, but got int"),
        ("SequentialLR(o, [], [])", "expects at least one scheduler"),
        (
            "SequentialLR(o, [s.StepLR(o, 1)], [1])",
            "number of schedulers provided to be one more than",
        ),
        ("SequentialLR(o, [3], [])", "should have `optimizer` as its attribute"),
        ("SequentialLR(o, [s.ReduceLROnPlateau(o)], [])", "does not support `ReduceLROnPlateau`"),
        (
            "SequentialLR(o, [s.StepLR(q, 1)], [])",
            "expects all schedulers to belong to the same optim",
        ),
        ("ChainedScheduler([])", "expects at least one scheduler"),
    ],
)
def test_refusals(make, words):
    same(
        "p = torch.nn.Parameter(torch.ones(1)); o = torch.optim.SGD([p], lr=1.0);"
        "q = torch.optim.SGD([p], lr=1.0); s = torch.optim.lr_scheduler;"
        f"s.{make}",
        words,
    )

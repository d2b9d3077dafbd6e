"""The schedule that follows a metric."""

# ruff: noqa: E501 (programs in strings)

from __future__ import annotations

import pytest

from tests.twin import same

pytestmark = pytest.mark.torch

START = """
s = torch.optim.lr_scheduler
o = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
"""
METRICS = "[3.0, 2.0, 2.0, 1.99999, 2.1, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.6, 0.7, 0.8]"


@pytest.mark.parametrize(
    "options",
    [
        "patience=1",
        "patience=0, factor=0.5, cooldown=2",
        "mode='max', patience=2",
        "mode='max', threshold_mode='abs', threshold=0.5, patience=1",
        "threshold_mode='abs', threshold=0.2, patience=1, min_lr=0.05",
        "patience=0, min_lr=[0.3], eps=0.1",
    ],
)
def test_rates(options):
    same(
        f"{START}m = s.ReduceLROnPlateau(o, {options}); log = [m.get_last_lr()]\n"
        f"for x in {METRICS}:\n"
        "    m.step(x); log.append([*m.get_last_lr(), m.best, m.num_bad_epochs, m.in_cooldown])\n"
        "d = m.state_dict()\n"
        f"n = s.ReduceLROnPlateau(o, {options}); n.load_state_dict(d)\n"
        "n.step(torch.tensor(2.5)); [log, sorted(d), n.get_last_lr(), n.last_epoch]",
        tolerance=1e-12,
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("o, factor=1.5", "Factor should be < 1.0."),
        ("3", "int is not an Optimizer"),
        ("o, 'middle'", "mode middle is unknown!"),
        ("o, threshold_mode='x'", "threshold mode x is unknown!"),
        ("o, min_lr=[1, 2]", "expected 1 min_lrs, got 2"),
    ],
)
def test_refusals(options, words):
    same(f"{START}s.ReduceLROnPlateau({options})", words)


def test_a_group_that_came_later():
    add = "o.add_param_group({'params': torch.nn.Parameter(torch.ones(1)), 'lr': 1.0})"
    same(
        f"{START}m = s.ReduceLROnPlateau(o, patience=0)\n{add}\nm.step(1.0); m.step(1.0); m.get_last_lr()"
    )
    same(
        f"{START}m = s.ReduceLROnPlateau(o, patience=0, min_lr=[0.1])\n{add}\nm.step(1.0); m.step(1.0)",
        "differs from when `ReduceLROnPlateau` was initialized",
    )

"""Adafactor against torch, step by step."""

from __future__ import annotations

import pytest

from tests.optim.race import race
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.1, "beta2_decay": -0.3, "maximize": True},
        {"lr": 0.5, "eps": (1e-4, 0.25), "d": 2.0, "weight_decay": 0.1},
    ],
)
def test_steps(options, dtype):
    race("Adafactor", options, dtype)


@pytest.mark.parametrize("shape", ["(2, 3, 4)", "(1, 1)", "(5,)", "()"])
def test_shapes(shape):
    same(
        f"p = torch.nn.Parameter(torch.full({shape}, 2.0)); o = torch.optim.Adafactor([p])\n"
        "Xp.grad = torch.ones_like(p)\n"
        "o.step(); o.step()\n"
        "[p, o.state_dict()['state']]"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("lr=-1", "Learning rate should be >= 0 but is: -1"),
        ("beta2_decay=0.8", "beta2_decay should be <= 0 but is: 0.8"),
        ("eps=(-1e-30, 1e-3)", "epsilon1 should be >= 0 but is: -1e-30"),
        ("eps=(None, -1e-3)", "epsilon2 should be >= 0 but is: -0.001"),
        ("d=0.0", "Clipping threshold d should be >= 1 but is: 0.0"),
        ("weight_decay=-1", "weight_decay should be >= 0 but is: -1"),
    ],
)
def test_refusals(options, words):
    same(f"torch.optim.Adafactor([torch.nn.Parameter(torch.ones(1))], {options})", words)


def test_complex_parameters_are_refused():
    same(
        "p = torch.nn.Parameter(torch.ones(2, dtype=torch.complex64))\n"
        "p.grad = torch.ones_like(p)\n"
        "torch.optim.Adafactor([p]).step()",
        "Adafactor does not support complex parameters",
    )

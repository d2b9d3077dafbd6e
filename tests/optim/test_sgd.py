"""SGD against torch, step by step."""

from __future__ import annotations

import pytest

from tests.optim.race import race
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "options",
    [
        {"lr": 0.1},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.3},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        {"lr": 0.1, "weight_decay": 0.1},
        {"lr": 0.1, "momentum": 0.8, "weight_decay": 0.05, "nesterov": True, "maximize": True},
        {"lr": 0.1, "momentum": 0.9, "foreach": True},
        {"lr": 0.1, "momentum": 0.9, "fused": True},
    ],
)
def test_steps(options, dtype):
    race("SGD", options, dtype)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "complex64"])
def test_other_types(dtype):
    race("SGD", {"lr": 0.125, "momentum": 0.5, "weight_decay": 0.25}, dtype)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("lr=-1", "Invalid learning rate: -1"),
        ("momentum=-0.5", "Invalid momentum value: -0.5"),
        ("weight_decay=-2.0", "Invalid weight_decay value: -2.0"),
        ("nesterov=True", "Nesterov momentum requires a momentum and zero dampening"),
    ],
)
def test_refusals(options, words):
    same(f"torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], {options})", words)


def test_the_rate_may_be_a_tensor():
    same(
        "p = torch.nn.Parameter(torch.ones(2)); p.grad = torch.ones(2);"
        "torch.optim.SGD([p], lr=torch.tensor(0.5)).step(); p"
    )


def test_momentum_that_is_set_later():
    same(
        "p = torch.nn.Parameter(torch.ones(2)); p.grad = torch.ones(2);"
        "o = torch.optim.SGD([p], lr=0.5); o.step(); o.param_groups[0]['momentum'] = 0.5;"
        "o.step(); o.step(); [p, o.state_dict()['state']]"
    )

"""Adam and AdamW against torch, step by step."""

from __future__ import annotations

import pytest

from tests.optim.race import race
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("kind", ["Adam", "AdamW"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3},
        {"lr": 0.1, "betas": (0.0, 0.9)},
        {"weight_decay": 0.1},
        {"lr": 0.1, "amsgrad": True, "maximize": True},
        {"lr": 0.1, "weight_decay": 0.1, "maximize": True, "foreach": True},
        {"fused": True},
    ],
)
def test_steps(kind, options, dtype):
    race(kind, options, dtype)


def test_decoupled_decay_is_adamw():
    race("Adam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}, "float32")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "complex64"])
def test_other_types(dtype):
    race("Adam", {"lr": 0.125, "eps": 1e-3}, dtype)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("lr=-1", "Invalid learning rate: -1"),
        ("eps=-0.5", "Invalid epsilon value: -0.5"),
        ("betas=(1.0, 0.9)", "Invalid beta parameter at index 0: 1.0"),
        ("betas=(0.9, -1.0)", "Invalid beta parameter at index 1: -1.0"),
        ("weight_decay=-2.0", "Invalid weight_decay value: -2.0"),
    ],
)
@pytest.mark.parametrize("kind", ["Adam", "AdamW"])
def test_refusals(kind, options, words):
    same(f"torch.optim.{kind}([torch.nn.Parameter(torch.ones(1))], {options})", words)

"""Options that optimizers share."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from dtrain.optim.options import check_at_least, descent, move_towards, with_decay
from tests.twin import same


@pytest.mark.parametrize(
    "options",
    [
        {"foreach": True, "fused": True},
        {"fused": True, "differentiable": True},
    ],
)
def test_spellings_that_exclude_each_other(options):
    p = dtrain.nn.Parameter(dtrain.ones(1))
    with pytest.raises(RuntimeError, match="`fused`"):
        dtrain.optim.SGD([p], **options)


def test_limits():
    check_at_least(0, rate=0, decay=3)
    with pytest.raises(ValueError, match="Invalid first rate: -1"):
        check_at_least(0, first__rate=-1)
    with pytest.raises(ValueError, match="nan"):
        check_at_least(0, rate=float("nan"))


def test_the_gradient_itself_is_left_alone():
    p, g = np.ones(3), np.arange(3.0)
    group = {"maximize": True, "weight_decay": 0.5}
    assert with_decay(p, g, group).tolist() == [0.5, -0.5, -1.5]
    assert g.tolist() == [0, 1, 2]
    assert with_decay(p, g, {"maximize": False, "weight_decay": 0}) is g


def test_descent_and_moves():
    g = np.arange(3.0)
    assert descent(g, {"maximize": False}) is g
    assert descent(g, {"maximize": True}).tolist() == [0, -1, -2]
    mean = np.array([0.0, 1.0])
    move_towards(np, mean, np.array([4.0, 1.0]), 0.25)
    assert mean.tolist() == [1.0, 1.0]


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["SGD", "Adam", "Adagrad", "Rprop", "Adadelta"])
@pytest.mark.parametrize("lr", ["torch.tensor([0.5, 0.5])", "-1"])
def test_rates(kind, lr):
    words = "Tensor lr must be 1-element" if "tensor" in lr else "Invalid learning rate"
    same(f"torch.optim.{kind}([torch.nn.Parameter(torch.ones(1))], lr={lr})", words)

"""Options that optimizers share."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from dtrain.optim.options import check_at_least, with_decay


@pytest.mark.parametrize(
    "options",
    [
        {"foreach": True, "fused": True},
        {"differentiable": True},
        {"fused": True, "differentiable": True},
    ],
)
def test_spellings_that_exclude_each_other(options):
    p = dtrain.nn.Parameter(dtrain.ones(1))
    with pytest.raises((RuntimeError, ValueError), match=r"differentiable|fused"):
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

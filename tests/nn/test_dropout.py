"""Dropout layers."""

from __future__ import annotations

import pytest

import dtrain as torch
from tests.twin import same

NAMES = ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"]
SHAPES = {"Dropout1d": (50, 40, 3), "Dropout3d": (50, 40, 2, 2, 2)}


@pytest.mark.torch
@pytest.mark.parametrize("name", NAMES)
def test_print_and_range(name):
    same(f"repr(torch.nn.{name}(0.3, inplace=True))")
    same(f"torch.nn.{name}(1.5)", "dropout probability has to be between 0 and 1, but got 1.5")


@pytest.mark.parametrize("name", NAMES)
def test_evaluation_hands_the_input_on(name):
    x = torch.ones(SHAPES.get(name, (50, 40, 3, 3)))
    assert torch.equal(getattr(torch.nn, name)(0.5).eval()(x), x)


@pytest.mark.parametrize("name", ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d"])
def test_a_share_becomes_zero_and_the_mean_stays(name):
    torch.manual_seed(1)
    y = getattr(torch.nn, name)(0.25)(torch.ones(SHAPES.get(name, (50, 40, 3, 3))))
    assert sorted(set(y.reshape(-1).tolist())) == pytest.approx([0.0, 4 / 3])
    assert float(y.mean()) == pytest.approx(1.0, abs=0.1)
    whole = y.reshape(50 * 40, -1)
    alike = float((whole == whole[:, :1]).all(1).float().mean())
    assert (alike == 1) is (name != "Dropout")

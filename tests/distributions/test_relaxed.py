"""RelaxedBernoulli, RelaxedOneHotCategorical, LogisticNormal."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.distributions.oracle import case, standard_tests

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

P = [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]
ROWS = [[0.2, 0.3, 0.5], [0.6, 0.1, 0.3]]
CASES = [
    case("RelaxedBernoulli",
         lambda t, p: t.distributions.RelaxedBernoulli(p(0.7), p([0.2, 0.5, 0.9])), [0.1, 0.5, 0.7],
         spread=False),
    case("RelaxedBernoulli-logits",
         lambda t, p: t.distributions.RelaxedBernoulli(p(0.7), logits=p([0.2, -0.5])), [0.1, 0.5],
         spread=False),
    case("RelaxedOneHotCategorical",
         lambda t, p: t.distributions.RelaxedOneHotCategorical(p(0.7), p(P)), ROWS, spread=False),
    case("LogisticNormal",
         lambda t, p: t.distributions.LogisticNormal(p([[0.1, 0.5], [1.0, -1.0]]), p([0.5, 1.0])),
         ROWS, spread=False),
]  # fmt: skip
globals().update(standard_tests(*CASES))


def test_a_low_temperature_gives_choices() -> None:
    d = dtrain.distributions.RelaxedOneHotCategorical(dtrain.tensor(0.02), dtrain.tensor(P))
    dtrain.manual_seed(0)
    x = d.sample((5000,)).round().mean(0)
    np.testing.assert_allclose(x._a, P, atol=0.03)


def test_temperature_is_known() -> None:
    for t in (torch, dtrain):
        d = t.distributions.RelaxedBernoulli(t.tensor(0.5), t.tensor([0.2, 0.3])).expand((4, 2))
        assert d.temperature.item() == 0.5
        assert tuple(d.probs.shape) == (4, 2)

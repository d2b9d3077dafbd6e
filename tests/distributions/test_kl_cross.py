"""Divergences between families."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.distributions.divergences import PAIRS, both, check_pair

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


@pytest.mark.parametrize("names", [n for n in PAIRS if n[0] != n[1]], ids="-".join)
def test_a_pair_that_torch_has(names) -> None:
    check_pair(names)


@pytest.mark.parametrize(
    "names",
    [("Exponential", "Normal"), ("Gamma", "Gumbel"), ("Uniform", "Beta"), ("Beta", "Normal")],
    ids="-".join,
)
def test_divergences_are_averages_of_the_log_ratio(names) -> None:
    p, q, _ = both(dtrain, names)
    dtrain.manual_seed(0)
    x = p.sample((100_000,))
    average = (p.log_prob(x) - q.log_prob(x)).mean(0)
    np.testing.assert_allclose(
        average.detach()._a,
        dtrain.distributions.kl_divergence(p, q).detach()._a,
        rtol=0.05,
        atol=0.02,
    )

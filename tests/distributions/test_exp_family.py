"""Exponential families of one's own."""

from __future__ import annotations

import math
from types import MappingProxyType

import numpy as np
import pytest

import dtrain

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def exponential(t):
    """Return a class for exp(theta x - log(-1 / theta)) with theta = -rate."""

    class Own(t.distributions.ExponentialFamily):
        arg_constraints = MappingProxyType({})
        _mean_carrier_measure = 0

        def __init__(self, rate):
            self.rate = rate
            super().__init__(rate.shape)

        @property
        def _natural_params(self):
            return (-self.rate,)

        def _log_normalizer(self, x):
            return -(-x).log()

    return Own


def test_entropy_and_divergence_follow_from_the_normalizer() -> None:
    Own, D = exponential(dtrain), dtrain.distributions
    p, q = dtrain.tensor([0.5, 2.0]), dtrain.tensor([1.0, 3.0])
    np.testing.assert_allclose(Own(p).entropy().detach()._a, 1 - np.log([0.5, 2.0]), rtol=1e-6)
    np.testing.assert_allclose(
        D.kl_divergence(Own(p), Own(q)).detach()._a,
        D.kl_divergence(D.Exponential(p), D.Exponential(q))._a, rtol=1e-6,
    )  # fmt: skip
    assert math.isfinite(Own(p).entropy().sum().item())
    theirs = exponential(torch)(torch.tensor([0.5, 2.0])).entropy().detach().numpy()
    np.testing.assert_allclose(Own(p).entropy().detach()._a, theirs, rtol=1e-6)


def test_different_families_have_no_divergence() -> None:
    first, second = exponential(dtrain), exponential(dtrain)
    with pytest.raises(NotImplementedError, match="Bregman"):
        dtrain.distributions.kl_divergence(first(dtrain.ones(1)), second(dtrain.ones(1)))

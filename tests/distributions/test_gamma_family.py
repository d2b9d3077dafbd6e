"""Exponential, Gamma, Chi2, Dirichlet, Beta, FisherSnedecor."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.distributions.oracle import case, cases, check_mean_gradient, standard_tests

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

A, B = [[0.6], [3.0]], [0.7, 2.0, 5.0]
AT = np.linspace(0.1, 6, 6).reshape(2, 3)
CASES = [
    case("Exponential", lambda t, p: t.distributions.Exponential(p(B)), AT),
    case("Gamma", lambda t, p: t.distributions.Gamma(p(A), p(B)), AT),
    case("Chi2", lambda t, p: t.distributions.Chi2(p(B)), AT),
    case("Dirichlet", lambda t, p: t.distributions.Dirichlet(p([[0.5, 2.0, 3.0], [4.0, 1.5, 1.2]])),
         [[0.2, 0.3, 0.5], [0.6, 0.1, 0.3]]),
    case("Beta", lambda t, p: t.distributions.Beta(p(A), p(B)), AT / 7),
    case("FisherSnedecor", lambda t, p: t.distributions.FisherSnedecor(p([3.0, 20.0]), p(30.0)),
         [0.5, 2.0]),
]  # fmt: skip
globals().update(standard_tests(*CASES))


@cases(*CASES[:3], CASES[4])
def test_gradients_through_samples(case) -> None:
    check_mean_gradient(case, count=15_000)


def test_dirichlet_gradients_through_samples() -> None:
    a = dtrain.tensor([1.5, 2.0, 4.0], dtype=dtrain.float64, requires_grad=True)
    d = dtrain.distributions.Dirichlet(a)
    dtrain.manual_seed(0)
    (got,) = dtrain.autograd.grad((d.rsample((20_000,)) ** 2).mean(0)[0], a)
    (expected,) = dtrain.autograd.grad((d.variance + d.mean**2)[0], a)
    np.testing.assert_allclose(got._a, expected._a, atol=8e-3)


def test_the_mode_of_a_flat_dirichlet_is_a_corner() -> None:
    a = [[0.5, 0.9, 0.2], [3.0, 1.0, 2.0]]
    got = dtrain.distributions.Dirichlet(dtrain.tensor(a)).mode
    expected = torch.distributions.Dirichlet(torch.tensor(a)).mode
    np.testing.assert_allclose(got._a, expected.numpy())


def test_small_float32_shapes_keep_samples_positive() -> None:
    x = dtrain.distributions.Gamma(dtrain.tensor(1e-3), 1.0).sample((1000,))
    assert bool((x > 0).all())

"""MultivariateNormal and LowRankMultivariateNormal."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.distributions.oracle import case, cases, check_mean_gradient, standard_tests

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

LOC = [[0.5, -1.0, 2.0], [0.0, 0.0, 1.0]]
TRIANGLE = np.array([[1.2, 0, 0], [0.5, 0.8, 0], [-0.3, 0.4, 1.5]])
MATRIX = TRIANGLE @ TRIANGLE.T
AT = [[0.1, 0.2, 0.3], [1.0, -1.0, 2.0]]
FACTOR, DIAGONAL = [[0.5, 0.1], [-0.2, 1.0], [0.3, 0.7]], [0.5, 1.0, 2.0]
CASES = [
    case("covariance", lambda t, p: t.distributions.MultivariateNormal(p(LOC), p(MATRIX)), AT),
    case("precision",
         lambda t, p: t.distributions.MultivariateNormal(p(LOC), precision_matrix=p(MATRIX)), AT),
    case("scale_tril",
         lambda t, p: t.distributions.MultivariateNormal(p(LOC), scale_tril=p(TRIANGLE)), AT),
    case("low-rank", lambda t, p: t.distributions.LowRankMultivariateNormal(
        p(LOC), p(FACTOR), p(DIAGONAL)), AT),
]  # fmt: skip
globals().update(standard_tests(*CASES))


@cases(CASES[2], CASES[3])
def test_gradients_through_samples(case) -> None:
    check_mean_gradient(case)


@pytest.mark.parametrize("name", ["covariance_matrix", "precision_matrix", "scale_tril"])
@pytest.mark.parametrize("case", CASES)
def test_the_matrices(case, name) -> None:
    from tests.distributions.oracle import made

    theirs, ours, _, _ = made(case)
    got, expected = getattr(ours, name), getattr(theirs, name)
    np.testing.assert_allclose(got.detach()._a, expected.detach().numpy(), rtol=1e-9, atol=1e-12)


def test_samples_have_the_covariance() -> None:
    d = dtrain.distributions.MultivariateNormal(dtrain.zeros(3), dtrain.tensor(MATRIX).float())
    dtrain.manual_seed(0)
    np.testing.assert_allclose(np.cov(d.sample((50_000,))._a.T), MATRIX, atol=0.06)


def test_one_matrix_and_no_more() -> None:
    for t in (torch, dtrain):
        with pytest.raises(ValueError, match="Exactly one of"):
            t.distributions.MultivariateNormal(t.zeros(2))
        with pytest.raises(ValueError, match="PositiveDefinite"):
            t.distributions.MultivariateNormal(t.zeros(2), -t.eye(2))

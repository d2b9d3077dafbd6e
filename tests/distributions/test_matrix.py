"""Wishart and LKJCholesky."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.distributions.oracle import case, standard_tests

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

TRIANGLE = np.array([[1.2, 0, 0], [0.5, 0.8, 0], [-0.3, 0.4, 1.5]])
MATRIX = TRIANGLE @ TRIANGLE.T
CASES = [
    case(
        "Wishart",
        lambda t, p: t.distributions.Wishart(p([6.0, 9.5]), p(MATRIX)),
        [MATRIX, MATRIX * 7],
        loose=10,
    ),
    case(
        "Wishart-scale_tril",
        lambda t, p: t.distributions.Wishart(p(7.0), scale_tril=p(TRIANGLE).tril()),
        MATRIX * 5,
        loose=10,
    ),
    case("LKJCholesky", lambda t, p: t.distributions.LKJCholesky(4, p([0.7, 3.0])), spread=False),
]
globals().update(standard_tests(*CASES))


def test_correlations_have_the_known_variance() -> None:
    """Off the diagonal, (r + 1) / 2 is beta-distributed with eta - 1 + dim / 2 on both sides."""
    eta, dim = 2.0, 3
    dtrain.manual_seed(0)
    factor = dtrain.distributions.LKJCholesky(dim, eta).sample((40_000,))
    r = (factor @ factor.mT)._a
    a = eta - 1 + dim / 2
    expected = 4 * a * a / ((2 * a) ** 2 * (2 * a + 1))
    for i, j in ((1, 0), (2, 0), (2, 1)):
        np.testing.assert_allclose(r[:, i, j].var(), expected, rtol=0.05)
        assert abs(r[:, i, j].mean()) < 0.01


def test_too_few_degrees_of_freedom() -> None:
    for t in (torch, dtrain):
        with pytest.raises(ValueError, match="expected to be greater than ndim - 1"):
            t.distributions.Wishart(t.tensor(1.0), t.eye(3))

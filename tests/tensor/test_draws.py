"""Poisson, binomial, gamma and Dirichlet draws."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from dtrain.tensor import draws

N = 40_000


def test_poisson() -> None:
    rate = dtrain.tensor([0.0, 0.3, 4.0, 900.0])
    dtrain.manual_seed(0)
    x = draws.poisson(rate.expand(N, 4))
    assert x.dtype is dtrain.float32
    np.testing.assert_allclose(x._a.mean(0), rate._a, rtol=0.03)
    np.testing.assert_allclose(x._a.var(0), rate._a, rtol=0.05)
    with pytest.raises(RuntimeError, match="invalid Poisson rate"):
        draws.poisson(dtrain.tensor([-1.0]))


def test_poisson_has_a_zero_gradient() -> None:
    rate = dtrain.ones(3, requires_grad=True)
    draws.poisson(rate).sum().backward()
    assert rate.grad.tolist() == [0, 0, 0]


def test_binomial() -> None:
    count, prob = dtrain.tensor([5.0, 40.0]), dtrain.tensor([0.2, 0.9])
    dtrain.manual_seed(0)
    x = draws.binomial(count.expand(N, 2), prob)
    np.testing.assert_allclose(x._a.mean(0), [1, 36], rtol=0.02)
    np.testing.assert_allclose(x._a.var(0), [0.8, 3.6], rtol=0.05)


def test_gamma() -> None:
    shape = dtrain.tensor([0.1, 1.0, 30.0], dtype=dtrain.float64)
    dtrain.manual_seed(0)
    x = draws.standard_gamma(shape.expand(N, 3))
    np.testing.assert_allclose(x._a.mean(0), shape._a, rtol=0.05)
    np.testing.assert_allclose(x._a.var(0), shape._a, rtol=0.1)


def test_the_gradient_of_a_gamma_number_keeps_its_quantile() -> None:
    mpmath = pytest.importorskip("mpmath")
    shape = dtrain.tensor([0.05, 0.7, 3.0, 25.0, 400.0], dtype=dtrain.float64, requires_grad=True)
    dtrain.manual_seed(3)
    x = draws.standard_gamma(shape)
    (got,) = dtrain.autograd.grad(x.sum(), shape)
    for a, at, slope in zip(shape.tolist(), x.tolist(), got.tolist(), strict=True):

        def cdf(q, at=at):
            return mpmath.gammainc(q, 0, at, regularized=True)

        with mpmath.workdps(40):
            h = mpmath.mpf(a) * mpmath.mpf(10) ** -12
            rise = (cdf(a + h) - cdf(a - h)) / (2 * h)
            density = mpmath.exp((a - 1) * mpmath.log(at) - at - mpmath.loggamma(a))
            assert slope == pytest.approx(float(-rise / density), rel=1e-9)


def test_dirichlet() -> None:
    shape = dtrain.tensor([0.5, 1.0, 3.0])
    dtrain.manual_seed(0)
    x = draws.dirichlet(shape.expand(N, 3))
    assert x.dtype is dtrain.float32
    np.testing.assert_allclose(x._a.sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(x._a.mean(0), shape._a / 4.5, atol=0.01)


@pytest.mark.parametrize("draw", [draws.poisson, draws.standard_gamma, draws.dirichlet])
def test_a_seed_repeats_the_draw(draw) -> None:
    rates = dtrain.ones(50) * 3
    found = []
    for _ in range(2):
        g = dtrain.Generator().manual_seed(4)
        found.append((draw(rates, g).tolist(), draw(rates, g).tolist()))
    assert found[0] == found[1]
    assert found[0][0] != found[0][1]

"""Special functions: digits, derivatives, and the names of torch.special.

torch is the oracle of tests/samples/special.py; here 30 digits of mpmath are, for torch's own
bessel and incomplete gamma functions have six.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain.tensor.op import REGISTRY

mpmath = pytest.importorskip("mpmath")

BOTH = np.concatenate([-np.geomspace(1e-3, 37, 40), np.geomspace(1e-8, 37, 60)])
RIGHT = np.geomspace(1e-6, 500, 80)


def ncdf(x: Any) -> Any:
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


EXACT = {
    "erf": (mpmath.erf, BOTH),
    "erfc": (mpmath.erfc, BOTH[BOTH < 26]),
    "erfinv": (mpmath.erfinv, np.linspace(-0.999, 0.9999, 61)),
    "lgamma": (lambda x: mpmath.log(abs(mpmath.gamma(x))), RIGHT),
    "digamma": (mpmath.digamma, RIGHT),
    "i0": (lambda x: mpmath.besseli(0, x), BOTH),
    "special_erfcx": (lambda x: mpmath.exp(x * x) * mpmath.erfc(x), BOTH[BOTH > -26]),
    "special_ndtr": (ncdf, BOTH),
    "special_log_ndtr": (lambda x: mpmath.log(ncdf(x)) if x < 0 else mpmath.log1p(-ncdf(-x)), BOTH),
    "special_i0e": (lambda x: mpmath.besseli(0, x) * mpmath.exp(-abs(x)), BOTH),
    "special_i1": (lambda x: mpmath.besseli(1, x), BOTH),
    "special_i1e": (lambda x: mpmath.besseli(1, x) * mpmath.exp(-abs(x)), BOTH),
    "special_bessel_j0": (lambda x: mpmath.besselj(0, x), BOTH),
    "special_bessel_j1": (lambda x: mpmath.besselj(1, x), BOTH),
    "special_bessel_y0": (lambda x: mpmath.bessely(0, x), RIGHT),
    "special_bessel_y1": (lambda x: mpmath.bessely(1, x), RIGHT),
    "special_modified_bessel_k0": (lambda x: mpmath.besselk(0, x), RIGHT),
    "special_modified_bessel_k1": (lambda x: mpmath.besselk(1, x), RIGHT),
    "special_airy_ai": (mpmath.airyai, BOTH),
}


@pytest.mark.parametrize("name", EXACT)
def test_float64_has_thirteen_digits(name) -> None:
    exact, points = EXACT[name]
    with mpmath.workdps(30):
        expected = np.array([float(exact(mpmath.mpf(float(x)))) for x in points])
    got = REGISTRY[name].call(dtrain.tensor(points))._a
    # near the zeros of an oscillating function only the distance counts
    np.testing.assert_allclose(
        got, expected, rtol=2e-13, atol=1e-14 if "bessel" in name or "airy" in name else 0
    )


@pytest.mark.parametrize("name", EXACT)
def test_float32_is_the_rounded_result(name) -> None:
    points = EXACT[name][1].astype(np.float32)
    wide = REGISTRY[name].call(dtrain.tensor(points.astype(np.float64)))._a
    with np.errstate(over="ignore"):
        expected = wide.astype(np.float32)
    got = REGISTRY[name].call(dtrain.tensor(points))._a
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, rtol=6e-7 if name == "erf" else 1.2e-7)


@pytest.mark.parametrize(
    ("p", "expected"), [(1e-300, -37.04709640), (1e-20, -9.26234008980), (0.5, 0.0)]
)
def test_ndtri_reaches_far_into_the_tail(p, expected) -> None:
    got = dtrain.special.ndtri(dtrain.tensor(p, dtype=dtrain.float64)).item()
    assert got == pytest.approx(expected, rel=1e-8)


def lower_gamma(a: float, x: float) -> float:
    """Return P(a, x); mpmath's own series does not end for a large `a`."""
    with mpmath.workdps(40):
        if a < 1:
            return float(mpmath.gammainc(a, 0, x, regularized=True))
        end = mpmath.log(x)
        points = [end - 60 / a - 1, end - 30 / a, end - 5 / a, end]
        shift = mpmath.loggamma(a)
        return float(mpmath.quad(lambda t: mpmath.exp(a * t - mpmath.exp(t) - shift), points))


@pytest.mark.parametrize("a", [1e-3, 0.3, 7.0, 150.0, 1e5])
@pytest.mark.parametrize("side", [0.7, 0.999, 1.001, 1.6])
def test_incomplete_gamma(a, side) -> None:
    x = a * side if a < 100 else a + (side - 1) * 10 * np.sqrt(a)
    lower = lower_gamma(a, x)
    pair = [dtrain.tensor(v, dtype=dtrain.float64) for v in (a, x)]
    assert dtrain.igamma(*pair).item() == pytest.approx(lower, rel=1e-11)
    assert dtrain.igammac(*pair).item() == pytest.approx(1 - lower, rel=1e-9)


@pytest.mark.parametrize(
    "name",
    [
        "special_bessel_j0",
        "special_bessel_j1",
        "special_bessel_y0",
        "special_bessel_y1",
        "special_modified_bessel_k0",
        "special_modified_bessel_k1",
        "special_scaled_modified_bessel_k0",
        "special_scaled_modified_bessel_k1",
    ],
)
def test_derivatives_that_torch_lacks(name) -> None:
    points = np.linspace(0.3, 14, 23)
    x = dtrain.tensor(points, requires_grad=True)
    fn = REGISTRY[name].call
    (slope,) = dtrain.autograd.grad(fn(x).sum(), x, create_graph=True)
    (second,) = dtrain.autograd.grad(slope.sum(), x)
    h = 1e-5
    up, down = fn(dtrain.tensor(points + h))._a, fn(dtrain.tensor(points - h))._a
    np.testing.assert_allclose(slope.detach()._a, (up - down) / (2 * h), rtol=1e-6, atol=1e-8)
    middle = fn(dtrain.tensor(points))._a
    np.testing.assert_allclose(second._a, (up - 2 * middle + down) / h**2, rtol=1e-3, atol=1e-4)


def test_incomplete_gamma_has_a_derivative_in_its_shape() -> None:
    a = dtrain.tensor([0.4, 3.0, 50.0], dtype=dtrain.float64, requires_grad=True)
    x = dtrain.tensor([0.9, 2.0, 55.0], dtype=dtrain.float64)
    (got,) = dtrain.autograd.grad(dtrain.igamma(a, x).sum(), a)
    h = 1e-6
    with dtrain.no_grad():
        expected = (dtrain.igamma(a + h, x) - dtrain.igamma(a - h, x)) / (2 * h)
    np.testing.assert_allclose(got._a, expected._a, rtol=1e-7)


def test_what_has_no_derivative_says_so() -> None:
    x = dtrain.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="derivative for special_airy_ai is not implemented"):
        dtrain.special.airy_ai(x).sum().backward()


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(RuntimeError, match="not implemented for"):
        dtrain.erf(dtrain.ones(2, dtype=dtrain.complex64))


@pytest.mark.torch
def test_all_names_of_torch_special_are_there() -> None:
    torch = pytest.importorskip("torch")
    assert dtrain.special.__all__ == sorted(torch.special.__all__)
    for name in torch.special.__all__:
        assert callable(getattr(dtrain.special, name))

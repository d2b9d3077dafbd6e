"""The incomplete gamma functions, and how a gamma-distributed number moves with its shape.

All are one integral on one side of the point x: below it, with t = x exp(-u),

    P(a, x) = weight * integral over u > 0 of exp(-a u + x (1 - exp(-u))),   x <= a,

and above it, with t = x exp(u), Q(a, x) with the signs of u turned, x > a; the weight is
x**a exp(-x) / gamma(a). Both integrands fall steadily, so a fixed Gaussian rule is exact. Where `a`
is small the first has two scales, and its power series converges quickly.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from dtrain.tensor.op import INTERNAL, Kind, op
from dtrain.tensor.ops.special_gamma import psi, stirling_rest
from dtrain.tensor.ops.special_numerics import in_double, no_derivative, polynomial
from dtrain.tensor.promote import float_promote_cast
from dtrain.typing import Array, Xp

__all__ = ["igamma", "igammac"]

_POINTS = 64
_SERIES_BELOW = 20.0
_DEPTH = 40.0  # integrands are cut where they have fallen to exp(-40)
_LOG_REST = tuple((-1) ** (k + 1) / k for k in range(8, 1, -1))  # (log(1 + s) - s) / s**2
_KIND = Kind(float_promote_cast, broadcast=True, inplace=True, numbers="none", fast="binary")


@lru_cache
def _rule() -> tuple[Any, Any]:
    """Return Gauss and Legendre's points and weights on [0, 1]."""
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    return (points + 1) / 2, weights / 2


def _integrals(xp: Xp, a: Array, x: Array, sign: int) -> tuple[Array, Array]:
    """Return the integrals of f and u f, f = exp(sign (a u - x (exp(sign u) - 1)) ...), u > 0."""
    gap = xp.abs(x - a)
    if sign > 0:
        end = xp.minimum(xp.sqrt(2 * _DEPTH / x), xp.maximum(1.5, xp.log(3 * _DEPTH / x)))
    else:
        end = xp.where(x >= _DEPTH, 2 * xp.sqrt(_DEPTH / x), 2 * _DEPTH / x)
    end = xp.minimum(end, _DEPTH / gap)[:, None]
    points, weights = (xp.asarray(v) for v in _rule())
    u = end * points
    f = xp.exp(sign * a[:, None] * u - x[:, None] * (xp.expm1(sign * u)))
    f *= end * weights
    return f.sum(1), (u * f).sum(1)


def _power_series(xp: Xp, a: Array, x: Array) -> tuple[Array, Array]:
    """Return the same integrals below x as series: sum of x**n / (a (a + 1) ... (a + n))."""
    term = 1 / a
    slope = 1 / a
    total, moment = term, term * slope
    for n in range(1, 400):
        term = term * (x / (a + n))
        slope = slope + 1 / (a + n)
        total = total + term
        moment = moment + term * slope
        if not (term > 1e-17 * total).any():
            break
    return total, moment


def _both_sides(xp: Xp, a: Array, x: Array) -> tuple[Array, Array, Array]:
    """Return (x <= a, integral of f, integral of u f) on the side of x that is smooth."""
    below = x <= a
    made = [xp.empty_like(x), xp.empty_like(x)]
    for mask, compute in (
        (below & (a < _SERIES_BELOW), _power_series),
        (below & (a >= _SERIES_BELOW), lambda xp, a, x: _integrals(xp, a, x, -1)),
        (~below, lambda xp, a, x: _integrals(xp, a, x, 1)),
    ):
        if mask.any():
            made[0][mask], made[1][mask] = compute(xp, a[mask], x[mask])
    return below, made[0], made[1]


def _log_weight(xp: Xp, a: Array, x: Array) -> Array:
    """Return log(x**a exp(-x) / gamma(a)), without cancellation where x is near a large a."""
    z, shift = a, xp.ones_like(a)
    for _ in range(10):  # gamma(a) = gamma(z) / shift
        near = z < 10
        shift = xp.where(near, shift * z, shift)
        z = xp.where(near, z + 1, z)
    d = (x - z) / z
    power = xp.where(xp.abs(d) < 0.5, xp.log1p(d), xp.log(x / z)) - d
    small = xp.abs(d) < 0.01
    s = xp.where(small, d, 0)
    series = s * s * polynomial(xp, s, _LOG_REST)
    z_part = z * xp.where(small, series, power) - 0.5 * xp.log(2 * math.pi / z)
    return z_part - stirling_rest(xp, z) + xp.log(shift) - (z - a) * xp.log(x)


def _lower(xp: Xp, a: Array, x: Array) -> Array:
    return _regularized(xp, a, x, lower=True)


def _upper(xp: Xp, a: Array, x: Array) -> Array:
    return _regularized(xp, a, x, lower=False)


def _regularized(xp: Xp, a: Array, x: Array, lower: bool) -> Array:
    inner = (a > 0) & (x > 0) & xp.isfinite(a) & xp.isfinite(x)
    b, y = xp.where(inner, a, 1), xp.where(inner, x, 1)
    below, integral, _ = _both_sides(xp, b, y)
    part = xp.exp(_log_weight(xp, b, y)) * integral
    y = xp.where(below == lower, part, 1 - part)
    edge = xp.where((x == 0) | xp.isinf(a), 0.0 if lower else 1.0, 1.0 if lower else 0.0)
    outside = (a < 0) | (x < 0) | ((a == 0) & (x == 0)) | (xp.isinf(a) & xp.isinf(x))
    edge = xp.where(outside | xp.isnan(a) | xp.isnan(x), math.nan, edge)
    return xp.where(inner, y, edge)


def _gamma_slope(xp: Xp, a: Array, x: Array) -> Array:
    x = xp.maximum(x, 1e-300)
    below, integral, moment = _both_sides(xp, a, x)
    level = xp.log(x) - psi(xp, a)
    return x * xp.where(below, moment - level * integral, moment + level * integral)


def _density(F: Any, g: Any, input: Any, other: Any) -> Any:
    return g * F.exp(F.log(other) * (input - 1) - other - F.lgamma(input))


@op(INTERNAL, input=no_derivative("_standard_gamma_grad"), x=no_derivative("_standard_gamma_grad"))
def standard_gamma_grad(xp: Xp, input: Array, x: Array) -> Array:
    """Return dx / da of a number x drawn from the gamma distribution of shape a = input."""
    return in_double(xp, _gamma_slope, input, x, width=_POINTS)


def _igamma_input(F: Any, g: Any, input: Any, other: Any) -> Any:
    return -_density(F, g, input, other) * F.standard_gamma_grad(input, other)


@op(_KIND, input=_igamma_input, other=_density)
def igamma(xp: Xp, input: Array, other: Array) -> Array:
    """Return the regularized lower incomplete gamma function P(input, other)."""
    return in_double(xp, _lower, input, other, width=_POINTS)


@op(
    _KIND,
    input=lambda F, g, input, other: -_igamma_input(F, g, input, other),
    other=lambda F, g, input, other: -_density(F, g, input, other),
)
def igammac(xp: Xp, input: Array, other: Array) -> Array:
    """Return the regularized upper incomplete gamma function Q(input, other)."""
    return in_double(xp, _upper, input, other, width=_POINTS)

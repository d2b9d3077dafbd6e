"""erf, the gamma function's logarithm and their kin on bare arrays: NumPy does not have them.

Coefficients are computed when they are first needed, from the series that define the functions, so
no tables stand here. Accuracy: a few units in the last place of float32, 1e-14 in float64.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from dtrain.typing import Array, Xp

__all__ = ["digamma", "erf", "erfc", "erfinv", "lgamma", "polygamma"]

_SQRT_PI = math.sqrt(math.pi)
# B(2k) / (2k)!, k = 1..8: what Stirling's and Euler and Maclaurin's series are made of
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_SHIFT = 10  # the asymptotic series are used from here on


def _terms(x: Array, single: int, double: int) -> int:
    return double if x.dtype.itemsize > 4 else single


# ---- the error function ----


@lru_cache
def _taylor(count: int) -> tuple[float, ...]:
    """Return the coefficients of erf(x) / x as a polynomial in x * x."""
    return tuple(2 / _SQRT_PI * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(count))


def _erfcx(x: float) -> float:
    """Return exp(x * x) * erfc(x) for x >= 0."""
    if x < 6:
        return math.exp(x * x) * math.erfc(x)
    total, term = 1.0, 1.0
    for n in range(1, 16):
        term *= -(2 * n - 1) / (2 * x * x)
        total += term
    return total / (x * _SQRT_PI)


@lru_cache
def _chebyshev(count: int) -> tuple[float, ...]:
    """Return Chebyshev coefficients of erfcx(x) / t in 2 t - 1, where t = 2 / (2 + x)."""
    nodes = 96
    angles = [math.pi * (j + 0.5) / nodes for j in range(nodes)]
    values = []
    for a in angles:
        t = (math.cos(a) + 1) / 2
        values.append(_erfcx(2 / t - 2) / t)
    return tuple(
        math.fsum(v * math.cos(k * a) for v, a in zip(values, angles, strict=True)) * 2 / nodes
        for k in range(count)
    )


def _erfc_positive(xp: Xp, x: Array) -> Array:
    """Return erfc(x) for x >= 0, with its relative accuracy."""
    t = 2 / (2 + x)
    u = 4 * t - 2
    factors = _chebyshev(_terms(x, 14, 30))
    one, two = xp.zeros_like(x), xp.zeros_like(x)
    for c in reversed(factors[1:]):
        one, two = u * one - two + c, one
    return t * (u * one / 2 - two + factors[0] / 2) * xp.exp(-x * x)


def _erf_small(xp: Xp, x: Array) -> Array:
    square = x * x
    factors = _taylor(_terms(x, 11, 20))
    y = xp.full_like(x, factors[-1])
    for c in reversed(factors[:-1]):
        y *= square
        y += c
    return y * x


def erf(xp: Xp, x: Array) -> Array:
    """Return 2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x."""
    size = xp.minimum(xp.abs(x), 30)
    large = xp.copysign(1 - _erfc_positive(xp, size), x)
    return xp.where(size < 1, _erf_small(xp, xp.clip(x, -1, 1)), large)


def erfc(xp: Xp, x: Array) -> Array:
    """Return 1 - erf(x), exact where that is small."""
    tail = _erfc_positive(xp, xp.minimum(xp.abs(x), 30))
    near = 1 - _erf_small(xp, xp.clip(x, -1, 1))
    return xp.where(xp.abs(x) < 0.5, near, xp.where(x < 0, 2 - tail, tail))


def erfinv(xp: Xp, x: Array) -> Array:
    """Return y with erf(y) = x: a first guess, then Halley's method on erfc."""
    kind = x.dtype
    x = x.astype("f8")
    size = xp.abs(x)
    inside = xp.minimum(size, 1 - 1e-16)
    log = xp.log1p(-inside * inside)
    half = 2 / (math.pi * 0.147) + log / 2
    y = xp.sqrt(xp.sqrt(half * half - log / 0.147) - half)
    for _ in range(3):
        miss = xp.where(inside < 0.5, erf(xp, y) - inside, (1 - inside) - _erfc_positive(xp, y))
        step = miss * (_SQRT_PI / 2) * xp.exp(y * y)
        y = y - step / (1 + y * step)
    y = xp.where(size < 1, y, xp.where(size == 1, math.inf, math.nan))
    return xp.copysign(y, x).astype(kind)


# ---- the gamma function ----


def lgamma(xp: Xp, x: Array) -> Array:
    """Return log(abs(gamma(x)))."""
    kind = x.dtype
    x = x.astype("f8")
    reflected = x < 0.5
    z = xp.where(reflected, 1 - x, x)
    product = xp.ones_like(z)
    small = z < _SHIFT
    for _ in range(_SHIFT):
        product = xp.where(z < _SHIFT, product * z, product)
        z = xp.where(z < _SHIFT, z + 1, z)
    y = (z - 0.5) * xp.log(z) - z + 0.5 * math.log(2 * math.pi)
    inverse = 1 / (z * z)
    power = 1 / z
    for k, b in enumerate(_BERNOULLI, 1):
        y = y + b / (2 * k * (2 * k - 1)) * power
        power = power * inverse
    y = xp.where(small, y - xp.log(product), y)
    sine = xp.abs(xp.sin(math.pi * (x - xp.floor(x))))
    y = xp.where(reflected, math.log(math.pi) - xp.log(sine) - y, y)
    return xp.where(xp.isinf(x), math.inf, y).astype(kind)


def digamma(xp: Xp, x: Array) -> Array:
    """Return the derivative of lgamma."""
    kind = x.dtype
    x = x.astype("f8")
    reflected = x < 0
    z = xp.where(reflected, 1 - x, x)
    y = xp.zeros_like(z)
    for _ in range(_SHIFT):
        y = xp.where(z < _SHIFT, y - 1 / z, y)
        z = xp.where(z < _SHIFT, z + 1, z)
    y = y + xp.log(z) - 0.5 / z
    inverse = 1 / (z * z)
    power = inverse
    for k, b in enumerate(_BERNOULLI, 1):
        y = y - b / (2 * k) * power
        power = power * inverse
    part = x - xp.floor(x)
    y = xp.where(reflected, y - math.pi / xp.tan(math.pi * part), y)
    y = xp.where(reflected & (part == 0), math.nan, y)
    y = xp.where(x == 0, xp.copysign(math.inf, -x), y)
    return y.astype(kind)


def polygamma(xp: Xp, x: Array, n: int) -> Array:
    """Return the n-th derivative of digamma, n >= 1, by Hurwitz's zeta function."""
    kind = x.dtype
    x = x.astype("f8")
    reflected = (x < 0.5) & (n == 1)
    z = xp.where(reflected, 1 - x, x)
    s = n + 1
    y = xp.zeros_like(z)
    for _ in range(_SHIFT):
        y = y + z ** (-s)
        z = z + 1
    y = y + z ** (1 - s) / (s - 1) + 0.5 * z ** (-s)
    rising = float(s)
    for k, b in enumerate(_BERNOULLI, 1):
        y = y + b / math.factorial(2 * k) * rising * z ** (-s - 2 * k + 1)
        rising *= (s + 2 * k - 1) * (s + 2 * k)
    y = y * ((-1) ** (n + 1) * math.factorial(n))
    if n == 1:
        sine: Any = xp.sin(math.pi * x)
        y = xp.where(reflected, (math.pi / sine) ** 2 - y, y)
    return y.astype(kind)

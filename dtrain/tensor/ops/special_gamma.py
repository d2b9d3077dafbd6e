"""The gamma function's logarithm, its derivatives, and Hurwitz's zeta function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from dtrain.errors import OpError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import UNARY_FLOAT, Kind, op
from dtrain.tensor.ops.special_numerics import in_double, no_derivative, polynomial, sin_pi
from dtrain.tensor.ops.special_tables import LGAMMA
from dtrain.tensor.promote import float_promote_cast
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["digamma", "lgamma", "mvlgamma", "polygamma", "special_zeta"]

BINARY_SPECIAL = Kind(float_promote_cast, broadcast=True, method=False, fast="binary")
"""A function of two tensors that torch has in torch.special only."""

# Bernoulli's numbers B(2), B(4), ...: all the asymptotic series below are made of them.
_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
    -174611 / 330, 854513 / 138, -236364091 / 2730,
)  # fmt: skip
_FAR = 10.0
"""From here on asymptotic series are exact to float64."""


def _series(xp: Xp, x: Array, factors: Sequence[float]) -> Array:
    """Return the sum of factors[k] / x ** (2 k)."""
    return polynomial(xp, 1 / (x * x), tuple(reversed(factors)))


_STIRLING = tuple(b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI[:8], 1))
_PSI = tuple(b / (2 * k) for k, b in enumerate(_BERNOULLI[:8], 1))
_ZETA = tuple(b / math.factorial(2 * k) for k, b in enumerate(_BERNOULLI, 1))


# ---- on float64 arrays ----


def stirling_rest(xp: Xp, x: Array) -> Array:
    """Return lgamma(x) - ((x - 1/2) log(x) - x + log(2 pi) / 2) for x >= 10."""
    return _series(xp, x, _STIRLING) / x


def _lgamma_right(xp: Xp, x: Array) -> Array:
    """Return lgamma(x) for x >= 1/2, exact near its zeros 1 and 2."""
    low = x < 1
    z = xp.where(low, x + 1, xp.minimum(x, _FAR))
    product = xp.where(low, x, 1)
    for _ in range(int(_FAR) - 3):
        above = z > 3
        z = xp.where(above, z - 1, z)
        product = xp.where(above, product * z, product)
    t = xp.where(low, x - 1, z - 2)  # x + 1 would be rounded
    near = (t + 1) * t * polynomial(xp, t, LGAMMA)
    near += xp.where(low, -1, 1) * xp.log(product)
    y = xp.maximum(x, _FAR)
    far = (y - 0.5) * (xp.log(y) - 1) + (math.log(2 * math.pi) - 1) / 2 + stirling_rest(xp, y)
    return xp.where(x < _FAR, near, far)


def _lgamma(xp: Xp, x: Array) -> Array:
    right = _lgamma_right(xp, xp.where(x < 0.5, 1 - x, x))
    y = xp.where(x < 0.5, xp.log(math.pi / sin_pi(xp, x)) - right, right)
    return xp.where(xp.isinf(x), math.inf, y)


def psi(xp: Xp, x: Array) -> Array:
    """Return digamma(x)."""
    left = x < 0
    z = xp.where(left, 1 - x, x)
    y = xp.zeros_like(z)
    for _ in range(int(_FAR)):
        near = z < _FAR
        y = xp.where(near, y - 1 / z, y)
        z = xp.where(near, z + 1, z)
    y += xp.log(z) - 0.5 / z - _series(xp, z, _PSI) / (z * z)
    part = x - xp.rint(x)
    mirrored = xp.where(part == 0, math.nan, y - math.pi / xp.tan(math.pi * part))
    y = xp.where(left, mirrored, y)
    return xp.where(x == 0, xp.copysign(xp.full_like(x, math.inf), -x), y)


def _zeta(xp: Xp, s: Array, q: Array) -> Array:
    """Return the sum of (q + k) ** -s over k >= 0, by Euler and Maclaurin's formula."""
    z, total = q, xp.zeros_like(q)
    for i in range(int(_FAR - min(q.min(), 0)) + 1 if xp.isfinite(q.min()) else 0):
        more = (z < _FAR) | (i < _FAR)
        total = xp.where(more, total + xp.power(z, -s), total)
        z = xp.where(more, z + 1, z)
    last = xp.power(z, -s)
    total += xp.power(z, 1 - s) / (s - 1) + 0.5 * last
    rising = s * last / z
    for k, factor in enumerate(_ZETA, 1):
        total += xp.where(last == 0, 0, factor * rising)
        rising = rising * ((s + (2 * k - 1)) / z) * ((s + 2 * k) / z)
    pole = (s == 1) | ((s > 1) & (q <= 0) & (q == xp.floor(q)))
    undefined = (s < 1) | ((s != 1) & (q < 0) & (q != xp.floor(q)) & (s != xp.floor(s)))
    return xp.where(pole, math.inf, xp.where(undefined, math.nan, total))


def _trigamma(xp: Xp, x: Array) -> Array:
    left = x < 0.5
    y = _zeta(xp, xp.full_like(x, 2.0), xp.where(left, 1 - x, x))
    return xp.where(left, (math.pi / sin_pi(xp, x)) ** 2 - y, y)


# ---- operators ----


@op(UNARY_FLOAT, input=lambda F, g, input: g * F.digamma(input))
def lgamma(xp: Xp, input: Array) -> Array:
    """Return log(abs(gamma(input)))."""
    return in_double(xp, _lgamma, input)


@op(UNARY_FLOAT, input=lambda F, g, input: g * F.polygamma(input, 1))
def digamma(xp: Xp, input: Array) -> Array:
    """Return the derivative of lgamma."""
    return in_double(xp, psi, input)


@op(UNARY_FLOAT, name="polygamma", input=lambda F, g, input, n: g * F.polygamma(input, n + 1))
def _polygamma(xp: Xp, input: Array, n: int) -> Array:
    """Return the n-th derivative of digamma.

    Raises:
        OpError: `n` is negative.
    """
    if n < 0:
        raise OpError("polygamma(n, x) does not support negative n.")
    if n == 0:
        return in_double(xp, psi, input)
    if n == 1:
        return in_double(xp, _trigamma, input)
    factor = (-1.0) ** (n + 1) * (math.gamma(n + 1) if n < 171 else math.inf)
    return in_double(xp, lambda xp, x: factor * _zeta(xp, xp.full_like(x, n + 1.0), x), input)


@accepts_out
def polygamma(n: int, input: Tensor) -> Tensor:
    """Return the n-th derivative of digamma.

    Raises:
        OpError: `n` is negative.
    """
    made: Tensor = _polygamma(input, n)
    return made


def _mvlgamma_input(F: Any, g: Any, input: Any, p: int) -> Any:
    slope = F.digamma(input)
    for i in range(1, p):
        slope = slope + F.digamma(input - i / 2)
    return g * slope


@op(UNARY_FLOAT, input=_mvlgamma_input)
def mvlgamma(xp: Xp, input: Array, p: int) -> Array:
    """Return the logarithm of the multivariate gamma function of dimension `p`.

    Raises:
        OpError: `p` is below 1.
    """
    if p < 1:
        raise OpError("p has to be greater than or equal to 1")

    def total(xp: Xp, x: Array) -> Array:
        y = xp.full_like(x, p * (p - 1) / 4 * math.log(math.pi))
        for i in range(p):
            y += _lgamma(xp, x - i / 2)
        return y

    return in_double(xp, total, input)


def _zeta_other(F: Any, g: Any, input: Any, other: Any) -> Any:
    return -g * input * F.special_zeta(input + 1, other)


@op(BINARY_SPECIAL, input=no_derivative("special_zeta: input"), other=_zeta_other)
def special_zeta(xp: Xp, input: Array, other: Array) -> Array:
    """Return Hurwitz's zeta function: the sum of (other + k) ** -input over k >= 0."""
    return in_double(xp, _zeta, input, other)

"""The error function, the normal distribution's integral, and their inverses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dtrain.tensor.op import UNARY_FLOAT, Kind, op
from dtrain.tensor.ops.special_numerics import double_kind, in_blocks, in_double, polynomial
from dtrain.tensor.ops.special_tables import (
    ERF_SINGLE,
    ERF_SMALL,
    ERFCX,
    ERFINV_SMALL,
    NDTRI_TAIL,
)
from dtrain.tensor.promote import float_cast
from dtrain.typing import Array, Xp

__all__ = [
    "erf", "erfc", "erfinv", "special_erfcx", "special_log_ndtr", "special_ndtr", "special_ndtri",
]  # fmt: skip

SPECIAL = Kind(float_cast, method=False, fast="unary")

_SQRT_HALF, _SQRT_2 = math.sqrt(0.5), math.sqrt(2)
_SLOPE = 2 / math.sqrt(math.pi)  # of erf at zero
_DENSITY = 1 / math.sqrt(2 * math.pi)


# ---- on float64 arrays ----


def _erf_single(xp: Xp, x: Array) -> Array:
    x = x.clip(-4, 4)  # where float32 rounds to one
    t = x * x
    x *= polynomial(xp, t, ERF_SINGLE[0])
    x /= polynomial(xp, t, ERF_SINGLE[1])
    return x.clip(-1, 1)


def _erf(xp: Xp, x: Array) -> Array:
    size = xp.abs(x)
    inside = x * polynomial(xp, 2 * xp.minimum(size, 1) ** 2 - 1, ERF_SMALL)
    return xp.where(size < 1, inside, xp.copysign(1 - _erfc_right(xp, size), x))


def _erfcx_right(xp: Xp, x: Array) -> Array:
    t = xp.minimum(x, 1e300)  # the quotient below is 1 at infinity
    return polynomial(xp, (t - 3.75) / (t + 3.75), ERFCX) / (1 + 2 * x)


def _exp_square(xp: Xp, x: Array, sign: float) -> Array:
    """Return exp(sign * x * x) without the rounding error of the square, for |x| < 1e19."""
    head = x.astype(np.float32).astype(np.float64)  # its square is exact
    return xp.exp(sign * head * head) * xp.exp(sign * (x - head) * (x + head))


def _erfc_right(xp: Xp, x: Array) -> Array:
    return _exp_square(xp, xp.minimum(x, 28), -1.0) * _erfcx_right(xp, x)


def _erfc(xp: Xp, x: Array) -> Array:
    tail = _erfc_right(xp, xp.abs(x))
    near = 1 - x * polynomial(xp, 2 * x.clip(-1, 1) ** 2 - 1, ERF_SMALL)
    return xp.where(xp.abs(x) < 0.5, near, xp.where(x < 0, 2 - tail, tail))


def _erfcx(xp: Xp, x: Array) -> Array:
    right = _erfcx_right(xp, xp.abs(x))
    return xp.where(x < 0, 2 * _exp_square(xp, x.clip(-27, 0), 1.0) - right, right)


def _upper_tail(xp: Xp, q: Array) -> Array:
    """Return the point with the probability q <= exp(-2) above it."""
    s = xp.sqrt(-2 * xp.log(q))
    w = (xp.minimum(s, 39) - 4) / (xp.minimum(s, 39) + 4)
    # w goes from -1/3 to 35/43
    return s * polynomial(xp, (w + 1 / 3) * (2 / (35 / 43 + 1 / 3)) - 1, NDTRI_TAIL)


def _erfinv(xp: Xp, x: Array) -> Array:
    size = xp.abs(x)
    inside = x * polynomial(xp, 32 / 9 * xp.minimum(size, 0.75) ** 2 - 1, ERFINV_SMALL)
    outside = xp.copysign(_upper_tail(xp, (1 - size) * 0.5) * _SQRT_HALF, x)
    return xp.where(size <= 0.75, inside, outside)


def _ndtri(xp: Xp, p: Array) -> Array:
    edge = math.exp(-2)
    middle = _erfinv(xp, 2 * p - 1) * _SQRT_2
    y = xp.where(p < edge, -_upper_tail(xp, p), middle)
    return xp.where(p > 1 - edge, _upper_tail(xp, 1 - p), y)


def _ndtr(xp: Xp, x: Array) -> Array:
    return 0.5 * _erfc(xp, -_SQRT_HALF * x)


def _log_ndtr(xp: Xp, x: Array) -> Array:
    left = xp.log(_erfcx_right(xp, _SQRT_HALF * xp.maximum(-x, 0)) * 0.5) - 0.5 * x * x
    return xp.where(x < -1, left, xp.log1p(-0.5 * _erfc(xp, _SQRT_HALF * x)))


# ---- operators ----


@op(UNARY_FLOAT, input=lambda F, g, input: g * (F.exp(-(input * input)) * _SLOPE))
def erf(xp: Xp, input: Array) -> Array:
    """Return the error function: 2/sqrt(pi) times the integral of exp(-t**2) from 0."""
    kind = double_kind("erf", (input,))
    if kind == np.float64:
        return in_blocks(xp, _erf, (input,), np.float64)
    return in_blocks(xp, _erf_single, (input,), np.float32).astype(kind, copy=False)


@op(UNARY_FLOAT, input=lambda F, g, input: g * (F.exp(-(input * input)) * -_SLOPE))
def erfc(xp: Xp, input: Array) -> Array:
    """Return 1 - erf(input), exact in the tail."""
    return in_double(xp, _erfc, input)


@op(UNARY_FLOAT, input=lambda F, g, result: g * (F.exp(result * result) * (1 / _SLOPE)))
def erfinv(xp: Xp, input: Array) -> Array:
    """Return the inverse of erf on (-1, 1)."""
    return in_double(xp, _erfinv, input)


@op(SPECIAL, input=lambda F, g, input, result: g * (2 * input * result - _SLOPE))
def special_erfcx(xp: Xp, input: Array) -> Array:
    """Return exp(input**2) * erfc(input)."""
    return in_double(xp, _erfcx, input)


@op(SPECIAL, input=lambda F, g, input: g * (F.exp(input * input * -0.5) * _DENSITY))
def special_ndtr(xp: Xp, input: Array) -> Array:
    """Return the probability that a standard normal number is below `input`."""
    return in_double(xp, _ndtr, input)


@op(SPECIAL, input=lambda F, g, result: g * (F.exp(result * result * 0.5) * (1 / _DENSITY)))
def special_ndtri(xp: Xp, input: Array) -> Array:
    """Return the inverse of ndtr on (0, 1)."""
    return in_double(xp, _ndtri, input)


def _log_ndtr_input(F: Any, g: Any, input: Any) -> Any:
    return g * (2 * _DENSITY) / F.special_erfcx(input * -_SQRT_HALF)


@op(SPECIAL, input=_log_ndtr_input)
def special_log_ndtr(xp: Xp, input: Array) -> Array:
    """Return log(ndtr(input)), exact far in the lower tail."""
    return in_double(xp, _log_ndtr, input)

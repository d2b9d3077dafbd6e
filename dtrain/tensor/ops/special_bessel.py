"""Bessel functions of order 0 and 1, of both kinds, plain and modified; Airy's function.

Each is a polynomial near zero and, further out, its asymptotic form with a polynomial in place of
the series that does not converge. An oscillating one is, with z = x - pi/4 or x - 3 pi/4,
sqrt(2 / (pi x)) (P cos z - Q/x sin z) for J and (P sin z + Q/x cos z) for Y.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from dtrain.tensor.op import UNARY_FLOAT, op
from dtrain.tensor.ops import special_tables as tables
from dtrain.tensor.ops.special_error import SPECIAL
from dtrain.tensor.ops.special_numerics import in_double, no_derivative, polynomial
from dtrain.typing import Array, Xp

__all__ = [
    "i0", "special_airy_ai", "special_bessel_j0", "special_bessel_j1", "special_bessel_y0",
    "special_bessel_y1", "special_i0e", "special_i1", "special_i1e", "special_modified_bessel_i0",
    "special_modified_bessel_i1", "special_modified_bessel_k0", "special_modified_bessel_k1",
    "special_scaled_modified_bessel_k0", "special_scaled_modified_bessel_k1",
    "special_spherical_bessel_j0",
]  # fmt: skip

Table = Sequence[float]

_EDGE = 8.0  # of the polynomials near zero; 2 for K
_AIRY_EDGE = 3.0


# ---- on float64 arrays ----


def _near(xp: Xp, x: Array, table: Table) -> Array:
    """Return the polynomial of an oscillating function, |x| <= 8."""
    return polynomial(xp, xp.minimum(x, _EDGE) ** 2 / 32 - 1, table)


def _waves(xp: Xp, x: Array, order: int) -> tuple[Array, Array]:
    """Return J and Y of order 0 or 1 for x >= 8."""
    x = xp.maximum(x, _EDGE)
    t = 2 * (_EDGE / x) ** 2 - 1
    p = polynomial(xp, t, tables.P1 if order else tables.P0)
    q = polynomial(xp, t, tables.Q1 if order else tables.Q0) / x
    sin, cos = xp.sin(x), xp.cos(x)
    # sin and cos of z, times sqrt(2)
    turned = (-sin - cos, sin - cos) if order else (sin - cos, sin + cos)
    scale = 1 / xp.sqrt(math.pi * x)
    j = scale * (p * turned[1] - q * turned[0])
    return j, scale * (p * turned[0] + q * turned[1])


def _j0(xp: Xp, x: Array) -> Array:
    x = xp.abs(x)
    return xp.where(x < _EDGE, _near(xp, x, tables.J0), _waves(xp, x, 0)[0])


def _j1(xp: Xp, x: Array) -> Array:
    size = xp.abs(x)
    far = xp.where(x < 0, -1, 1) * _waves(xp, size, 1)[0]
    return xp.where(size < _EDGE, x * _near(xp, size, tables.J1), far)


def _y0(xp: Xp, x: Array) -> Array:
    near = _near(xp, x, tables.Y0) + 2 / math.pi * xp.log(x) * _near(xp, x, tables.J0)
    return _right(xp, x, xp.where(x < _EDGE, near, _waves(xp, x, 0)[1]))


def _y1(xp: Xp, x: Array) -> Array:
    log = xp.log(x) * x * _near(xp, x, tables.J1)
    near = x * _near(xp, x, tables.Y1) + 2 / math.pi * (log - 1 / x)
    return _right(xp, x, xp.where(x < _EDGE, near, _waves(xp, x, 1)[1]))


def _right(xp: Xp, x: Array, y: Array, at_zero: float = -math.inf) -> Array:
    """Return `y` for x > 0, the pole at zero, and NaN below."""
    return xp.where(x > 0, y, xp.where(x == 0, at_zero, math.nan))


def _i_scaled(xp: Xp, x: Array, near: Table, far: Table) -> Array:
    """Return exp(-x) I0(x), or that of I1 over x for x < 8, for x >= 0."""
    left = polynomial(xp, xp.minimum(x, _EDGE) / 4 - 1, near)
    z = xp.maximum(x, _EDGE)
    return xp.where(x < _EDGE, left, polynomial(xp, 16 / z - 1, far) / xp.sqrt(z))


def _i0e(xp: Xp, x: Array) -> Array:
    return _i_scaled(xp, xp.abs(x), tables.I0_SMALL, tables.I0_LARGE)


def _i1e(xp: Xp, x: Array) -> Array:
    size = xp.abs(x)
    y = _i_scaled(xp, size, tables.I1_SMALL, tables.I1_LARGE)
    return y * xp.where(size < _EDGE, x, xp.where(x < 0, -1, 1))


def _i0(xp: Xp, x: Array) -> Array:
    return _unscaled(xp, x, _i0e(xp, x))


def _i1(xp: Xp, x: Array) -> Array:
    return _unscaled(xp, x, _i1e(xp, x))


def _unscaled(xp: Xp, x: Array, y: Array) -> Array:
    half = xp.exp(xp.abs(x) * 0.5)  # exp(x) may overflow where the product does not
    return y * half * half


def _k_scaled(xp: Xp, x: Array, order: int) -> Array:
    """Return exp(x) K(x) of order 0 or 1."""
    z = xp.minimum(x, 2)
    t = z * z / 2 - 1
    log = xp.log(z / 2)
    if order:
        left = polynomial(xp, t, tables.K1_SMALL) / z + log * _i1(xp, z)
    else:
        left = polynomial(xp, t, tables.K0_SMALL) - log * _i0(xp, z)
    z = xp.maximum(x, 2)
    table = tables.K1_LARGE if order else tables.K0_LARGE
    far = polynomial(xp, 4 / z - 1, table) / xp.sqrt(z)
    return _right(xp, x, xp.where(x <= 2, left * xp.exp(x), far), math.inf)


def _k0e(xp: Xp, x: Array) -> Array:
    return _k_scaled(xp, x, 0)


def _k1e(xp: Xp, x: Array) -> Array:
    return _k_scaled(xp, x, 1)


def _k0(xp: Xp, x: Array) -> Array:
    return _k_scaled(xp, x, 0) * xp.exp(-x)


def _k1(xp: Xp, x: Array) -> Array:
    return _k_scaled(xp, x, 1) * xp.exp(-x)


def _airy_ai(xp: Xp, x: Array) -> Array:
    size = xp.abs(x)
    y = polynomial(xp, x.clip(-_AIRY_EDGE, _AIRY_EDGE) / _AIRY_EDGE, tables.AIRY_MIDDLE)
    far = xp.maximum(size, _AIRY_EDGE)
    z = far * xp.sqrt(far) * (2 / 3)
    height = 1 / xp.sqrt(math.pi * xp.sqrt(far))
    t = 4 * math.sqrt(3) / z - 1
    right = 0.5 * height * xp.exp(-z) * polynomial(xp, t, tables.AIRY_RIGHT)
    t = 24 / (z * z) - 1
    p, q = polynomial(xp, t, tables.AIRY_P), polynomial(xp, t, tables.AIRY_Q) / z
    sin, cos = xp.sin(z), xp.cos(z)
    left = height * math.sqrt(0.5) * (p * (cos + sin) + q * (sin - cos))
    return xp.where(size <= _AIRY_EDGE, y, xp.where(x > 0, right, left))


def _spherical_j0(xp: Xp, x: Array) -> Array:
    near = 1 - x * x / 6 * (1 - x * x / 20)
    y = xp.where(xp.abs(x) < 1e-3, near, xp.sin(x) / x)
    return xp.where(xp.isinf(x), 0, y)


# ---- operators ----


@op(UNARY_FLOAT, input=lambda F, g, input: g * F.special_i1(input))
def i0(xp: Xp, input: Array) -> Array:
    """Return the modified Bessel function of the first kind of order 0."""
    return in_double(xp, _i0, input)


@op(SPECIAL, input=lambda F, g, input, result: g * (F.special_i1e(input) - F.sgn(input) * result))
def special_i0e(xp: Xp, input: Array) -> Array:
    """Return i0(input) * exp(-abs(input))."""
    return in_double(xp, _i0e, input)


def _i1_input(F: Any, g: Any, input: Any, result: Any) -> Any:
    quotient = result / F.where(input == 0, 1, input)
    return g * (F.i0(input) - F.where(input == 0, 0.5, quotient))


@op(SPECIAL, input=_i1_input)
def special_i1(xp: Xp, input: Array) -> Array:
    """Return the modified Bessel function of the first kind of order 1."""
    return in_double(xp, _i1, input)


def _i1e_input(F: Any, g: Any, input: Any, result: Any) -> Any:
    quotient = result / F.where(input == 0, 1, input)
    slope = F.special_i0e(input) - F.where(input == 0, 0.5, quotient)
    return g * (slope - F.sgn(input) * result)


@op(SPECIAL, input=_i1e_input)
def special_i1e(xp: Xp, input: Array) -> Array:
    """Return i1(input) * exp(-abs(input))."""
    return in_double(xp, _i1e, input)


@op(SPECIAL, input=lambda F, g, input: -g * F.special_bessel_j1(input))
def special_bessel_j0(xp: Xp, input: Array) -> Array:
    """Return the Bessel function of the first kind of order 0."""
    return in_double(xp, _j0, input)


def _j1_input(F: Any, g: Any, input: Any, result: Any) -> Any:
    quotient = result / F.where(input == 0, 1, input)
    return g * (F.special_bessel_j0(input) - F.where(input == 0, 0.5, quotient))


@op(SPECIAL, input=_j1_input)
def special_bessel_j1(xp: Xp, input: Array) -> Array:
    """Return the Bessel function of the first kind of order 1."""
    return in_double(xp, _j1, input)


@op(SPECIAL, input=lambda F, g, input: -g * F.special_bessel_y1(input))
def special_bessel_y0(xp: Xp, input: Array) -> Array:
    """Return the Bessel function of the second kind of order 0."""
    return in_double(xp, _y0, input)


@op(
    SPECIAL,
    input=lambda F, g, input, result: g * (F.special_bessel_y0(input) - result / input),
)
def special_bessel_y1(xp: Xp, input: Array) -> Array:
    """Return the Bessel function of the second kind of order 1."""
    return in_double(xp, _y1, input)


@op(SPECIAL, input=lambda F, g, input: g * F.special_i1(input))
def special_modified_bessel_i0(xp: Xp, input: Array) -> Array:
    """Return the modified Bessel function of the first kind of order 0."""
    return in_double(xp, _i0, input)


@op(SPECIAL, input=_i1_input)
def special_modified_bessel_i1(xp: Xp, input: Array) -> Array:
    """Return the modified Bessel function of the first kind of order 1."""
    return in_double(xp, _i1, input)


@op(SPECIAL, input=lambda F, g, input: -g * F.special_modified_bessel_k1(input))
def special_modified_bessel_k0(xp: Xp, input: Array) -> Array:
    """Return the modified Bessel function of the second kind of order 0."""
    return in_double(xp, _k0, input)


@op(
    SPECIAL,
    input=lambda F, g, input, result: -g * (F.special_modified_bessel_k0(input) + result / input),
)
def special_modified_bessel_k1(xp: Xp, input: Array) -> Array:
    """Return the modified Bessel function of the second kind of order 1."""
    return in_double(xp, _k1, input)


@op(
    SPECIAL,
    input=lambda F, g, input, result: g * (result - F.special_scaled_modified_bessel_k1(input)),
)
def special_scaled_modified_bessel_k0(xp: Xp, input: Array) -> Array:
    """Return modified_bessel_k0(input) * exp(input)."""
    return in_double(xp, _k0e, input)


def _k1e_input(F: Any, g: Any, input: Any, result: Any) -> Any:
    return g * (result - F.special_scaled_modified_bessel_k0(input) - result / input)


@op(SPECIAL, input=_k1e_input)
def special_scaled_modified_bessel_k1(xp: Xp, input: Array) -> Array:
    """Return modified_bessel_k1(input) * exp(input)."""
    return in_double(xp, _k1e, input)


@op(SPECIAL, input=no_derivative("special_spherical_bessel_j0"))
def special_spherical_bessel_j0(xp: Xp, input: Array) -> Array:
    """Return sin(input) / input, 1 at zero."""
    return in_double(xp, _spherical_j0, input)


@op(SPECIAL, input=no_derivative("special_airy_ai"))
def special_airy_ai(xp: Xp, input: Array) -> Array:
    """Return Airy's function Ai."""
    return in_double(xp, _airy_ai, input)

"""Exponentials, logarithms, trigonometric and hyperbolic functions, element by element."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from dtrain.tensor.op import BINARY_FLOAT, UNARY_FLOAT, also, op
from dtrain.typing import Array, Xp

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "deg2rad",
    "exp",
    "exp2",
    "expm1",
    "hypot",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "logit",
    "rad2deg",
    "sigmoid",
    "sin",
    "sinc",
    "sinh",
    "tan",
    "tanh",
    "xlogy",
]  # fmt: skip

_PAIR = replace(BINARY_FLOAT, inplace=False, numbers="none")
_LN2, _LN10 = math.log(2), math.log(10)


# ---- exponentials and logarithms ----


@op(UNARY_FLOAT, input=lambda F, g, result: g * result)
def exp(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return e ** input."""
    return xp.exp(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, result: g * (result * _LN2))
def exp2(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return 2 ** input."""
    return xp.exp2(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, result: g * (result + 1))
def expm1(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return e ** input - 1, exact near zero."""
    return xp.expm1(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, input: g / input)
def log(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the natural logarithm."""
    return xp.log(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, input: g / (input + 1))
def log1p(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return log(1 + input), exact near zero."""
    return xp.log1p(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, input: g / (input * _LN2))
def log2(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the logarithm to base 2."""
    return xp.log2(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, input: g / (input * _LN10))
def log10(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the logarithm to base 10."""
    return xp.log10(input, out=out)


@op(
    _PAIR,
    input=lambda F, g, input, result: g * F.exp(input - result),
    other=lambda F, g, other, result: g * F.exp(other - result),
)
def logaddexp(xp: Xp, input: Array, other: Array) -> Array:
    """Return log(exp(input) + exp(other))."""
    return xp.logaddexp(input, other)


@op(
    _PAIR,
    input=lambda F, g, input, result: g * F.exp2(input - result),
    other=lambda F, g, other, result: g * F.exp2(other - result),
)
def logaddexp2(xp: Xp, input: Array, other: Array) -> Array:
    """Return log2(2 ** input + 2 ** other)."""
    return xp.logaddexp2(input, other)


def _xlogy_input(F: Any, g: Any, input: Any, other: Any) -> Any:
    if isinstance(other, (int, float)):
        slope = math.log(other) if other > 0 else -math.inf if other == 0 else math.nan
        return F.where(input == 0, 0, g * slope) if other <= 0 else g * slope
    return F.where((input == 0) & (other <= 0), 0, g * F.log(other))


@op(BINARY_FLOAT, input=_xlogy_input, other=lambda F, g, input, other: g * input / other)
def xlogy(xp: Xp, input: Array, other: Array) -> Array:
    """Return input * log(other); 0 where the input is 0."""
    y = input * xp.log(xp.asarray(other, getattr(input, "dtype", None)))
    return xp.where((input == 0) & (other == other), xp.zeros((), y.dtype), y)  # noqa: PLR0124


@op(UNARY_FLOAT, input=lambda F, g, result: g * (1 - result) * result)
def sigmoid(xp: Xp, input: Array) -> Array:
    """Return 1 / (1 + exp(-input))."""
    if input.dtype.kind == "c":
        return 1 / (1 + xp.exp(-input))
    y = xp.tanh(input * 0.5)  # never overflows
    y *= 0.5
    y += 0.5
    return y


def _logit_input(F: Any, g: Any, input: Any, eps: float | None) -> Any:
    d = g / (input * (1 - input))
    low = 0.0 if eps is None else eps
    outside = (input < low) | (input > 1 - low)
    return F.where(outside, math.nan if eps is None else 0, d)


@op(UNARY_FLOAT, input=_logit_input)
def logit(xp: Xp, input: Array, eps: float | None = None) -> Array:
    """Return log(p / (1 - p)), with p held between eps and 1 - eps."""
    p = input if eps is None else xp.minimum(xp.maximum(input, eps), 1 - eps)
    return xp.log(p / (1 - p))


# ---- trigonometric ----


@op(UNARY_FLOAT, input=lambda F, g, input: g * F.cos(input))
def sin(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the sine."""
    return xp.sin(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, input: -g * F.sin(input))
def cos(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the cosine."""
    return xp.cos(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, result: g * (1 + result * result))
def tan(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the tangent."""
    return xp.tan(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, input: g * F.rsqrt(1 - input * input))
def asin(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the inverse sine."""
    return xp.arcsin(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, input: -g * F.rsqrt(1 - input * input))
def acos(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the inverse cosine."""
    return xp.arccos(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, input: g / (input * input + 1))
def atan(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the inverse tangent."""
    return xp.arctan(input, out=out)


@op(
    replace(_PAIR, inplace=True),
    input=lambda F, g, input, other: g * other / (input * input + other * other),
    other=lambda F, g, input, other: -g * input / (input * input + other * other),
)
def atan2(xp: Xp, input: Array, other: Array) -> Array:
    """Return the angle of the point (x=other, y=input)."""
    return xp.arctan2(input, other)


def _sinc_input(F: Any, g: Any, input: Any) -> Any:
    x = math.pi * input
    d = (x * F.cos(x) - F.sin(x)) / (x * input)
    return g * F.where(input == 0, 0, d)


@op(UNARY_FLOAT, input=_sinc_input)
def sinc(xp: Xp, input: Array) -> Array:
    """Return sin(pi x) / (pi x); 1 at zero."""
    x = math.pi * input
    return xp.where(input == 0, xp.ones((), input.dtype), xp.sin(x) / x)


@op(UNARY_FLOAT, input=lambda F, g: g * (math.pi / 180))
def deg2rad(xp: Xp, input: Array) -> Array:
    """Return degrees as radians."""
    return input * (math.pi / 180)


@op(UNARY_FLOAT, input=lambda F, g: g * (180 / math.pi))
def rad2deg(xp: Xp, input: Array) -> Array:
    """Return radians as degrees."""
    return input * (180 / math.pi)


@op(
    replace(_PAIR, inplace=True),
    input=lambda F, g, input, result: g * (input / result),
    other=lambda F, g, other, result: g * (other / result),
)
def hypot(xp: Xp, input: Array, other: Array) -> Array:
    """Return sqrt(input ** 2 + other ** 2)."""
    return xp.hypot(input, other)


# ---- hyperbolic ----


@op(UNARY_FLOAT, input=lambda F, g, result: g * (1 - result * result))
def tanh(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the hyperbolic tangent."""
    return xp.tanh(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, input: g * F.cosh(input))
def sinh(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the hyperbolic sine."""
    return xp.sinh(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, input: g * F.sinh(input))
def cosh(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the hyperbolic cosine."""
    return xp.cosh(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, input: g * F.rsqrt(input * input + 1))
def asinh(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the inverse hyperbolic sine."""
    return xp.arcsinh(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, input: g * F.rsqrt(input - 1) * F.rsqrt(input + 1))
def acosh(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the inverse hyperbolic cosine."""
    return xp.arccosh(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, input: g / (1 - input * input))
def atanh(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the inverse hyperbolic tangent."""
    return xp.arctanh(input, out=out)


arccos, arccosh, arcsin, arcsinh = acos, acosh, asin, asinh
arctan, arctan2, arctanh = atan, atan2, atanh
for _op in (acos, acosh, asin, asinh, atan, atan2, atanh):
    also("arc" + _op.__name__[1:], _op)

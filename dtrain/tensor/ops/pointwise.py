"""Arithmetic, element by element."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from dtrain.errors import DtypeError, OpError, OpTypeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import (
    BINARY,
    BINARY_FLOAT,
    INTERNAL,
    TERNARY,
    TEST,
    UNARY,
    UNARY_FLOAT,
    Kind,
    also,
    attach,
    attach_inplace,
    function,
    op,
)
from dtrain.tensor.ops.complex import sign_of
from dtrain.tensor.promote import div_cast, result_type, sub_cast
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Number, Xp

__all__ = [
    "abs", "absolute", "add", "addcdiv", "addcmul", "copysign", "div", "divide", "float_power",
    "floor_divide", "fmod", "ldexp", "lerp", "mul", "multiply", "neg", "negative", "nextafter",
    "positive", "pow", "reciprocal", "remainder", "rsqrt", "rsub", "sign", "signbit", "sqrt",
    "square", "sub", "subtract", "true_divide",
]  # fmt: skip


@op(INTERNAL)
def zeroed(xp: Xp, input: Array) -> Array:
    """Return zeros of the same shape and type: the gradient of what does not change."""
    return xp.zeros_like(input)


# ---- plus, minus, times ----


def _scaled(x: Any, alpha: Any) -> Any:
    """Return alpha * x in the type of x, which for booleans is a bool too."""
    if alpha == 1:
        return x
    return x & bool(alpha) if getattr(x, "dtype", None) == "bool" else x * alpha


@op(
    BINARY, operator="add",
    input=lambda F, g: g,
    other=lambda F, g, alpha: _scaled(g, alpha),
)  # fmt: skip
def add(xp: Xp, input: Array, other: Array, alpha: Number = 1, out: Array = None) -> Array:
    """Return input + alpha * other."""
    return xp.add(input, _scaled(other, alpha), out=out)


@op(
    replace(BINARY, cast=sub_cast), operator="sub",
    input=lambda F, g: g,
    other=lambda F, g, alpha: -_scaled(g, alpha),
)  # fmt: skip
def sub(xp: Xp, input: Array, other: Array, alpha: Number = 1, out: Array = None) -> Array:
    """Return input - alpha * other."""
    return xp.subtract(input, _scaled(other, alpha), out=out)


@function
def rsub(input: Tensor, other: Any, *, alpha: Number = 1) -> Any:
    """Return other - alpha * input.

    Raises:
        OpTypeError: `input` is no tensor.
    """
    if not isinstance(input, Tensor):
        raise OpTypeError(f"rsub(): argument 'input' must be Tensor, not {type(input).__name__}")
    return sub(other, input, alpha=alpha)


@op(
    BINARY, operator="mul",
    input=lambda F, g, other: g * other,
    other=lambda F, g, input: g * input,
)  # fmt: skip
def mul(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return input * other."""
    return xp.multiply(input, other, out=out)


@op(UNARY, operator="neg", input=lambda F, g: -g)
def neg(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return -input."""
    return xp.negative(input, out=out)


@function
def positive(input: Tensor) -> Tensor:
    """Return the tensor itself.

    Raises:
        DtypeError: It holds booleans.
    """
    if input._a.dtype.kind == "b":
        raise DtypeError("The `+` operator, on a bool tensor is not supported.")
    return input


attach("__pos__", positive)


# ---- division ----

_DIVISION = Kind(div_cast, broadcast=True, inplace=True, widen=True, fast="binary")


def _check_zero(where: str, input: Any, other: Any) -> None:
    """Refuse to divide integers by zero.

    Raises:
        OpError: There is a zero among the divisors.
    """
    kind = (input if hasattr(input, "dtype") else other).dtype.kind
    if kind in "biu" and not (other.all() if hasattr(other, "dtype") else other):
        raise OpError(f"{where}: ZeroDivisionError")


def _truncated(xp: Xp, input: Any, other: Any) -> Any:
    quotient = xp.floor_divide(input, other)
    if quotient.dtype.kind not in "iu":
        return xp.trunc(xp.true_divide(input, other))
    return quotient + ((quotient < 0) & (quotient * other != input))


def _div_other(F: Any, g: Any, other: Any, result: Any, rounding_mode: str | None) -> Any:
    return -g * result / other if rounding_mode is None else F.zeroed(g)


@op(
    _DIVISION, operator="truediv",
    input=lambda F, g, other, rounding_mode: g / other if rounding_mode is None else F.zeroed(g),
    other=_div_other,
)  # fmt: skip
def div(
    xp: Xp, input: Array, other: Array, rounding_mode: str | None = None, out: Array = None
) -> Array:
    """Return input / other; `rounding_mode` "trunc" or "floor" rounds the quotient."""
    if rounding_mode is None:
        return xp.true_divide(input, other, out=out)
    if rounding_mode not in ("trunc", "floor"):
        raise OpError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            f"'{rounding_mode}'"
        )
    _check_zero("div", input, other)
    if rounding_mode == "trunc":
        return _truncated(xp, input, other)
    return xp.floor_divide(input, other)


@op(BINARY, operator="floordiv")
def floor_divide(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return floor(input / other)."""
    _check_zero("floor_divide", input, other)
    return xp.floor_divide(input, other, out=out)


@op(
    BINARY, operator="mod",
    input=lambda F, g: g,
    other=lambda F, g, input, other: -g * F.floor(input / other),
)  # fmt: skip
def remainder(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return the remainder of floor division; it has the sign of `other`."""
    _check_zero("remainder", input, other)
    return xp.remainder(input, other, out=out)


@op(
    replace(BINARY, numbers="other"),
    input=lambda F, g: g,
    other=lambda F, g, input, other: -g * F.trunc(input / other),
)
def fmod(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return the remainder of truncated division; it has the sign of `input`."""
    _check_zero("fmod", input, other)
    return xp.fmod(input, other, out=out)


@op(UNARY_FLOAT, input=lambda F, g, result: -g * result * result)
def reciprocal(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return 1 / input."""
    return xp.reciprocal(input, out=out)


# ---- powers ----


@op(UNARY, input=lambda F, g, input: g * (2 * input))
def square(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return input * input."""
    if input.dtype.kind == "b":
        return input.astype("i8")
    return xp.square(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, result: g / (2 * result))
def sqrt(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the square root."""
    return xp.sqrt(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, result: g * (-0.5) * result * result * result)
def rsqrt(xp: Xp, input: Array) -> Array:
    """Return 1 / sqrt(input)."""
    return xp.reciprocal(xp.sqrt(input))


def _is_number(x: Any) -> bool:
    return isinstance(x, (bool, int, float, complex))


def _pow_input(F: Any, g: Any, input: Any, other: Any) -> Any:
    if _is_number(other):
        if other == 0:
            return F.zeroed(g)
        return g * input * 2 if other == 2 else g * (other * input ** (other - 1))
    return F.where(other == 0, 0, g * (other * input ** (other - 1)))


def _pow_other(F: Any, g: Any, input: Any, other: Any, result: Any) -> Any:
    if _is_number(input):
        if input == 0:
            return F.where(other >= 0, 0, g * result * -math.inf)
        slope = math.log(input) if input > 0 else math.nan
        return g * result * slope
    if "complex" in str(input.dtype):
        flat = (input == 0) & (F.real(other) >= 0)
    else:
        flat = (input == 0) & (other >= 0)
    return F.where(flat, 0, g * result * F.log(input))


@op(BINARY, operator="pow", input=_pow_input, other=_pow_other)
def pow(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return input ** other.

    Raises:
        OpError: Integers to a negative integer power.
    """
    if not hasattr(input, "dtype"):
        input = xp.asarray(input, other.dtype)
    elif other.__class__ in (int, float) and input.dtype.kind != "b":
        special = _POWERS.get(other)
        if special is not None and (other > 0 or input.dtype.kind not in "iu"):
            return special(xp, input, out)
    if input.dtype.kind == "b":
        return input | ~other  # only false ** true is false
    return xp.power(input, other, out=out)


_POWERS = {
    2: lambda xp, a, out: xp.square(a, out=out),
    0.5: lambda xp, a, out: xp.sqrt(a, out=out),
    1: lambda xp, a, out: xp.multiply(a, 1, out=out),
    3: lambda xp, a, out: xp.multiply(xp.square(a), a, out=out),
    -1: lambda xp, a, out: xp.reciprocal(a, out=out),
    -0.5: lambda xp, a, out: xp.reciprocal(xp.sqrt(a), out=out),
    -2: lambda xp, a, out: xp.reciprocal(xp.square(a), out=out),
}


@function
@accepts_out
def float_power(input: Any, exponent: Any) -> Any:
    """Return input ** exponent, computed in float64 or complex128."""
    wide = dt.float64 if result_type(input, exponent).category < 3 else dt.complex128
    base, power = (x.to(wide) if isinstance(x, Tensor) else x for x in (input, exponent))
    return pow(base, power)


@function
@accepts_out
def ldexp(input: Tensor, other: Tensor) -> Any:
    """Return input * 2 ** other."""
    whole = input.is_floating_point() and not other.is_floating_point()
    return input * pow(2.0, other.to(input.dtype) if whole else other)


attach_inplace(float_power)
attach_inplace(ldexp)


# ---- signs ----


@op(UNARY, holomorphic=False, input=lambda F, g, input: g * F.sgn(input))
def abs(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return the absolute value; of complex numbers their modulus, a real number."""
    return xp.absolute(input, out=out)


attach("__abs__", abs)


@op(UNARY, input=lambda F, g: F.zeroed(g))
def sign(xp: Xp, input: Array) -> Array:
    """Return -1, 0 or 1."""
    return sign_of(xp, input)


@op(TEST)
def signbit(xp: Xp, input: Array) -> Array:
    """Return whether the sign bit is set."""
    return xp.signbit(input) if input.dtype.kind in "fV" else input < 0


def _copysign_input(F: Any, g: Any, input: Any, result: Any) -> Any:
    return g * F.where(input == 0, 0, result / input)


@op(replace(BINARY_FLOAT, numbers="other"), input=_copysign_input, other=lambda F, g: F.zeroed(g))
def copysign(xp: Xp, input: Array, other: Array) -> Array:
    """Return the magnitudes of `input` with the signs of `other`."""
    return xp.copysign(input, other)


@op(replace(BINARY_FLOAT, numbers="none"))
def nextafter(xp: Xp, input: Array, other: Array) -> Array:
    """Return the next representable number after `input` towards `other`."""
    return xp.nextafter(input, other)


# ---- three operands ----


@op(
    TERNARY,
    input=lambda F, g, weight: g * (1 - weight),
    end=lambda F, g, weight: g * weight,
    weight=lambda F, g, input, end: g * (end - input),
)
def lerp(xp: Xp, input: Array, end: Array, weight: Array) -> Array:
    """Return input + weight * (end - input)."""
    if hasattr(weight, "dtype"):
        near = input + weight * (end - input)
        return xp.where(xp.abs(weight) < 0.5, near, end - (end - input) * (1 - weight))
    if weight < 0.5:
        return input + weight * (end - input)
    return end - (end - input) * (1 - weight)


@op(
    TERNARY,
    input=lambda F, g: g,
    tensor1=lambda F, g, tensor2, value: g * _scaled(tensor2, value),
    tensor2=lambda F, g, tensor1, value: g * _scaled(tensor1, value),
)
def addcmul(xp: Xp, input: Array, tensor1: Array, tensor2: Array, value: Number = 1) -> Array:
    """Return input + value * tensor1 * tensor2."""
    return input + _scaled(tensor1, value) * tensor2


@op(
    TERNARY,
    input=lambda F, g: g,
    tensor1=lambda F, g, tensor2, value: g * (value / tensor2),
    tensor2=lambda F, g, tensor1, tensor2, value: (
        -g * (_scaled(tensor1, value) / tensor2) / tensor2
    ),
)
def addcdiv(xp: Xp, input: Array, tensor1: Array, tensor2: Array, value: Number = 1) -> Array:
    """Return input + value * tensor1 / tensor2.

    Raises:
        OpError: The operands are integers.
    """
    if input.dtype.kind in "biu":
        raise OpError(
            "Integer division with addcdiv is no longer supported, and in a future release addcdiv "
            "will perform a true division of tensor1 and tensor2."
        )
    return input + _scaled(tensor1, value) / tensor2


# ---- other names ----

absolute, divide, true_divide, multiply, negative, subtract = abs, div, div, mul, neg, sub
for _name, _op in {
    "absolute": abs, "divide": div, "true_divide": div, "multiply": mul, "negative": neg,
    "subtract": sub,
}.items():  # fmt: skip
    also(_name, _op)

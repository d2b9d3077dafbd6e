"""Comparisons and logic: results are booleans, without gradients."""

from __future__ import annotations

from dtrain.errors import OpError
from dtrain.tensor import dtype as dt
from dtrain.tensor.op import COMPARE, LOGIC, TEST, Kind, also, function, op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = [
    "allclose", "eq", "equal", "ge", "greater", "greater_equal", "gt", "isclose", "isfinite",
    "isinf", "isnan", "isneginf", "isposinf", "isreal", "le", "less", "less_equal", "logical_and",
    "logical_not", "logical_or", "logical_xor", "lt", "ne", "not_equal",
]  # fmt: skip


@op(COMPARE, operator="eq")
def eq(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return input == other."""
    return xp.equal(input, other, out=out)


@op(COMPARE, operator="ne")
def ne(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return input != other."""
    return xp.not_equal(input, other, out=out)


@op(COMPARE, operator="lt")
def lt(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return input < other."""
    return xp.less(input, other, out=out)


@op(COMPARE, operator="le")
def le(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return input <= other."""
    return xp.less_equal(input, other, out=out)


@op(COMPARE, operator="gt")
def gt(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return input > other."""
    return xp.greater(input, other, out=out)


@op(COMPARE, operator="ge")
def ge(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return input >= other."""
    return xp.greater_equal(input, other, out=out)


greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne
for _name, _op in {
    "greater": gt, "greater_equal": ge, "less": lt, "less_equal": le, "not_equal": ne,
}.items():  # fmt: skip
    also(_name, _op)


# ---- logic ----


@op(LOGIC)
def logical_and(xp: Xp, input: Array, other: Array) -> Array:
    """Return whether both are not zero."""
    return xp.not_equal(input, 0) & xp.not_equal(other, 0)


@op(LOGIC)
def logical_or(xp: Xp, input: Array, other: Array) -> Array:
    """Return whether one is not zero."""
    return xp.not_equal(input, 0) | xp.not_equal(other, 0)


@op(LOGIC)
def logical_xor(xp: Xp, input: Array, other: Array) -> Array:
    """Return whether exactly one is not zero."""
    return xp.not_equal(input, 0) ^ xp.not_equal(other, 0)


@op(Kind(inplace=True, widen=True, fast="unary"))
def logical_not(xp: Xp, input: Array) -> Array:
    """Return whether it is zero."""
    return xp.equal(input, 0)


# ---- kinds of numbers ----


@op(TEST)
def isnan(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return which elements are not a number."""
    return xp.not_equal(input, input, out=out)


@op(TEST)
def isinf(xp: Xp, input: Array) -> Array:
    """Return which elements are infinite."""
    return xp.isinf(input)


@op(TEST)
def isfinite(xp: Xp, input: Array) -> Array:
    """Return which elements are neither infinite nor nan."""
    return xp.isfinite(input)


@op(TEST)
def isposinf(xp: Xp, input: Array) -> Array:
    """Return which elements are +inf."""
    return input == float("inf")


@op(TEST)
def isneginf(xp: Xp, input: Array) -> Array:
    """Return which elements are -inf."""
    return input == -float("inf")


@op(TEST)
def isreal(xp: Xp, input: Array) -> Array:
    """Return which elements have no imaginary part."""
    return input.imag == 0 if input.dtype.kind == "c" else xp.ones(input.shape, bool)


# ---- tensors as a whole ----


@op(Kind(out=False, broadcast=True, widen=True, numbers="none"))
def isclose(
    xp: Xp, input: Array, other: Array, rtol: float = 1e-5, atol: float = 1e-8,
    equal_nan: bool = False,
) -> Array:  # fmt: skip
    """Return where abs(input - other) <= atol + rtol * abs(other).

    Raises:
        OpError: The types differ, or a tolerance is negative.
    """
    if input.dtype != other.dtype:
        raise OpError(f"{dt.of(input.dtype).name} did not match {dt.of(other.dtype).name}")
    if rtol < 0 or atol < 0:
        raise OpError(f"isclose: tolerances must be non-negative, got rtol={rtol}, atol={atol}")
    close = input == other
    if equal_nan:
        close = close | ((input != input) & (other != other))  # noqa: PLR0124
    if input.dtype.kind in "iu":
        input, other = input.astype(float), other.astype(float)
    elif input.dtype.kind == "b":
        return close
    distance = xp.abs(input - other)
    return close | (xp.isfinite(distance) & (distance <= atol + rtol * xp.abs(other)))


@function
def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Return True where `isclose` holds for all elements."""
    return bool(isclose(input, other, rtol, atol, equal_nan)._a.all())


@function
def equal(input: Tensor, other: Tensor) -> bool:
    """Return True where shapes and elements are the same."""
    a, b = input._a, other._a
    return a.shape == b.shape and bool((a == b).all())

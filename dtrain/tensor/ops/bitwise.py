"""Operations on the bits of integers and on booleans."""

from __future__ import annotations

from dataclasses import replace

from dtrain.errors import DtypeError
from dtrain.tensor.op import BINARY, Kind, op
from dtrain.typing import Array, Xp

__all__ = [
    "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "gcd", "lcm",
]  # fmt: skip


_TENSORS = replace(BINARY, numbers="none")


@op(BINARY, operator="and")
def bitwise_and(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return input & other; of booleans the logical and."""
    return xp.bitwise_and(input, other, out=out)


@op(BINARY, operator="or")
def bitwise_or(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return input | other; of booleans the logical or."""
    return xp.bitwise_or(input, other, out=out)


@op(BINARY, operator="xor")
def bitwise_xor(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return input ^ other; of booleans the logical exclusive or."""
    return xp.bitwise_xor(input, other, out=out)


@op(Kind(inplace=True, widen=True, fast="unary"), operator="invert")
def bitwise_not(xp: Xp, input: Array, out: Array = None) -> Array:
    """Return ~input; of booleans the logical not.

    Raises:
        DtypeError: The elements are no integers.
    """
    if input.dtype.kind not in "biu":
        raise DtypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
        )
    return xp.invert(input, out=out)


@op(BINARY, operator="lshift")
def bitwise_left_shift(xp: Xp, input: Array, other: Array) -> Array:
    """Return input << other."""
    return xp.left_shift(input, other)


@op(BINARY, operator="rshift")
def bitwise_right_shift(xp: Xp, input: Array, other: Array) -> Array:
    """Return input >> other, with the sign kept."""
    return xp.right_shift(input, other)


@op(_TENSORS)
def gcd(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return the greatest common divisor."""
    return xp.gcd(input, other, out=out)


@op(_TENSORS)
def lcm(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return the least common multiple."""
    return xp.lcm(input, other, out=out)

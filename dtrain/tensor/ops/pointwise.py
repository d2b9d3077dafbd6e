"""Arithmetic and elementary functions, element by element."""

from __future__ import annotations

from dtrain.tensor.op import BINARY, BINARY_FLOAT, UNARY, UNARY_FLOAT, op
from dtrain.typing import Array, Xp

__all__ = ["add", "div", "exp", "mul", "neg", "sub"]


@op(BINARY, operator="mul", input=lambda F, g, other: g * other,
    other=lambda F, g, input: g * input)  # fmt: skip
def mul(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Multiply two tensors element by element."""
    return xp.multiply(input, other, out=out)


@op(BINARY, operator="add", input=lambda F, g: g, other=lambda F, g: g)
def add(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Multiply two tensors element by element."""
    return xp.add(input, other, out=out)


@op(BINARY, operator="sub", input=lambda F, g: g, other=lambda F, g: -g)
def sub(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Multiply two tensors element by element."""
    return xp.subtract(input, other, out=out)


@op(BINARY_FLOAT, operator="truediv", input=lambda F, g, other: g / other,
    other=lambda F, g, other, result: -g * result / other)  # fmt: skip
def div(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Divide."""
    return xp.true_divide(input, other, out=out)


@op(UNARY, operator="neg", input=lambda F, g: -g)
def neg(xp: Xp, input: Array, out: Array = None) -> Array:
    """Neg."""
    return xp.negative(input, out=out)


@op(UNARY_FLOAT, input=lambda F, g, result: g * result)
def exp(xp: Xp, input: Array, out: Array = None) -> Array:
    """Exp."""
    return xp.exp(input, out=out)

"""Choices, element by element: where, the larger and the smaller, limits."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from dtrain.errors import OpError
from dtrain.tensor import dtype as dt
from dtrain.tensor.op import BINARY, TERNARY, Kind, also, attach, op
from dtrain.tensor.promote import rest_cast
from dtrain.tensor.query import finfo
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Number, Xp

__all__ = [
    "clamp", "clamp_max", "clamp_min", "clip", "fmax", "fmin", "heaviside", "maximum", "minimum",
    "nan_to_num", "where",
]  # fmt: skip


@op(
    Kind(rest_cast, broadcast=True, method=False, widen=True),
    input=lambda F, g, condition: F.where(condition, g, 0),
    other=lambda F, g, condition: F.where(condition, 0, g),
)
def where(xp: Xp, condition: Array, input: Array = None, other: Array = None) -> Any:
    """Return `input` where the condition holds and `other` elsewhere.

    With the condition alone: the indices where it holds, one tensor for each dimension.

    Raises:
        OpError: The condition is not boolean.
    """
    if input is None:
        return xp.nonzero(condition if condition.ndim else condition.reshape(1))
    if condition.dtype.kind != "b":
        if condition.dtype != "uint8":
            raise OpError(
                "where expected condition to be a boolean tensor, but got a tensor with dtype "
                f"{condition.dtype}"
            )
        condition = condition.astype(bool)
    return xp.where(condition, input, other)


def _where_method(self: Tensor, condition: Tensor, other: Any) -> Any:
    """Return `self` where the condition holds and `other` elsewhere."""
    return where(condition, self, other)


attach("where", _where_method)


_TENSORS = replace(BINARY, inplace=False, numbers="none")


def _winner(F: Any, g: Any, loses: Any, ties: Any) -> Any:
    """Give the gradient to the operand that was chosen, half of it where both are equal."""
    return F.where(loses, 0, F.where(ties, g / 2, g))


@op(
    _TENSORS,
    input=lambda F, g, input, other: _winner(F, g, input < other, input == other),
    other=lambda F, g, input, other: _winner(F, g, other < input, input == other),
)
def maximum(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return the larger of two; nan where one is nan."""
    return xp.maximum(input, other, out=out)


@op(
    _TENSORS,
    input=lambda F, g, input, other: _winner(F, g, input > other, input == other),
    other=lambda F, g, input, other: _winner(F, g, other > input, input == other),
)
def minimum(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return the smaller of two; nan where one is nan."""
    return xp.minimum(input, other, out=out)


@op(
    _TENSORS,
    input=lambda F, g, input, other: F.where((input >= other) | F.isnan(other), g, 0),
    other=lambda F, g, input, other: F.where((input >= other) | F.isnan(other), 0, g),
)
def fmax(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return the larger of two; the number where the other is nan."""
    return xp.fmax(input, other, out=out)


@op(
    _TENSORS,
    input=lambda F, g, input, other: F.where((input <= other) | F.isnan(other), g, 0),
    other=lambda F, g, input, other: F.where((input <= other) | F.isnan(other), 0, g),
)
def fmin(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
    """Return the smaller of two; the number where the other is nan."""
    return xp.fmin(input, other, out=out)


def _clamp_input(F: Any, g: Any, input: Any, min: Any, max: Any) -> Any:
    inside = input >= min if min is not None else input <= max
    if min is not None and max is not None:
        inside = inside & (input <= max)
    return F.where(inside, g, 0)


def _clamp_min(F: Any, g: Any, input: Any, min: Any, max: Any) -> Any:
    low = input < min
    return F.where(low if max is None else low & (min < max), g, 0)


def _clamp_max(F: Any, g: Any, input: Any, min: Any, max: Any) -> Any:
    high = input > max
    return F.where(high if min is None else high | (max < min), g, 0)


@op(TERNARY, input=_clamp_input, min=_clamp_min, max=_clamp_max)
def clamp(xp: Xp, input: Array, min: Array = None, max: Array = None) -> Array:
    """Return the elements, held between `min` and `max` (numbers or tensors).

    Raises:
        OpError: Neither limit is given.
    """
    if min is None:
        if max is None:
            raise OpError("torch.clamp: At least one of 'min' or 'max' must not be None")
        return xp.minimum(input, max)
    low = xp.maximum(input, min)
    return low if max is None else xp.minimum(low, max)


_LIMIT = replace(BINARY, numbers="other")


@op(
    _LIMIT,
    input=lambda F, g, input, min: F.where(input >= min, g, 0),
    min=lambda F, g, input, min: F.where(input < min, g, 0),
)
def clamp_min(xp: Xp, input: Array, min: Array, out: Array = None) -> Array:
    """Return the elements, at least `min`."""
    return xp.maximum(input, min, out=out)


@op(
    _LIMIT,
    input=lambda F, g, input, max: F.where(input <= max, g, 0),
    max=lambda F, g, input, max: F.where(input > max, g, 0),
)
def clamp_max(xp: Xp, input: Array, max: Array, out: Array = None) -> Array:
    """Return the elements, at most `max`."""
    return xp.minimum(input, max, out=out)


clip = clamp
also("clip", clamp)


@op(replace(BINARY, numbers="none"))
def heaviside(xp: Xp, input: Array, values: Array) -> Array:
    """Return 0 below zero, 1 above it, and `values` at zero."""
    return xp.where(input == 0, values, (input > 0).astype(input.dtype))


def _finite(F: Any, g: Any, input: Any) -> Any:
    return F.where(F.isfinite(input), g, 0)


@op(Kind(inplace=True, fast="unary"), input=_finite)
def nan_to_num(
    xp: Xp, input: Array, nan: Number | None = None, posinf: Number | None = None,
    neginf: Number | None = None,
) -> Array:  # fmt: skip
    """Replace nan (by 0), inf and -inf (by the largest and smallest number)."""
    if input.dtype.kind in "biu":
        return input.copy()
    if input.dtype.kind != "c":
        return _replaced(xp, input, nan, posinf, neginf)
    out = input.copy()
    out.real = _replaced(xp, input.real, nan, posinf, neginf)
    out.imag = _replaced(xp, input.imag, nan, posinf, neginf)
    return out


def _replaced(xp: Xp, a: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    info = finfo(dt.of(a.dtype))
    for found, value in (
        (xp.isnan(a), 0.0 if nan is None else nan),
        (a == math.inf, info.max if posinf is None else posinf),
        (a == -math.inf, info.min if neginf is None else neginf),
    ):
        a = xp.where(found, xp.asarray(value, a.dtype), a)
    return a

"""Activations that are pieces of straight lines."""

from __future__ import annotations

from typing import Any

from dtrain.errors import DtypeError, OpError, OpValueError, ShapeError
from dtrain.nn.functional.kinds import ACTIVATION, FUNCTION, in_place, placed
from dtrain.tensor.generator import default_generator
from dtrain.tensor.op import UNARY, attach, op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = [
    "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_",
    "prelu", "relu", "relu6", "relu6_", "relu_", "rrelu", "rrelu_", "softshrink", "threshold",
    "threshold_",
]  # fmt: skip

Scalar = float
INF = float("inf")


def clipped(xp: Xp, input: Array, low: float, high: float) -> Array:
    """Return `input` between `low` and `high`; NaN stays."""
    if input.dtype.kind == "f":
        return input.clip(low, high)  # three times as quick as numpy.maximum
    kind = input.dtype.type
    return xp.minimum(xp.maximum(input, kind(low)), kind(high))


# ---- relu ----
@op(UNARY, name="relu", input=lambda F, g, result: F.relu_grad(g, result))
def _relu(xp: Xp, input: Array) -> Array:
    """Return max(x, 0)."""
    if input.dtype.kind == "f":
        return input.clip(0.0, INF)  # three times as quick as numpy.maximum; NaN stays
    if input.dtype.kind == "b":
        raise DtypeError("relu(): Boolean inputs not supported for relu")
    return xp.maximum(input, input.dtype.type(0))


@op(FUNCTION, g=lambda F, g, result: F.relu_grad(g, result))
def relu_grad(xp: Xp, g: Array, result: Array) -> Array:
    """Return g where relu let its input through, 0 elsewhere."""
    made = (result > 0).astype(g.dtype)
    made *= g
    return made


relu_ = in_place("relu")


def relu(input: Tensor, inplace: bool = False) -> Any:
    """Return max(x, 0), element by element; with `inplace`, in the memory of the input."""
    return relu_(input) if inplace else _relu(input)


# ---- a different line on each side ----
@op(
    ACTIVATION,
    name="leaky_relu",
    input=lambda F, g, input, negative_slope: F.leaky_relu_grad(g, input, negative_slope),
)
def _leaky_relu(xp: Xp, input: Array, negative_slope: Scalar = 0.01) -> Array:
    """Return x where x > 0, else negative_slope * x."""
    _float_only("leaky_relu", input)
    made = clipped(xp, input, -INF, 0.0)
    made *= input.dtype.type(negative_slope)
    made += clipped(xp, input, 0.0, INF)
    return made


@op(FUNCTION,
    g=lambda F, g, input, negative_slope: F.leaky_relu_grad(g, input, negative_slope))  # fmt: skip
def leaky_relu_grad(xp: Xp, g: Array, input: Array, negative_slope: Scalar) -> Array:
    """Return g times the slope at `input`."""
    made = (input > 0).astype(g.dtype)
    made += (1 - made) * g.dtype.type(negative_slope)
    made *= g
    return made


leaky_relu_ = in_place("leaky_relu")


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """Return x where x > 0, else negative_slope * x."""
    return leaky_relu_(input, negative_slope) if inplace else _leaky_relu(input, negative_slope)


@op(ACTIVATION, name="prelu_each",
    input=lambda F, g, input, weight: F.where(input > 0, g, g * weight),
    weight=lambda F, g, input: F.where(input > 0, g * 0, g * input))  # fmt: skip
def _prelu(xp: Xp, input: Array, weight: Array) -> Array:
    """Return x where x > 0, else weight * x; both of one shape."""
    return xp.where(input > 0, input, input * weight)


def prelu(input: Tensor, weight: Tensor) -> Any:
    """Return x where x > 0, else weight * x.

    Args:
        input: (N, C, *) or any shape.
        weight: One number, or one for each channel: () or (1,) or (C,).

    Raises:
        ShapeError: `weight` does not fit the channels.
    """
    shape, n = input._a.shape, weight._a.size
    if weight._a.ndim > 1:
        raise ShapeError(
            "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = "
            f"{weight._a.ndim}"
        )
    if n != 1:
        channels = shape[1] if len(shape) > 1 else 1
        if not shape or channels != n:
            raise ShapeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{n} and channel size = {channels}."
            )
        weight = weight.reshape(-1, *(1,) * (len(shape) - 2))
    elif weight._a.ndim:
        weight = weight.reshape(())
    return _prelu(input, weight.expand(shape))


def _rrelu_slopes(input: Tensor, lower: float, upper: float) -> Any:
    """Return ones where x > 0 and random slopes elsewhere."""
    a = input._a
    drawn = default_generator.uniform(a.shape, a.dtype, lower, upper)
    slopes = placed(drawn, input)
    slopes._a[a > 0] = 1
    return slopes


def _check_bounds(lower: float, upper: float) -> None:
    if lower > upper:
        raise OpError(
            f"rrelu(): Lower bound should be less than or equal to the upper bound, but got "
            f"[{lower}, {upper}]"
        )


def rrelu_(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False
) -> Any:
    """Compute rrelu in the memory of the input."""
    _check_bounds(lower, upper)
    if not training:
        return leaky_relu_(input, (lower + upper) / 2)
    return input.mul_(_rrelu_slopes(input, lower, upper))


def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False,
    inplace: bool = False,
) -> Any:  # fmt: skip
    """Return leaky_relu with a slope drawn for each element in training, else their mean."""
    _check_bounds(lower, upper)
    if inplace:
        return rrelu_(input, lower, upper, training)
    if not training:
        return _leaky_relu(input, (lower + upper) / 2)
    return input * _rrelu_slopes(input, lower, upper)


# ---- cut off on both sides ----
@op(
    ACTIVATION,
    name="hardtanh",
    input=lambda F, g, input, min_val, max_val: g * (input > min_val) * (input < max_val),
)
def _hardtanh(xp: Xp, input: Array, min_val: Scalar = -1.0, max_val: Scalar = 1.0) -> Array:
    """Return x between min_val and max_val."""
    if input.dtype.kind == "b":
        raise DtypeError("Bool inputs not supported for hardtanh")
    if input.dtype.kind == "u" and min_val < 0:
        raise OpError("cannot do hardtanh on an unsigned type with negative limits")
    return clipped(xp, input, min_val, max_val)


hardtanh_ = in_place("hardtanh")


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Any:
    """Return x between `min_val` and `max_val`.

    Raises:
        OpValueError: `min_val` is above `max_val`.
    """
    if min_val > max_val:
        raise OpValueError("min_val cannot be greater than max_val")
    how = (min_val, max_val)
    return hardtanh_(input, *how) if inplace else _hardtanh(input, *how)


def relu6_(input: Tensor) -> Any:
    """Compute relu6 in the memory of the input."""
    return hardtanh_(input, 0, 6)


def relu6(input: Tensor, inplace: bool = False) -> Any:
    """Return x between 0 and 6."""
    return hardtanh_(input, 0, 6) if inplace else _hardtanh(input, 0, 6)


@op(ACTIVATION, name="hardsigmoid",
    input=lambda F, g, input: g * (1 / 6) * (input > -3) * (input < 3))  # fmt: skip
def _hardsigmoid(xp: Xp, input: Array) -> Array:
    """Return x / 6 + 1 / 2 between 0 and 1."""
    _float_only("hardsigmoid", input)
    kind = input.dtype.type
    return clipped(xp, input + kind(3), 0, 6) / kind(6)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Any:
    """Return x / 6 + 1 / 2 between 0 and 1."""
    return in_place("hardsigmoid")(input) if inplace else _hardsigmoid(input)


@op(
    ACTIVATION, name="hardswish",
    input=lambda F, g, input: g * (
        (input * (1 / 3) + 0.5) * (input > -3) * (input < 3) + (input >= 3)
    ),
)  # fmt: skip
def _hardswish(xp: Xp, input: Array) -> Array:
    """Return x * hardsigmoid(x)."""
    _float_only("hardswish", input)
    kind = input.dtype.type
    return input * clipped(xp, input + kind(3), 0, 6) / kind(6)


def hardswish(input: Tensor, inplace: bool = False) -> Any:
    """Return x * hardsigmoid(x)."""
    return in_place("hardswish")(input) if inplace else _hardswish(input)


# ---- cut out around zero ----
@op(ACTIVATION, input=lambda F, g, input, lambd: g * (F.abs(input) > lambd))
def hardshrink(xp: Xp, input: Array, lambd: Scalar = 0.5) -> Array:
    """Return x where |x| > lambd, else 0."""
    _float_only("hardshrink", input)
    return xp.where(abs(input) <= lambd, input.dtype.type(0), input)


@op(ACTIVATION, name="softshrink", input=lambda F, g, input, lambd: g * (F.abs(input) > lambd))
def _softshrink(xp: Xp, input: Array, lambd: Scalar) -> Array:
    """Return x moved towards zero by lambd, and 0 where it would cross it."""
    _float_only("softshrink", input)
    return input - clipped(xp, input, -lambd, lambd)


def softshrink(input: Tensor, lambd: float = 0.5, *, out: Tensor | None = None) -> Any:
    """Return x moved towards zero by `lambd`, and 0 where it would cross it.

    Raises:
        OpError: `lambd` is negative.
    """
    if lambd < 0:
        raise OpError(
            f"softshrink(): lambda must be greater or equal to 0, but found to be {lambd}."
        )
    return _softshrink(input, lambd, out=out)


@op(ACTIVATION, name="threshold", input=lambda F, g, input, threshold: g * (input > threshold))
def _threshold(xp: Xp, input: Array, threshold: Scalar, value: Scalar) -> Array:
    """Return x where x > threshold, else value."""
    return xp.where(input <= threshold, xp.asarray(value).astype(input.dtype), input)


threshold_ = in_place("threshold")


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Any:
    """Return x where x > threshold, else value."""
    how = (threshold, value)
    return threshold_(input, *how) if inplace else _threshold(input, *how)


def _float_only(where: str, input: Array) -> None:
    if input.dtype.kind not in "fV":
        raise DtypeError(f'"{where}" not implemented for {input.dtype}; give a floating type')


attach("prelu", prelu)
attach("hardshrink", hardshrink)

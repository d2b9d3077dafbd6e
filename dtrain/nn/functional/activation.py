"""Activations that are pieces of straight lines."""

from __future__ import annotations

from typing import Any

from dtrain.nn.functional.kinds import ACTIVATION, FUNCTION, in_place
from dtrain.tensor.generator import default_generator
from dtrain.tensor.op import UNARY, op
from dtrain.tensor.ops.cast import to_device
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Xp

__all__ = [
    "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_",
    "prelu", "relu", "relu6", "relu6_", "relu_", "rrelu", "rrelu_", "softshrink", "threshold",
    "threshold_",
]  # fmt: skip

Scalar = float


# ---- relu ----
@op(UNARY, name="relu", input=lambda F, g, result: F.relu_grad(g, result))
def _relu(xp: Xp, input: Array) -> Array:
    """Return max(x, 0)."""
    if input.dtype.kind in "fiu":
        # three times as quick as numpy.maximum; NaN stays
        return input.clip(0, None if input.dtype.kind != "f" else float("inf"))
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
@op(ACTIVATION, name="leaky_relu",
    input=lambda F, g, input, negative_slope: F.leaky_relu_grad(g, input, negative_slope))  # fmt: skip
def _leaky_relu(xp: Xp, input: Array, negative_slope: Scalar = 0.01) -> Array:
    """Return x where x > 0, else negative_slope * x."""
    made = (input <= 0).astype(input.dtype)
    made *= input.dtype.type(negative_slope - 1)
    made += input.dtype.type(1)
    made *= input
    return made


@op(FUNCTION,
    g=lambda F, g, input, negative_slope: F.leaky_relu_grad(g, input, negative_slope))  # fmt: skip
def leaky_relu_grad(xp: Xp, g: Array, input: Array, negative_slope: Scalar) -> Array:
    """Return g times the slope at `input`."""
    made = (input <= 0).astype(g.dtype)
    made *= g.dtype.type(negative_slope - 1)
    made += g.dtype.type(1)
    made *= g
    return made


leaky_relu_ = in_place("leaky_relu")


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """Return x where x > 0, else negative_slope * x."""
    return leaky_relu_(input, negative_slope) if inplace else _leaky_relu(input, negative_slope)

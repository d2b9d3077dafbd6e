"""Activations that are smooth: exponentials, sigmoids and what is made of them."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from dtrain.errors import DtypeError, OpError
from dtrain.nn.functional.error_function import erf
from dtrain.nn.functional.kinds import ACTIVATION, FUNCTION, in_place, widened
from dtrain.tensor.op import op
from dtrain.tensor.ops.elementary import sigmoid, tanh
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, F, Xp

__all__ = [
    "celu", "celu_", "elu", "elu_", "gelu", "glu", "logsigmoid", "mish", "selu", "selu_", "sigmoid",
    "silu", "softplus", "softsign", "tanh", "tanhshrink",
]  # fmt: skip

Scalar = float

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def _float_only(where: str, input: Array) -> None:
    if input.dtype.kind not in "fVc":
        raise DtypeError(f'"{where}" not implemented for {input.dtype}; give a floating type')


# ---- linear above zero, exponential below ----
def _elu_input(F: F, g: Any, input: Any, alpha: float, scale: float, input_scale: float) -> Any:
    below = F.exp(F.relu(-input) * -input_scale) * (alpha * scale * input_scale)
    return g * scale * (input > 0) + g * below * (input <= 0)


@op(
    ACTIVATION,
    name="elu",
    input=_elu_input,
)
@widened
def _elu(
    xp: Xp, input: Array, alpha: Scalar = 1.0, scale: Scalar = 1.0, input_scale: Scalar = 1.0
) -> Array:
    """Return scale * (x where x > 0, else alpha * (exp(x * input_scale) - 1))."""
    _float_only("elu", input)
    below = xp.expm1(input.clip(-float("inf"), 0.0) * input_scale)
    below *= alpha
    below += input.clip(0.0, float("inf"))
    below *= scale
    return below


_elu_ = in_place("elu")


def elu_(input: Tensor, alpha: float = 1.0) -> Any:
    """Compute elu in the memory of the input."""
    return _elu_(input, alpha)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Any:
    """Return x where x > 0, else alpha * (exp(x) - 1)."""
    return _elu_(input, alpha) if inplace else _elu(input, alpha)


def celu_(input: Tensor, alpha: float = 1.0) -> Any:
    """Compute celu in the memory of the input."""
    return _elu_(input, alpha, 1.0, _inverse(alpha))


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Any:
    """Return x where x > 0, else alpha * (exp(x / alpha) - 1).

    Raises:
        OpError: `alpha` is zero.
    """
    return celu_(input, alpha) if inplace else _elu(input, alpha, 1.0, _inverse(alpha))


def _inverse(alpha: float) -> float:
    if alpha == 0:
        raise OpError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return 1.0 / alpha


def selu_(input: Tensor) -> Any:
    """Compute selu in the memory of the input."""
    return _elu_(input, _SELU_ALPHA, _SELU_SCALE)


def selu(input: Tensor, inplace: bool = False) -> Any:
    """Return elu scaled so that mean 0 and variance 1 are a fixed point."""
    return selu_(input) if inplace else _elu(input, _SELU_ALPHA, _SELU_SCALE)


# ---- x times a sigmoid ----
@op(ACTIVATION, name="silu", input=lambda F, g, input: g * _silu_slope(F, input))
@widened
def _silu(xp: Xp, input: Array) -> Array:
    """Return x * sigmoid(x)."""
    _float_only("silu", input)
    made = xp.tanh(input * 0.5)
    made += 1
    made *= input
    made *= 0.5
    return made


def _silu_slope(F: F, input: Any) -> Any:
    s = F.sigmoid(input)
    return s * (input * (1 - s) + 1)


def silu(input: Tensor, inplace: bool = False) -> Any:
    """Return x * sigmoid(x)."""
    return in_place("silu")(input) if inplace else _silu(input)


def _softplus(xp: Xp, input: Array) -> Array:
    """Return log(1 + exp(x)) without overflow."""
    made = xp.log1p(xp.exp(-abs(input)))
    made += input.clip(0.0, float("inf"))
    return made


@op(ACTIVATION, name="mish", input=lambda F, g, input: g * _mish_slope(F, input))
@widened
def _mish(xp: Xp, input: Array) -> Array:
    """Return x * tanh(log(1 + exp(x)))."""
    _float_only("mish", input)
    return input * xp.tanh(_softplus(xp, input))


def _mish_slope(F: F, input: Any) -> Any:
    t = F.tanh(F.softplus(input, 1.0, 20.0))
    return t + input * (1 - t * t) * F.sigmoid(input)


def mish(input: Tensor, inplace: bool = False) -> Any:
    """Return x * tanh(softplus(x))."""
    return in_place("mish")(input) if inplace else _mish(input)


@op(FUNCTION, input=lambda F, g, input: g * F.exp(input * input * -0.5) * (1 / sqrt(2 * pi)))
@widened
def normal_cdf(xp: Xp, input: Array) -> Array:
    """Return P(X <= x) for a standard normal X."""
    made = erf(xp, input * input.dtype.type(sqrt(0.5)))
    made += 1
    made *= 0.5
    return made


@op(ACTIVATION, input=lambda F, g, input, approximate: g * _gelu_slope(F, input, approximate))
@widened
def gelu(xp: Xp, input: Array, approximate: str = "none") -> Array:
    """Return x * P(X <= x) for a standard normal X.

    Args:
        xp: The array module.
        input: Any shape.
        approximate: "none", or "tanh" for 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
    """
    _float_only("gelu", input)
    if approximate == "tanh":
        made = xp.tanh((input + 0.044715 * input * input * input) * sqrt(2 / pi))
    elif approximate == "none":
        made = erf(xp, input * input.dtype.type(sqrt(0.5)))
    else:
        raise OpError(f"approximate argument must be either none or tanh, not {approximate!r}")
    made += 1
    made *= input
    made *= 0.5
    return made


def _gelu_slope(F: F, input: Any, approximate: str) -> Any:
    if approximate == "tanh":
        t = F.tanh((input + input * input * input * 0.044715) * sqrt(2 / pi))
        inner = (input * input * (3 * 0.044715) + 1) * sqrt(2 / pi)
        return (t + 1) * 0.5 + input * (1 - t * t) * inner * 0.5
    return F.normal_cdf(input) + input * F.exp(input * input * -0.5) * (1 / sqrt(2 * pi))


def glu(input: Tensor, dim: int = -1) -> Any:
    """Return a * sigmoid(b) for the halves a, b of the input along a dimension.

    Raises:
        OpError: The size of the dimension is odd, or the input has none.
    """
    if not input._a.ndim:
        raise OpError("glu does not support 0-dimensional tensors")
    size = input.size(dim)
    if size % 2:
        raise OpError(f"Halving dimension must be even, but dimension {dim} is size {size}")
    left, right = input.narrow(dim, 0, size // 2), input.narrow(dim, size // 2, size // 2)
    return left * sigmoid(right)


# ---- soft versions of pieces ----
@op(
    ACTIVATION,
    input=lambda F, g, input, beta, threshold: g * _softplus_slope(F, input, beta, threshold),
)
@widened
def softplus(xp: Xp, input: Array, beta: Scalar = 1.0, threshold: Scalar = 20.0) -> Array:
    """Return log(1 + exp(beta x)) / beta; x itself where beta x > threshold."""
    _float_only("softplus", input)
    scaled = input * beta
    made = _softplus(xp, scaled)
    made /= beta
    return xp.where(scaled > threshold, input, made)


def _softplus_slope(F: F, input: Any, beta: float, threshold: float) -> Any:
    linear = input * beta > threshold
    return F.sigmoid(input * beta) * (input * beta <= threshold) + linear


@op(ACTIVATION, input=lambda F, g, input: g * F.sigmoid(-input))
@widened
def log_sigmoid(xp: Xp, input: Array) -> Array:
    """Return log(1 / (1 + exp(-x)))."""
    _float_only("log_sigmoid", input)
    return -_softplus(xp, -input)


logsigmoid = log_sigmoid


def softsign(input: Tensor) -> Any:
    """Return x / (1 + |x|)."""
    return input / (input.abs() + 1)


def tanhshrink(input: Tensor) -> Any:
    """Return x - tanh(x)."""
    return input - tanh(input)

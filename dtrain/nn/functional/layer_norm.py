"""Normalisation of each sample by its own statistics: of a layer, of groups, of a vector."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from dtrain.errors import OpError, OpValueError, ShapeError
from dtrain.nn.functional.kinds import FUNCTION, recording, widened
from dtrain.nn.functional.norm import row_means, row_squares
from dtrain.tensor.op import op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, F, Xp

__all__ = ["group_norm", "layer_norm", "local_response_norm", "normalize", "rms_norm"]


def _normalized(xp: Xp, rows: Array, eps: float) -> tuple[Array, Array]:
    """Return (x - mean) / sqrt(variance + eps) along the last dimension, and 1 / sqrt(...)."""
    hat = rows - row_means(xp, rows)[:, None]
    inverse = 1 / xp.sqrt(row_squares(xp, hat) + rows.dtype.type(eps))
    hat *= inverse[:, None]
    return hat, inverse


def _layer_norm_grads(
    F: F, g: Any, wanted: tuple[bool, ...], input: Any, weight: Any, dims: int, eps: float
) -> tuple[Any, ...]:
    if recording(F):
        return _layer_norm_formula(g, wanted, input, weight, dims, eps)
    return F.layer_norm_grad(g, wanted, input, weight, dims, eps)


def _layer_norm_formula(
    g: Tensor, wanted: tuple[bool, ...], input: Tensor, weight: Tensor | None, dims: int, eps: float
) -> tuple[Any, ...]:
    """Return the gradients as recorded operators."""
    inner = tuple(range(-dims, 0))
    outer = tuple(range(input.ndim - dims))
    centre = input - input.mean(inner, True)
    inverse = (centre.square().mean(inner, True) + eps).rsqrt()
    hat = centre * inverse
    scaled = g if weight is None else g * weight
    spread = scaled - scaled.mean(inner, True) - hat * (scaled * hat).mean(inner, True)

    def summed(x: Tensor) -> Tensor:
        return x.sum(outer) if outer else x

    return (
        spread * inverse if wanted[0] else None,
        summed(g * hat) if wanted[1] else None,
        summed(g) if wanted[2] else None,
    )


@op(FUNCTION, name="layer_norm_last", node="NativeLayerNormBackward0",
    joint=(("input", "weight", "bias"), _layer_norm_grads))  # fmt: skip
@widened
def _layer_norm(xp: Xp, input: Array, weight: Array, bias: Array, dims: int, eps: float) -> Array:
    """Normalise over the last `dims` dimensions, then multiply by weight and add bias."""
    size = prod(input.shape[input.ndim - dims :])
    if not input.size:
        return xp.empty(input.shape, input.dtype)
    hat, _ = _normalized(xp, input.reshape(input.size // size, size), eps)
    if weight is not None:
        hat *= weight.reshape(size)
    if bias is not None:
        hat += bias.reshape(size)
    return hat.reshape(input.shape)


@op(FUNCTION)
@widened
def layer_norm_grad(
    xp: Xp, g: Array, wanted: tuple[bool, ...], input: Array, weight: Array, dims: int, eps: float
) -> Any:
    """Return the gradients of layer_norm to input, weight and bias; None where not wanted."""
    inner = input.shape[input.ndim - dims :]
    size = prod(inner)
    if not input.size:
        empty = xp.zeros(inner, g.dtype)
        return (xp.zeros(input.shape, g.dtype), empty, empty)
    hat, inverse = _normalized(xp, input.reshape(input.size // size, size), eps)
    rows = g.reshape(hat.shape)
    ones = xp.ones(hat.shape[0], g.dtype)
    to_weight = (ones @ (rows * hat)).reshape(inner) if wanted[1] else None
    to_bias = (ones @ rows).reshape(inner) if wanted[2] else None
    to_input = None
    if wanted[0]:
        scaled = rows if weight is None else rows * weight.reshape(size)
        along = xp.matmul(scaled[:, None, :], hat[:, :, None])[..., 0] / size
        hat *= -along
        hat += scaled
        hat -= row_means(xp, scaled)[:, None]
        hat *= inverse[:, None]
        to_input = hat.reshape(input.shape)
    return to_input, to_weight, to_bias


def _check_inner(where: str, input: Tensor, normalized_shape: Any, **named: Tensor | None) -> int:
    """Return how many dimensions are normalised.

    Raises:
        ShapeError: They are not the last ones of the input, or a parameter has another shape.
    """
    if not isinstance(normalized_shape, Sequence):
        normalized_shape = (normalized_shape,)
    inner, shape = tuple(normalized_shape), input._a.shape
    if not inner:
        raise OpError(
            f"{where}(): Expected normalized_shape to be at least 1-dimensional, i.e., containing "
            "at least one element, but got normalized_shape = []"
        )
    for name, value in named.items():
        if value is not None and value._a.shape != inner:
            raise ShapeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(value.shape)} and normalized_shape = {list(inner)}"
            )
    if shape[len(shape) - len(inner) :] != inner or len(shape) < len(inner):
        raise ShapeError(
            f"Given normalized_shape={list(inner)}, expected input with shape "
            f"[*, {', '.join(map(str, inner))}], but got input of size{list(shape)}"
        )
    return len(inner)


def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Any:  # fmt: skip
    """Normalise over the last dimensions: (x - mean) / sqrt(variance + eps) * weight + bias.

    Args:
        input: (*, *normalized_shape).
        normalized_shape: The sizes of the dimensions to normalise over.
        weight: normalized_shape.
        bias: normalized_shape.
        eps: Added to the variance.

    Raises:
        ShapeError: Sizes do not fit.
    """
    dims = _check_inner("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    return _layer_norm(input, weight, bias, dims, eps)


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Any:  # fmt: skip
    """Normalise groups of channels of each sample of (N, C, *size).

    Args:
        input: (N, C, *size).
        num_groups: How many groups; divides C.
        weight: (C,), multiplies.
        bias: (C,), added.
        eps: Added to the variance.

    Raises:
        OpError: Sizes do not fit.
    """
    shape = input._a.shape
    if len(shape) < 2:
        raise OpError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    n, channels = shape[:2]
    if num_groups < 1 or channels % num_groups:
        raise OpError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(shape)} and num_groups={num_groups}"
        )
    if prod(shape) // max(n, 1) // num_groups * n == 1:
        raise OpValueError(
            f"Expected more than 1 value per channel when training, got input size {list(shape)}"
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and value._a.shape != (channels,):
            raise ShapeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, "
                f"but got {name} of shape {list(value.shape)} and input of shape {list(shape)}"
            )
    rows = input.reshape(n, num_groups, channels // num_groups * prod(shape[2:]))
    made = _layer_norm(rows, None, None, 1, eps).reshape(shape)
    tail = (1,) * (len(shape) - 2)
    if weight is not None:
        made = made * weight.reshape(-1, *tail)
    return made if bias is None else made + bias.reshape(-1, *tail)


def _rms_norm_grads(
    F: F, g: Any, wanted: tuple[bool, ...], input: Any, weight: Any, dims: int, eps: float
) -> tuple[Any, ...]:
    inner = tuple(range(-dims, 0))
    outer = tuple(range(input.ndim - dims))
    inverse = F.rsqrt(F.mean(input * input, inner, True) + eps)
    scaled = g if weight is None else g * weight
    to_input = None
    if wanted[0]:
        hat = input * inverse
        to_input = (scaled - hat * F.mean(scaled * hat, inner, True)) * inverse
    to_weight = g * input * inverse if wanted[1] else None
    return to_input, F.sum(to_weight, outer) if wanted[1] and outer else to_weight


@op(FUNCTION, name="rms_norm_last", node="FusedRmsNormBackward0",
    joint=(("input", "weight"), _rms_norm_grads))  # fmt: skip
@widened
def _rms_norm(xp: Xp, input: Array, weight: Array, dims: int, eps: float) -> Array:
    """Divide by the root of the mean square over the last `dims` dimensions."""
    size = prod(input.shape[input.ndim - dims :])
    if not input.size:
        return xp.empty(input.shape, input.dtype)
    rows = input.reshape(input.size // size, size)
    made = rows * (1 / xp.sqrt(row_squares(xp, rows) + rows.dtype.type(eps)))[:, None]
    if weight is not None:
        made *= weight.reshape(size)
    return made.reshape(input.shape)


def rms_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None
) -> Any:
    """Divide by the root mean square over the last dimensions: x / sqrt(mean(x^2) + eps) * weight.

    Args:
        input: (*, *normalized_shape).
        normalized_shape: The sizes of the dimensions to normalise over.
        weight: normalized_shape.
        eps: Added to the mean square; None for the type's machine epsilon.
    """
    dims = _check_inner("rms_norm", input, normalized_shape, weight=weight)
    if eps is None:
        eps = 2.220446049250313e-16 if input._a.dtype.itemsize > 4 else 1.1920928955078125e-07
    return _rms_norm(input, weight, dims, eps)


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    """Divide by (k + alpha * mean of the squares of `size` neighbouring channels) ** beta.

    Args:
        input: (N, C, *size) with at least one spatial dimension.
        size: How many channels count.
        alpha: Factor.
        beta: Exponent.
        k: Added.
    """
    from dtrain.nn.functional.pad import pad

    shape = input._a.shape
    if len(shape) < 3:
        raise OpValueError(
            f"Expected 3D or higher dimensionality input (got {len(shape)} dimensions)"
        )
    if not input._a.size:
        return input
    planes = (input * input).reshape(shape[0], 1, shape[1], -1)
    wide = pad(planes, (0, 0, size // 2, (size - 1) // 2))
    total: Any = sum(wide.narrow(2, i, shape[1]) for i in range(size))
    mean = total / size if input.is_floating_point() else total.div(size, rounding_mode="trunc")
    return input / (mean.reshape(shape) * alpha + k) ** beta


def normalize(
    input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Any:
    """Divide by the p-norm along a dimension, or by `eps` where the norm is smaller."""
    length = input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return input / length if out is None else input.div(length, out=out)

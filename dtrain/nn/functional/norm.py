"""Normalisation by the statistics of each channel over a batch.

The statistics, the normalised array and its gradient are one operator each. For gradients of
gradients the rule takes the formula itself, which is made of operators.
"""

from __future__ import annotations

from math import prod
from typing import Any

from dtrain.errors import OpError, OpValueError, ShapeError
from dtrain.nn.functional.kinds import FUNCTION, recording, widened
from dtrain.tensor.graph import bump
from dtrain.tensor.op import op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, F, Xp

__all__ = ["batch_norm", "instance_norm"]

Sizes = tuple[int, ...]


# ---- statistics over the last dimension of (rows, size) and over (N, C, L) but for C ----
def row_means(xp: Xp, rows: Array) -> Array:
    """Return the mean over the last dimension; BLAS adds three times as quickly as NumPy."""
    if not rows.shape[-1]:
        return xp.full(rows.shape[:-1], float("nan"), rows.dtype)
    return rows @ xp.full(rows.shape[-1], 1 / rows.shape[-1], rows.dtype)


def row_squares(xp: Xp, rows: Array) -> Array:
    """Return the mean of the squares over the last dimension."""
    return xp.matmul(rows[..., None, :], rows[..., :, None])[..., 0, 0] / max(rows.shape[-1], 1)


@op(FUNCTION)
def batch_statistics(xp: Xp, input: Array) -> Any:
    """Return mean and variance (dividing by the count) of each channel of (N, C, *size)."""
    wide = input.dtype if input.dtype.itemsize > 2 else "float32"
    size = prod(input.shape[2:])
    rows = input.astype(wide, copy=False).reshape(input.shape[0], input.shape[1], size)
    if rows.shape[2] == 1:
        rows = rows.reshape(1, *rows.shape[:2]).swapaxes(1, 2)
    mean = xp.add.reduce(row_means(xp, rows), 0) / max(rows.shape[0], 1)
    centred = rows - mean[:, None]
    return mean, xp.add.reduce(row_squares(xp, centred), 0) / max(rows.shape[0], 1)


def _channelwise(values: Any, ndim: int) -> Any:
    return values.reshape(-1, *(1,) * (ndim - 2))


# ---- (x - mean) * scale * weight + bias, channel by channel ----
def _batch_norm_grads(
    F: F, g: Any, wanted: tuple[bool, ...], input: Any, weight: Any, mean: Any, inverse: Any,
    eps: float, training: bool,
) -> tuple[Any, ...]:  # fmt: skip
    if recording(F):
        return _batch_norm_formula(g, wanted, input, weight, mean, inverse, eps, training)
    return F.batch_norm_grad(g, wanted, input, weight, mean, inverse, training)


def _batch_norm_formula(
    g: Tensor, wanted: tuple[bool, ...], input: Tensor, weight: Tensor | None, mean: Tensor,
    inverse: Tensor, eps: float, training: bool,
) -> tuple[Any, ...]:  # fmt: skip
    """Return the gradients as recorded operators; the statistics depend on the input again."""
    dims = (0, *range(2, input.ndim))
    if training:
        centre = input - input.mean(dims, True)
        inverse = (centre.square().mean(dims, True) + eps).rsqrt()
    else:
        centre = input - _channelwise(mean, input.ndim)
        inverse = _channelwise(inverse, input.ndim)
    hat = centre * inverse
    scaled = g if weight is None else g * _channelwise(weight, input.ndim)
    to_input = scaled * inverse
    if training:
        inner = scaled - scaled.mean(dims, True) - hat * (scaled * hat).mean(dims, True)
        to_input = inner * inverse
    return (
        to_input if wanted[0] else None,
        (g * hat).sum(dims) if wanted[1] else None,
        g.sum(dims) if wanted[2] else None,
    )


@op(FUNCTION, name="batch_norm_apply", node="NativeBatchNormBackward0",
    joint=(("input", "weight", "bias"), _batch_norm_grads))  # fmt: skip
@widened
def _batch_norm(
    xp: Xp, input: Array, weight: Array, bias: Array, mean: Array, inverse: Array, eps: float,
    training: bool,
) -> Array:  # fmt: skip
    """Return (x - mean) * inverse * weight + bias for each channel of (N, C, *size)."""
    scale = inverse if weight is None else inverse * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    made = input * _channelwise(scale, input.ndim).astype(input.dtype, copy=False)
    made += _channelwise(shift, input.ndim).astype(input.dtype, copy=False)
    return made


@op(FUNCTION)
def batch_norm_grad(
    xp: Xp, g: Array, wanted: tuple[bool, ...], input: Array, weight: Array, mean: Array,
    inverse: Array, training: bool,
) -> Any:  # fmt: skip
    """Return the gradients of batch_norm to input, weight and bias; None where not wanted."""
    n, channels = input.shape[:2]
    kind = mean.dtype
    rows = g.astype(kind, copy=False).reshape(n, channels, prod(g.shape[2:]))
    hat = input.astype(kind, copy=False).reshape(rows.shape) - mean[:, None]
    hat *= inverse[:, None]
    size = rows.shape[2]
    total = xp.add.reduce(row_means(xp, rows), 0) * size
    along = xp.add.reduce(xp.matmul(rows[..., None, :], hat[..., :, None])[..., 0, 0], 0)
    to_input = None
    if wanted[0]:
        scale = inverse if weight is None else inverse * weight
        to_input = rows
        if training:
            hat *= (along / -(n * size))[:, None]
            hat += rows
            hat -= (total / (n * size))[:, None]
            to_input = hat
        to_input = (to_input * scale[:, None]).astype(g.dtype, copy=False).reshape(input.shape)
    back = input.dtype if weight is None else weight.dtype
    return (
        to_input,
        along.astype(back, copy=False) if wanted[1] else None,
        total.astype(back, copy=False) if wanted[2] else None,
    )


def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None,
    weight: Tensor | None = None, bias: Tensor | None = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    """Normalise each channel of (N, C, *size) over the batch.

    Args:
        input: (N, C) or (N, C, *size).
        running_mean: (C,), used in evaluation and updated in training.
        running_var: (C,), likewise; it takes the unbiased variance.
        weight: (C,), multiplies.
        bias: (C,), added.
        training: Use the statistics of this batch.
        momentum: How much of this batch's statistics the running ones take.
        eps: Added to the variance.

    Raises:
        OpValueError: One value per channel has no variance, or `eps` is not positive.
        OpError: There are no running statistics to evaluate with, or sizes do not fit.
    """
    shape = input._a.shape
    if len(shape) < 2:
        if not input._a.size:
            return input * 1
        raise OpError(f"batch_norm(input: {list(shape)}): expected at least 2 dimensions")
    for name, value in (
        ("running_mean", running_mean), ("running_var", running_var), ("weight", weight),
        ("bias", bias),
    ):  # fmt: skip
        if value is not None and value._a.size != shape[1]:
            raise ShapeError(
                f"batch_norm(): {name} should contain {shape[1]} elements not {value._a.size}"
            )
    if training:
        if eps <= 0:
            raise OpValueError(f"batch_norm eps must be positive during training, but got {eps}")
        count = prod(shape) // max(shape[1], 1)
        if count == 1:
            raise OpValueError(
                "Expected more than 1 value per channel when training, got input size "
                f"{input.shape}"
            )
        mean, variance = batch_statistics(input)
        if count:  # an empty batch has no statistics
            _track(running_mean, mean, momentum)
            _track(running_var, variance, momentum, count / max(count - 1, 1))
    elif running_mean is None or running_var is None:
        raise OpError(
            "batch_norm(): Expected running_mean and running_var to be defined when training=False"
        )
    else:
        mean, variance = running_mean.detach(), running_var.detach()
    inverse = _inverse_root(variance, eps)
    return _batch_norm(input, weight, bias, mean, inverse, eps, training)


@op(FUNCTION, name="inverse_root")
def _inverse_root(xp: Xp, input: Array, eps: float) -> Array:
    """Return 1 / sqrt(x + eps), without history."""
    return 1 / xp.sqrt(input + input.dtype.type(eps))


def _track(running: Tensor | None, value: Tensor, momentum: float, factor: float = 1.0) -> None:
    """Move a running statistic towards the value of this batch, in place."""
    if running is None:
        return
    held = running._a
    held *= 1 - momentum
    held += (value._a * (momentum * factor)).astype(held.dtype, copy=False)
    bump(running)


def instance_norm(
    input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None,
    weight: Tensor | None = None, bias: Tensor | None = None, use_input_stats: bool = True,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    """Normalise each channel of each sample of (N, C, *size) over its own elements.

    Args:
        input: (N, C, *size).
        running_mean: (C,), used without `use_input_stats`, else updated with the mean over samples.
        running_var: (C,), likewise.
        weight: (C,), multiplies.
        bias: (C,), added.
        use_input_stats: Use the statistics of the input.
        momentum: How much of the input's statistics the running ones take.
        eps: Added to the variance.
    """
    shape = input._a.shape
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if prod(shape[2:]) == 1:
        raise OpValueError(
            f"Expected more than 1 spatial element when training, got input size {input.shape}"
        )
    if running_mean is not None and running_mean._a.dtype != input._a.dtype:
        raise OpError(
            f"Expected running_mean to have type {input.dtype} but got {running_mean.dtype}"
        )
    n, channels = shape[:2]
    flat = input.reshape(1, n * channels, *shape[2:])
    held = [None if r is None else r.repeat(n) for r in (running_mean, running_var)]
    made = batch_norm(flat, held[0], held[1], None, None, True, momentum, eps).reshape(shape)
    for running, value in zip((running_mean, running_var), held, strict=True):
        if running is not None and value is not None:
            running._a[...] = value._a.reshape(n, channels).mean(0)
            bump(running)
    if weight is not None:
        made = made * _channelwise(weight, len(shape))
    return made if bias is None else made + _channelwise(bias, len(shape))

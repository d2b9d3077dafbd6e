"""Losses of numbers: squared, absolute and robust errors, and likelihoods of distributions."""

from __future__ import annotations

import math
import warnings
from typing import Any

from dtrain.errors import OpError, OpValueError
from dtrain.nn.functional.kinds import PAIRED, reduced, reduction_of
from dtrain.tensor.op import op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, F, Xp

__all__ = [
    "gaussian_nll_loss", "huber_loss", "kl_div", "l1_loss", "mse_loss", "poisson_nll_loss",
    "smooth_l1_loss",
]  # fmt: skip


def _warn_broadcast(where: str, input: Tensor, target: Tensor) -> None:
    if input._a.shape != target._a.shape:
        warnings.warn(
            f"{where}: Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            UserWarning,
            stacklevel=3,
        )


def _weighted(loss: Any, weight: Tensor | None, reduction: str) -> Any:
    """Reduce a loss; the mean of a weighted one is over the sum of the weights."""
    if weight is None:
        return reduced(loss, reduction)
    if weight._a.shape != loss._a.shape:
        raise OpValueError("Weights and input must have the same size.")
    if reduction == "mean":
        return (loss * weight).sum() / weight.sum()
    return reduced(loss * weight, reduction)


@op(
    PAIRED,
    input=lambda F, g, input, target: (input - target) * (g * 2),
    target=lambda F, g, input, target: (target - input) * (g * 2),
)
def squared_error(xp: Xp, input: Array, target: Array) -> Array:
    """Return (input - target) ** 2."""
    made = input - target
    return made * made


def mse_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the squared error: its mean, its sum, or all of it ("none").

    Args:
        input: Any shape.
        target: The same shape, or one that broadcasts to it (with a warning).
        size_average: Old spelling of `reduction`.
        reduce: Old spelling of `reduction`.
        reduction: "mean", "sum" or "none".
        weight: Multiplies each element; the mean is then over the sum of the weights.
    """
    _warn_broadcast("mse_loss", input, target)
    return _weighted(
        squared_error(input, target), weight, reduction_of(reduction, size_average, reduce)
    )


@op(
    PAIRED,
    input=lambda F, g, input, target: g * F.sign(input - target),
    target=lambda F, g, input, target: g * F.sign(target - input),
)
def absolute_error(xp: Xp, input: Array, target: Array) -> Array:
    """Return |input - target|."""
    return abs(input - target)


def l1_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the absolute error; arguments as mse_loss."""
    _warn_broadcast("l1_loss", input, target)
    how = reduction_of(reduction, size_average, reduce)
    return _weighted(absolute_error(input, target), weight, how)


def _huber_slope(F: F, input: Any, target: Any, delta: float) -> Any:
    return F.clamp(input - target, -delta, delta)


@op(
    PAIRED,
    input=lambda F, g, input, target, delta: g * _huber_slope(F, input, target, delta),
    target=lambda F, g, input, target, delta: -g * _huber_slope(F, input, target, delta),
)
def huber_error(xp: Xp, input: Array, target: Array, delta: float) -> Array:
    """Return d^2 / 2 for |d| < delta, else delta (|d| - delta / 2), where d = input - target."""
    error = abs(input - target)
    near = xp.minimum(error, error.dtype.type(delta))
    return near * (error - near * error.dtype.type(0.5))


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0,
    weight: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the error that is squared below `delta` and absolute above.

    Args:
        input: Any shape.
        target: The same shape.
        reduction: "mean", "sum" or "none".
        delta: Where one turns into the other, positive.
        weight: Multiplies each element.

    Raises:
        OpError: `delta` is not positive.
    """
    _warn_broadcast("huber_loss", input, target)
    if delta <= 0:
        raise OpError("huber_loss does not support non-positive values for delta.")
    loss = huber_error(input, target, delta)
    if weight is not None:
        if weight._a.shape != input._a.shape:
            raise OpValueError("Weights and input must have the same size.")
        loss = loss * weight
    return reduced(loss, reduction)


def smooth_l1_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", beta: float = 1.0,
) -> Any:  # fmt: skip
    """Return huber_loss / beta with delta = beta; the absolute error for beta = 0.

    Raises:
        OpError: `beta` is negative.
    """
    _warn_broadcast("smooth_l1_loss", input, target)
    if beta < 0:
        raise OpError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return reduced(absolute_error(input, target), reduction, size_average, reduce)
    return reduced(huber_error(input, target, beta) / beta, reduction, size_average, reduce)


def kl_div(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", log_target: bool = False,
) -> Any:  # fmt: skip
    """Return the Kullback-Leibler divergence target * (log(target) - input).

    Args:
        input: Log-probabilities.
        target: Probabilities, or their logarithms with `log_target`.
        size_average: Old spelling of `reduction`.
        reduce: Old spelling of `reduction`.
        reduction: "batchmean" (the sum over the first dimension's size), "mean", "sum" or "none".
        log_target: The target is given as logarithms.
    """
    how = "sum" if reduction == "batchmean" else reduction_of(reduction, size_average, reduce)
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. "
            "'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition.",
            UserWarning,
            stacklevel=2,
        )
    loss = target.exp() * (target - input) if log_target else target.xlogy(target) - target * input
    total = reduced(loss, how)
    if reduction == "batchmean" and input._a.ndim:
        return total / input._a.shape[0]
    return total


def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool = True, full: bool = False,
    size_average: bool | None = None, eps: float = 1e-8, reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return the negative log-likelihood of counts.

    Args:
        input: The expected counts, or their logarithms with `log_input`.
        target: The counts.
        log_input: The input is given as logarithms.
        full: Add Stirling's approximation of log(target!).
        size_average: Old spelling of `reduction`.
        eps: Added before the logarithm without `log_input`.
        reduce: Old spelling of `reduction`.
        reduction: "mean", "sum" or "none".
    """
    how = reduction_of(reduction, size_average, reduce)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + (target * (2 * math.pi)).log() * 0.5
        loss = loss + stirling.masked_fill(target <= 1, 0)
    return reduced(loss, how)


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return the negative log-likelihood of `target` under normal distributions.

    Args:
        input: The means.
        target: What was drawn.
        var: The variances: a number, or a tensor of the input's shape, with or without its last
            dimension, which may also be 1.
        full: Add the constant log(2 pi) / 2.
        eps: The least variance.
        reduction: "mean", "sum" or "none".

    Raises:
        OpValueError: `var` does not fit or has negative entries.
    """
    if not isinstance(var, Tensor):
        if var < 0:
            raise OpValueError("var has negative entry/entries")
        var = input.new_full(input.shape, float(var))
    elif bool((var._a < 0).any()):
        raise OpValueError("var has negative entry/entries")
    shape, given = input._a.shape, var._a.shape
    if given != shape:
        if shape[:-1] == given:
            var = var.unsqueeze(-1)
        elif len(shape) != len(given) or any(
            m not in (1, n) for n, m in zip(shape, given, strict=True)
        ):
            raise OpValueError("var is of incorrect size")
    if reduction not in ("mean", "sum", "none"):
        raise OpValueError(f"{reduction} is not valid")
    floor = var.detach().clamp(min=eps) - var.detach()  # the gradient ignores the clamp, as torch's
    var = var + floor
    loss = (var.log() + (input - target) ** 2 / var) * 0.5
    return reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)

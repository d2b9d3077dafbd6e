"""Dropout: elements, or whole channels, set to zero at random.

The draws come from the default generator in torch's order, so a seed gives torch's masks.
"""

from __future__ import annotations

import warnings
from typing import Any

from dtrain.errors import OpError, OpValueError
from dtrain.nn.functional.kinds import placed
from dtrain.tensor.generator import default_generator
from dtrain.tensor.tensor import Tensor

__all__ = [
    "alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout",
]  # fmt: skip

# selu's fixed point: alpha_dropout sets elements to the value that selu takes far below zero
_FLOOR = -1.7580993408473766


def _kept(input: Tensor, shape: tuple[int, ...], p: float) -> Any:
    """Return ones with probability 1 - p and zeros elsewhere, on the device of `input`."""
    return placed(default_generator.bernoulli(1 - p, shape, input._a.dtype), input)


def _check(where: str, p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise OpValueError(f"{where}: dropout probability has to be between 0 and 1, but got {p}")


def _dropped(input: Tensor, shape: tuple[int, ...], p: float, inplace: bool) -> Any:
    if p == 0 or not input._a.size:
        return input if inplace else input * 1
    if p == 1:
        return input.mul_(0) if inplace else input * 0
    noise = _kept(input, shape, p)
    noise._a /= noise._a.dtype.type(1 - p)
    return input.mul_(noise) if inplace else input * noise


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Set elements to zero with probability `p` and scale the others by 1 / (1 - p).

    Args:
        input: Any shape.
        p: Probability of zero, in [0, 1].
        training: If False, return the input as it is.
        inplace: Change the input itself.

    Raises:
        OpValueError: `p` is no probability.
    """
    _check("dropout", p)
    return _dropped(input, input._a.shape, p, inplace) if training else input


def _channels(where: str, input: Tensor, dims: int) -> tuple[int, ...]:
    """Return the shape of one draw for each channel of each sample."""
    shape = input._a.shape
    if len(shape) < 2:
        raise OpError(
            f"{where}(input: {list(shape)}): Feature dropout requires at least 2 dimensions in the "
            "input"
        )
    if dims and len(shape) == dims + 1:
        return (1, shape[0], *(1,) * dims)[1:]
    return (*shape[:2], *(1,) * (len(shape) - 2))


def _channel_dropout(
    where: str, dims: int, input: Tensor, p: float, training: bool, inplace: bool
) -> Any:
    _check(where, p)
    if input._a.ndim not in (dims + 1, dims + 2):
        warnings.warn(
            f"{where}: Received a {input._a.ndim}-D input to {where}; expected {dims + 1}-D or "
            f"{dims + 2}-D",
            UserWarning,
            stacklevel=3,
        )
        dims = 0
    return _dropped(input, _channels(where, input, dims), p, inplace) if training else input


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Set whole channels of (N, C, L) or (C, L) to zero; see dropout."""
    return _channel_dropout("dropout1d", 1, input, p, training, inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Set whole channels of (N, C, H, W) to zero; see dropout.

    Note: As in torch, a (N, C, L) input is taken as that, not as (C, H, W).
    """
    _check("dropout2d", p)
    if input._a.ndim not in (3, 4):
        warnings.warn(
            f"dropout2d: Received a {input._a.ndim}-D input to dropout2d; expected 3-D or 4-D",
            UserWarning,
            stacklevel=2,
        )
    return _dropped(input, _channels("dropout2d", input, 0), p, inplace) if training else input


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Set whole channels of (N, C, D, H, W) or (C, D, H, W) to zero; see dropout."""
    return _channel_dropout("dropout3d", 3, input, p, training, inplace)


def _alpha(input: Tensor, shape: tuple[int, ...], p: float, inplace: bool) -> Any:
    """Drop to selu's floor and restore mean and variance by an affine map."""
    if p == 0 or not input._a.size:
        return input if inplace else input * 1
    if p == 1:
        return input.mul_(0) if inplace else input * 0
    kept = _kept(input, shape, p)
    scale = ((_FLOOR**2 * p + 1) * (1 - p)) ** -0.5
    shift = (kept - 1) * (-_FLOOR * scale) + (-_FLOOR * scale * p)
    noise = kept * scale
    return input.mul_(noise).add_(shift) if inplace else input * noise + shift


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Any:
    """Dropout that keeps mean and variance of selu's output; arguments as dropout."""
    _check("alpha_dropout", p)
    return _alpha(input, input._a.shape, p, inplace) if training else input


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Any:
    """alpha_dropout of whole channels; arguments as dropout."""
    _check("feature_alpha_dropout", p)
    if not training:
        return input
    return _alpha(input, _channels("feature_alpha_dropout", input, 0), p, inplace)

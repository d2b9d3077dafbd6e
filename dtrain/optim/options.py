"""Options of optimizers: checks that they share, and the two that act on the gradient."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpError, OpValueError
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = [
    "check_at_least",
    "check_betas",
    "check_rate",
    "check_spellings",
    "descent",
    "move_towards",
    "with_decay",
]


def check_at_least(limit: float, **values: Any) -> None:
    """Refuse options below a limit.

    Raises:
        OpValueError: One is, or is NaN.
    """
    for what, value in values.items():
        if not value >= limit:
            raise OpValueError(f"Invalid {what.replace('__', ' ')}: {value}")


def check_rate(lr: Any) -> None:
    """Refuse a learning rate that is negative or not one number.

    Raises:
        OpValueError: It is.
    """
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise OpValueError("Tensor lr must be 1-element")
    check_at_least(0, learning__rate=lr)


def check_betas(betas: tuple[Any, Any]) -> None:
    """Refuse shares of old means outside [0, 1).

    Raises:
        OpValueError: One is.
    """
    for i, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise OpValueError(f"Invalid beta parameter at index {i}: {beta}")


def check_spellings(
    *, foreach: bool | None, differentiable: bool, fused: bool | None = None
) -> None:
    """Refuse combinations of torch's spellings of the implementation.

    Raises:
        OpError: Two exclude each other.
    """
    if fused and differentiable:
        raise OpError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise OpError("`fused` and `foreach` cannot be `True` together.")


def descent(g: Array, group: dict[str, Any]) -> Array:
    """Return the gradient of what is minimized: its sign is turned to maximize."""
    return -g if group["maximize"] else g


def with_decay(p: Array, g: Array, group: dict[str, Any]) -> Array:
    """Return the gradient of what is minimized, L2 decay added."""
    g = descent(g, group)
    decay = group["weight_decay"]
    if not decay:
        return g
    total = p * decay
    total += g
    return total


def move_towards(xp: Xp, mean: Array, value: Array, share: float) -> Array:
    """Set mean = mean + share (value - mean) in place; return memory that is free to be used."""
    change = value - mean
    change *= share
    mean += change
    return change

"""Losses of numbers: squared, absolute and robust errors."""

from __future__ import annotations

from typing import Any

from dtrain.nn.functional.kinds import PAIRED, reduced, reduction_of
from dtrain.tensor.op import op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["mse_loss"]


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
    return _weighted(squared_error(input, target), weight, reduction_of(reduction, size_average, reduce))

"""Cross-entropy of yes and no."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpError, OpValueError
from dtrain.nn.functional.kinds import PAIRED, reduced, widened
from dtrain.tensor.op import op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits"]

_LEAST = 1e-12


@op(
    PAIRED,
    input=lambda F, g, input, target: (
        g * (input - target) / F.clamp(input * (1 - input), _LEAST, None)
    ),
    target=lambda F, g, input: g * (F.log1p(-input) - F.log(input)),
)
@widened
def binary_entropy(xp: Xp, input: Array, target: Array) -> Array:
    """Return -target log(x) - (1 - target) log(1 - x), the logarithms not below -100."""
    with xp.errstate(divide="ignore"):
        yes, no = xp.log(input), xp.log1p(-input)
    floor = input.dtype.type(-100)
    return (target - 1) * xp.maximum(no, floor) - target * xp.maximum(yes, floor)


def _same_size(where: str, input: Tensor, target: Tensor) -> None:
    if input._a.shape != target._a.shape:
        raise OpValueError(
            f"{where}: Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}) is deprecated. Target size ({target.shape}) must be the same as "
            f"input size ({input.shape})"
        )


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return -target log(input) - (1 - target) log(1 - input).

    Args:
        input: Probabilities, any shape.
        target: Between 0 and 1, the same shape.
        weight: Multiplies each element.
        size_average: Old spelling of `reduction`.
        reduce: Old spelling of `reduction`.
        reduction: "mean", "sum" or "none".

    Raises:
        OpValueError: The shapes differ.
        OpError: An input is no probability.
    """
    _same_size("binary_cross_entropy", input, target)
    a = input._a
    if a.size and not (a.min() >= 0 and a.max() <= 1):
        raise OpError("all elements of input should be between 0 and 1")
    loss = binary_entropy(input, target)
    if weight is not None:
        loss = loss * weight
    return reduced(loss, reduction, size_average, reduce)


@op(
    PAIRED,
    input=lambda F, g, input, target: g * (F.sigmoid(input) - target),
    target=lambda F, g, input: -g * input,
)
@widened
def logit_entropy(xp: Xp, input: Array, target: Array) -> Array:
    """Return log(1 + exp(x)) - target x."""
    made = xp.log1p(xp.exp(-abs(input)))
    made += xp.maximum(input, input.dtype.type(0))
    return made - target * input


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean", pos_weight: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return binary_cross_entropy(sigmoid(input), target), computed without overflow.

    Args:
        input: Logits, any shape.
        target: Between 0 and 1, the same shape.
        weight: Multiplies each element.
        size_average: Old spelling of `reduction`.
        reduce: Old spelling of `reduction`.
        reduction: "mean", "sum" or "none".
        pos_weight: Multiplies the part of the targets.

    Raises:
        OpValueError: The shapes differ.
    """
    if input._a.shape != target._a.shape:
        raise OpValueError(
            f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        )
    if pos_weight is None:
        loss = logit_entropy(input, target)
    else:
        factor = (pos_weight - 1) * target + 1
        loss = (1 - target) * input + factor * (logit_entropy(input, input * 0))
        loss = loss - factor * input
    if weight is not None:
        loss = loss * weight
    return reduced(loss, reduction, size_average, reduce)

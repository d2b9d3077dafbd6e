"""Losses of scores that want a margin: rankings, triplets, hinges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dtrain.errors import OpError, OpValueError, ShapeError
from dtrain.nn.functional.distance import pairwise_distance
from dtrain.nn.functional.kinds import reduced, reduction_of
from dtrain.nn.functional.smooth import logsigmoid
from dtrain.tensor.tensor import Tensor

__all__ = [
    "cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "soft_margin_loss",
    "triplet_margin_loss", "triplet_margin_with_distance_loss",
]  # fmt: skip


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0,
    size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return max(0, -target * (input1 - input2) + margin); target 1 ranks input1 higher, -1 lower.

    Raises:
        ShapeError: The three have different numbers of dimensions.
    """
    if not input1._a.ndim == input2._a.ndim == target._a.ndim:
        raise ShapeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    loss = (-target * (input1 - input2) + margin).clamp_min(0)
    return reduced(loss, reduction, size_average, reduce)


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return the input where target is 1, and max(0, margin - input) where it is -1."""
    far = (margin - input).clamp_min(0).masked_fill(target == 1, 0)
    near = (input * (target != 0)).masked_fill(target == -1, 0)
    return reduced(near + far, reduction, size_average, reduce)


def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return log(1 + exp(-target * input)) for targets of 1 and -1."""
    return reduced(-logsigmoid(target * input), reduction, size_average, reduce)


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0,
    size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return 1 - cos where target is 1, and max(0, cos - margin) where it is -1.

    Args:
        input1: (N, D) or (D,).
        input2: The same shape.
        target: (N,) or ().
        margin: In [-1, 1].
        size_average: Old spelling of `reduction`.
        reduce: Old spelling of `reduction`.
        reduction: "mean", "sum" or "none".

    Raises:
        ShapeError: Sizes do not fit.
    """
    if input1._a.ndim != target._a.ndim + 1 or input2._a.ndim != target._a.ndim + 1:
        many = "1D target tensor expects 2D input tensors" if target._a.ndim == 1 else (
            "0D target tensor expects 1D input tensors"
        )  # fmt: skip
        if target._a.ndim > 1:
            raise ShapeError("0D or 1D target tensor expected, multi-target not supported")
        raise ShapeError(f"{many}, but found inputs with sizes {input1.shape} and {input2.shape}.")
    cosine = _cosine(input1, input2)
    near = (1 - cosine) * (target == 1)
    far = (cosine - margin).clamp_min(0) * (target == -1)
    return reduced(near + far, reduction, size_average, reduce)


def _cosine(input1: Tensor, input2: Tensor) -> Any:
    """Return the cosine of vectors whose squared lengths have 1e-12 added, as this loss does."""
    dot = (input1 * input2).sum(-1)
    squares = ((input1 * input1).sum(-1) + 1e-12) * ((input2 * input2).sum(-1) + 1e-12)
    return dot / squares.sqrt()


def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2,
    eps: float = 1e-6, swap: bool = False, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return max(0, d(anchor, positive) - d(anchor, negative) + margin).

    Args:
        anchor: (N, D) or (D,).
        positive: The same shape.
        negative: The same shape.
        margin: By how much the negative is to be farther, positive.
        p: The norm of the distance d.
        eps: Added to the differences.
        swap: Take d(positive, negative) where it is the smaller.
        size_average: Old spelling of `reduction`.
        reduce: Old spelling of `reduction`.
        reduction: "mean", "sum" or "none".

    Raises:
        OpValueError: `margin` is not positive.
        ShapeError: The numbers of dimensions differ.
    """
    if margin <= 0:
        raise OpValueError(f"margin must be greater than 0, got {margin}")
    if not anchor._a.ndim == positive._a.ndim == negative._a.ndim:
        raise ShapeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor._a.ndim}D, positive {positive._a.ndim}D, and "
            f"negative {negative._a.ndim}D inputs"
        )

    def distance(a: Tensor, b: Tensor) -> Any:
        return pairwise_distance(a, b, p, eps)

    how = reduction_of(reduction, size_average, reduce)
    return _triplet(anchor, positive, negative, distance, margin, swap, how)


def triplet_margin_with_distance_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None, margin: float = 1.0,
    swap: bool = False, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return triplet_margin_loss with any distance; None for the Euclidean one."""
    if reduction not in ("mean", "sum", "none"):
        raise OpValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise OpValueError(f"margin must be greater than 0, got {margin}")
    if not anchor._a.ndim == positive._a.ndim == negative._a.ndim:
        raise ShapeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor._a.ndim}D, positive {positive._a.ndim}D, and "
            f"negative {negative._a.ndim}D inputs"
        )
    distance = distance_function or pairwise_distance
    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


def _triplet(
    anchor: Tensor, positive: Tensor, negative: Tensor, distance: Callable[..., Any],
    margin: float, swap: bool, reduction: str,
) -> Any:  # fmt: skip
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    return reduced((near - far + margin).clamp_min(0), reduction)


def _rows_and_targets(where: str, input: Tensor, target: Tensor) -> tuple[Any, Any, bool]:
    """Return (N, C) and the targets with a batch dimension, and whether there was none."""
    shape = input._a.shape
    alone = len(shape) < 2
    if len(shape) > 2 or 0 in (shape if alone else shape[1:]):
        raise ShapeError(
            f"{where}: Expected non-empty vector or matrix with optional 0-dim batch size, but "
            f"got: {list(input.shape)}"
        )
    return (input.reshape(1, -1), target.reshape(1, -1), True) if alone else (input, target, False)


def multi_margin_loss(
    input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None,
    size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return the mean over the other classes of max(0, margin - x[target] + x[i]) ** p.

    Args:
        input: (N, C) or (C,).
        target: Classes, (N,) or ().
        p: 1 or 2.
        margin: By how much the target's score is to be higher.
        weight: Of each class, (C,).
        size_average: Old spelling of `reduction`.
        reduce: Old spelling of `reduction`.
        reduction: "mean", "sum" or "none".

    Raises:
        OpValueError: `p` is neither 1 nor 2, or `weight` is no vector.
        ShapeError: Sizes do not fit.
    """
    if p not in (1, 2):
        raise OpError("multi_margin_loss: only p == 1 and p == 2 supported")
    if weight is not None and weight._a.ndim != 1:
        raise OpValueError("weight must be one-dimensional")
    rows, _, alone = _rows_and_targets("multi_margin_loss", input, target)
    n, classes = rows._a.shape
    index = target.reshape(-1)
    if index._a.size != n or target._a.ndim > 1:
        raise ShapeError(
            f"multi_margin_loss: inconsistent target size, got: {list(target.shape)} for input "
            f"{list(input.shape)}"
        )
    at = index.unsqueeze(1)
    room = (rows - rows.gather(1, at) + margin).clamp_min(0)
    room = room if p == 1 else room * room
    if weight is not None:
        room = room * weight[index].unsqueeze(1)
    loss = room.scatter(1, at, 0.0).sum(1) / classes
    return reduced(loss.reshape(target.shape) if alone else loss, reduction, size_average, reduce)


def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return the sum over labels j and other classes i of max(0, 1 - (x[j] - x[i])) / C.

    Args:
        input: (N, C) or (C,).
        target: The labels of each row, ended by -1: the shape of `input`.
        size_average: Old spelling of `reduction`.
        reduce: Old spelling of `reduction`.
        reduction: "mean", "sum" or "none".

    Raises:
        ShapeError: The shapes differ.
    """
    if input._a.shape != target._a.shape:
        raise ShapeError(
            f"multilabel_margin_loss: inconsistent target size: {list(target.shape)} for input of "
            f"size: {list(input.shape)}"
        )
    rows, labels, alone = _rows_and_targets("multilabel_margin_loss", input, target)
    counted = (labels < 0).cumsum(1) == 0
    index = labels.masked_fill(~counted, 0)
    counts = counted.to(rows.dtype)
    is_label = rows.new_zeros(rows.shape).scatter_add(1, index, counts) > 0
    room = (1 - rows.gather(1, index).unsqueeze(2) + rows.unsqueeze(1)).clamp_min(0)
    room = room * counts.unsqueeze(2) * (~is_label).to(rows.dtype).unsqueeze(1)
    loss = room.sum((1, 2)) / rows._a.shape[1]
    return reduced(loss.reshape(()) if alone else loss, reduction, size_average, reduce)


def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return the mean over classes of the binary cross-entropy of logits; see its arguments."""
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    loss = loss.sum(-1) / input._a.shape[-1]
    return reduced(loss, reduction, size_average, reduce)

"""Losses of class scores: negative log-likelihood, cross-entropy and their kin.

Scores are (N, C, *size) or (C,); letters: N batch, C classes.
"""

from __future__ import annotations

from typing import Any

from dtrain.errors import DtypeError, OpError, OpIndexError, OpValueError, ShapeError
from dtrain.nn.functional.kinds import FUNCTION, reduced, reduction_of, widened
from dtrain.nn.functional.linear import linear
from dtrain.nn.functional.softmax import log_softmax
from dtrain.tensor.op import op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["cross_entropy", "linear_cross_entropy", "nll_loss"]


def _picked(xp: Xp, target: Array, classes: int, weight: Array, ignore: int, kind: Any) -> Any:
    """Return the classes with ignored ones as 0, and each element's weight (None for all ones).

    Raises:
        OpIndexError: A target is no class.
    """
    low, high = 0, classes - 1
    if target.size:
        low, high = int(xp.minimum.reduce(target, None)), int(xp.maximum.reduce(target, None))
    inside = low >= 0 and high < classes
    if inside and not low <= ignore <= high:
        return target, None if weight is None else weight[target]
    skipped = target == ignore
    index = xp.where(skipped, 0, target)
    if not inside and not 0 <= int(index.min()) <= int(index.max()) < classes:
        wrong = index[(index < 0) | (index >= classes)].reshape(-1)[0]
        raise OpIndexError(f"Target {int(wrong)} is out of bounds; there are {classes} classes")
    each = xp.ones(target.shape, kind) if weight is None else weight[index]
    return index, each * ~skipped


@op(
    FUNCTION, name="nll_loss_nd", node="NllLossBackward0",
    input=lambda F, g, input_shape, target, weight, ignore_index, reduction: (
        F.nll_loss_grad(g, target, weight, input_shape, ignore_index, reduction)
    ),
)  # fmt: skip
@widened
def _nll_loss(
    xp: Xp, input: Array, target: Array, weight: Array, ignore_index: int, reduction: str
) -> Array:
    """Return -weight[target] * input[target], or its sum or weighted mean.

    Args:
        xp: The array module.
        input: (N, C, *size), log-probabilities.
        target: (N, *size), classes.
        weight: (C,) or None.
        ignore_index: A target that counts for nothing.
        reduction: "none", "sum" or "mean".
    """
    index, each = _picked(xp, target, input.shape[1], weight, ignore_index, input.dtype)
    if index.ndim == 1:
        loss = input[xp.arange(index.size), index]
    else:
        loss = xp.take_along_axis(input, index[:, None], 1)[:, 0]
    loss = xp.negative(loss) if each is None else loss * -each
    if reduction == "none":
        return loss
    total = xp.add.reduce(loss, None)
    if reduction == "sum":
        return total
    return total / (input.dtype.type(index.size) if each is None else each.sum())


@op(
    FUNCTION,
    g=lambda F, g, target, weight, ignore_index, reduction: F.nll_loss_nd(
        g, target, weight, ignore_index, reduction
    ),
)
@widened
def nll_loss_grad(
    xp: Xp, g: Array, target: Array, weight: Array, shape: tuple[int, ...], ignore_index: int,
    reduction: str,
) -> Array:  # fmt: skip
    """Return the gradient of nll_loss to its input of the given shape."""
    index, each = _picked(xp, target, shape[1], weight, ignore_index, g.dtype)
    slope: Any = -g
    if reduction == "mean":
        slope = slope / (g.dtype.type(index.size) if each is None else each.sum())
    if each is not None:
        slope = slope * each
    made = xp.zeros(shape, g.dtype)
    if index.ndim == 1:
        made[xp.arange(index.size), index] = slope
    else:
        spread = xp.broadcast_to(slope, index.shape)
        xp.put_along_axis(made, index[:, None], spread[:, None], 1)
    return made


def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
    ignore_index: int = -100, reduce: bool | None = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Return the negative log-likelihood of the target classes.

    Args:
        input: Log-probabilities, (N, C, *size) or (C,).
        target: Classes, (N, *size) or ().
        weight: Of each class, (C,).
        size_average: Old spelling of `reduction`.
        ignore_index: A target that counts for nothing.
        reduce: Old spelling of `reduction`.
        reduction: "mean" (divided by the sum of the weights), "sum" or "none".

    Raises:
        ShapeError: Sizes do not fit.
        OpIndexError: A target is no class.
    """
    reduction = reduction_of(reduction, size_average, reduce)
    _check_target("nll_loss", input, target, weight)
    if input.ndim == 1:
        made = _nll_loss(input.unsqueeze(0), target.reshape(1), weight, ignore_index, reduction)
        return made.reshape(target.shape) if reduction == "none" else made
    return _nll_loss(input, target, weight, ignore_index, reduction)


def _check_target(where: str, input: Tensor, target: Tensor, weight: Tensor | None) -> None:
    shape, wanted = input._a.shape, target._a.shape
    if target._a.dtype.kind not in "iu":
        raise DtypeError(
            f'{where}(): expected scalar type Long but found {target.dtype}; "{where}_forward" not '
            "implemented for it: targets are classes"
        )
    if not shape:
        raise OpError(f"{where}(): Expected 1 or more dimensions (got 0)")
    if len(shape) == 1:
        if len(wanted) > 1 or target._a.size != 1:
            raise ShapeError(
                f"{where}(): 0D or 1D target tensor expected, multi-target not supported: for "
                f"input {list(shape)} the target is {list(wanted)}"
            )
    elif not wanted or shape[0] != wanted[0]:
        raise OpValueError(
            f"Expected input batch_size ({shape[0]}) to match target batch_size "
            f"({wanted[0] if wanted else 0})."
        )
    elif (shape[0], *shape[2:]) != wanted:
        raise ShapeError(
            f"{where}(): Expected target size {[shape[0], *shape[2:]]}, got {list(wanted)}"
        )
    if weight is not None and weight._a.shape != (shape[1 if len(shape) > 1 else 0],):
        raise ShapeError(
            f"{where}(): weight tensor should be defined either for all "
            f"{shape[1 if len(shape) > 1 else 0]} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )


def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
    ignore_index: int = -100, reduce: bool | None = None, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    """Return the cross-entropy of softmax(input) and the target.

    Args:
        input: Logits, (N, C, *size) or (C,).
        target: Classes (integers without the class dimension), or probabilities in the shape of
            `input`.
        weight: Of each class, (C,).
        size_average: Old spelling of `reduction`.
        ignore_index: A target class that counts for nothing.
        reduce: Old spelling of `reduction`.
        reduction: "mean", "sum" or "none".
        label_smoothing: How much of each target is spread over all classes, in [0, 1].

    Raises:
        ShapeError: Sizes do not fit.
        OpIndexError: A target is no class.
        OpError: `label_smoothing` is outside its range.
    """
    if not 0.0 <= label_smoothing <= 1.0:
        raise OpError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    reduction = reduction_of(reduction, size_average, reduce)
    dim = 0 if input._a.ndim == 1 else 1
    if input._a.shape == target._a.shape and target._a.dtype.kind not in "iub":
        if ignore_index >= 0:
            raise OpError("ignore_index is not supported for floating point target")
        return _of_probabilities(input, target, weight, dim, reduction, label_smoothing)
    if input._a.shape == target._a.shape and input._a.ndim:
        raise DtypeError(
            "cross_entropy(): Expected floating point type for target with class probabilities, "
            f"got {target.dtype}"
        )
    scores = log_softmax(input, dim)
    loss = nll_loss(scores, target, weight, None, ignore_index, None, reduction)
    if not label_smoothing:
        return loss
    spread = _smooth_loss(scores, target, weight, dim, ignore_index, reduction)
    classes = input._a.shape[dim]
    return loss * (1 - label_smoothing) + spread * (label_smoothing / classes)


def _of_probabilities(
    input: Tensor, target: Tensor, weight: Tensor | None, dim: int, reduction: str,
    label_smoothing: float,
) -> Any:  # fmt: skip
    classes = input._a.shape[dim]
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    loss = log_softmax(input, dim) * target
    if weight is not None:
        loss = loss * weight.reshape(-1, *(1,) * (input.ndim - 1 - dim))
    if reduction == "none":
        return -loss.sum(dim)
    total = -loss.sum()
    return total if reduction == "sum" else total / max(input._a.size // max(classes, 1), 1)


def _smooth_loss(
    scores: Tensor, target: Tensor, weight: Tensor | None, dim: int, ignore_index: int,
    reduction: str,
) -> Any:  # fmt: skip
    """Return the loss against all classes alike."""
    weighted = scores if weight is None else scores * weight.reshape(
        -1, *(1,) * (scores.ndim - 1 - dim)
    )  # fmt: skip
    loss = -weighted.sum(dim)
    skipped = target == ignore_index
    loss = loss.masked_fill(skipped, 0.0)
    if reduction != "mean":
        return reduced(loss, reduction)
    if weight is None:
        return loss.sum() / (~skipped).sum()
    return loss.sum() / weight[target.masked_fill(skipped, 0)].masked_fill(skipped, 0.0).sum()


def linear_cross_entropy(
    input: Tensor, linear_weight: Tensor, target: Tensor, *, linear_bias: Tensor | None = None,
    weight: Tensor | None = None, reduction: str = "mean", ignore_index: int | None = None,
    label_smoothing: float = 0.0, options: Any = None,
) -> Any:  # fmt: skip
    """Return the cross-entropy of the logits linear(input, linear_weight, linear_bias).

    Args:
        input: (N, features) or (features,).
        linear_weight: (C, *size, features).
        target: As in cross_entropy.
        linear_bias: (C, *size).
        weight: As in cross_entropy, like all that follow.
        reduction: "mean", "sum" or "none".
        ignore_index: A target class that counts for nothing; only with classes as targets.
        label_smoothing: How much of each target is spread over all classes.
        options: Accepted; they tune torch's chunked kernel only.

    Raises:
        ShapeError: Sizes do not fit.
    """
    shape, table = input._a.shape, linear_weight._a.shape
    if len(shape) not in (1, 2) or len(table) < 2:
        raise ShapeError(
            "linear_cross_entropy(): expected input with dimensionality 1 or 2 and linear_weight "
            f"with dimensionality at least 2, got {len(shape)} and {len(table)}"
        )
    if shape[-1] != table[-1]:
        raise ShapeError(
            "linear_cross_entropy(): expected equal input and linear_weight last dimensions "
            f"(in_features), got {shape[-1]} and {table[-1]}, respectively"
        )
    if linear_bias is not None and linear_bias._a.shape != table[:-1]:
        raise ShapeError(f"expected linear_bias shape {table[:-1]}, got {tuple(linear_bias.shape)}")
    if len(table) > 2 and len(shape) == 1:
        raise ShapeError(
            f"linear_cross_entropy(): K-dimensional loss defined by linear_weight shape {table} "
            f"requires batched input, got {list(shape)}"
        )
    logits = (*shape[:-1], *table[:-1])
    if target._a.shape == logits and ignore_index is not None:
        raise OpError("ignore_index cannot be specified when target contains probabilities")
    bias = None if linear_bias is None else linear_bias.reshape(-1)
    scores = linear(input, linear_weight.reshape(-1, table[-1]), bias).reshape(logits)
    return cross_entropy(
        scores, target, weight, None, -100 if ignore_index is None else ignore_index, None,
        reduction, label_smoothing,
    )  # fmt: skip

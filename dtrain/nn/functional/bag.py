"""Embeddings of bags of indices: their sum, mean or maximum."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.backend.module import to_host
from dtrain.errors import OpError, OpTypeError, OpValueError
from dtrain.nn.functional.embedding import embedding
from dtrain.nn.functional.kinds import placed
from dtrain.tensor.tensor import Tensor

__all__ = ["embedding_bag"]


def embedding_bag(
    input: Tensor, weight: Tensor, offsets: Tensor | None = None, max_norm: float | None = None,
    norm_type: float = 2, scale_grad_by_freq: bool = False, mode: str = "mean",
    sparse: bool = False, per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False, padding_idx: int | None = None,
) -> Any:  # fmt: skip
    """Return the sum, mean or maximum of the rows of `weight` that each bag names.

    Args:
        input: (bags, size), or (indices,) cut into bags by `offsets`.
        weight: The table, (rows, size).
        offsets: Where each bag begins, for indices in one dimension.
        max_norm: First scale the rows used down to this norm, in place.
        norm_type: Which norm that is.
        scale_grad_by_freq: Divide each row's gradient by how often it was used.
        mode: "sum", "mean" or "max".
        sparse: Give the table a sparse gradient.
        per_sample_weights: Factors in the shape of `input`; only for "sum".
        include_last_offset: The last of `offsets` is the number of indices.
        padding_idx: An index that counts for nothing.

    Returns:
        (bags, size).

    Raises:
        OpValueError: The arguments do not fit together.
    """
    if mode not in ("sum", "mean", "max"):
        raise OpValueError(f"mode has to be one of sum, mean or max, but got {mode!r}")
    if per_sample_weights is not None:
        if mode != "sum":
            raise OpError(
                "embedding_bag: per_sample_weights was not None. per_sample_weights is only "
                f"supported for mode='sum' (got mode='{mode}')."
            )
        if per_sample_weights._a.shape != input._a.shape:
            raise OpValueError(
                f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, "
                f"then it must have the same shape as the input ({input.shape})"
            )
    index, starts = _bags(input, offsets, include_last_offset)
    bags, count = len(starts), index._a.size
    owner = np.searchsorted(starts, np.arange(count), side="right") - 1
    rows = embedding(
        index,
        weight,
        padding_idx,
        max_norm,
        norm_type,
        scale_grad_by_freq and mode != "max",
        sparse,
    )
    used = np.ones(count, bool)
    if padding_idx is not None:
        used = to_host(index._a) != padding_idx % weight._a.shape[0]
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape(-1, 1)
    if not used.all():
        keep = placed(np.flatnonzero(used), input)
        rows, owner = rows.index_select(0, keep), owner[used]
    size = weight._a.shape[1]
    sums = weight.new_zeros((bags, size))
    if mode == "max":
        at = placed(owner, input).unsqueeze(1).expand(-1, size)
        return sums.scatter_reduce(0, at, rows, "amax", include_self=False)
    sums = sums.index_add(0, placed(owner, input), rows)
    if mode == "sum":
        return sums
    counts = np.bincount(owner, minlength=bags).clip(1, None).astype(weight._a.dtype)
    return sums / placed(counts, input).unsqueeze(1)


def _bags(input: Tensor, offsets: Tensor | None, include_last: bool) -> tuple[Any, Any]:
    """Return the indices in one dimension and where each bag begins.

    Raises:
        OpValueError: `offsets` is missing, not needed, or wrong.
    """
    if input._a.ndim == 2:
        if offsets is not None:
            raise OpValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch "
                f"of fixed length sequences. However, found offsets of type {type(offsets)}"
            )
        n, size = input._a.shape
        return input.reshape(-1), np.arange(n) * size
    if input._a.ndim != 1:
        raise OpValueError(
            f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}"
        )
    if offsets is None:
        raise OpValueError("offsets has to be a 1D Tensor but got None")
    if not isinstance(offsets, Tensor):
        raise OpTypeError(f"offsets has to be a Tensor, not {type(offsets).__name__}")
    if offsets._a.ndim != 1:
        raise OpValueError("offsets has to be a 1D Tensor")
    starts = to_host(offsets._a)
    if include_last:
        starts = starts[:-1]
    if len(starts) and int(starts[0]) != 0:
        raise OpError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            f"position 0. However, got {int(starts[0])}"
        )
    if len(starts) and int(starts[-1]) > input._a.size:
        raise OpError(
            f"offsets[-1] can not be greater than input's length({input._a.size}) but got "
            f"offsets[-1] of {int(starts[-1])}"
        )
    return input, starts

"""torch's native functions: layers that also return what they computed on the way."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from dtrain.backend.module import to_host
from dtrain.errors import OpError
from dtrain.nn.functional.bag import embedding_bag as _embedding_bag
from dtrain.nn.functional.grid import grid_sample
from dtrain.nn.functional.kinds import placed
from dtrain.nn.functional.layer_norm import group_norm, layer_norm
from dtrain.nn.functional.norm import batch_norm, batch_statistics
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.tensor import Tensor

__all__ = [
    "embedding_bag", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d", "native_batch_norm",
    "native_group_norm", "native_layer_norm",
]  # fmt: skip

# ---- normalisation ----


def _row_statistics(rows: Tensor, eps: float) -> tuple[Any, Any]:
    """Return mean and 1 / sqrt(variance + eps) over the last dimension."""
    mean = rows.mean(-1, keepdim=True)
    variance = (rows - mean).square().mean(-1)
    return mean.squeeze(-1), (variance + eps).rsqrt()


def native_layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None, bias: Tensor | None,
    eps: float,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Normalise over the last dimensions, as layer_norm; return the means and 1 / deviations too.

    Returns:
        (output, mean, rstd); the statistics keep the normalised dimensions, with size 1.
    """
    made = layer_norm(input, normalized_shape, weight, bias, eps)
    dims = len(normalized_shape)
    outer = tuple(input.shape[: input.ndim - dims])
    rows = input.detach().reshape(*outer, prod(normalized_shape))
    mean, inverse = _row_statistics(rows, eps)
    shape = (*outer, *(1,) * dims)
    return made, mean.reshape(shape), inverse.reshape(shape)


def native_group_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, N: int, C: int, HxW: int,
    group: int, eps: float,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Normalise groups of channels, as group_norm; return the means and 1 / deviations too.

    Args:
        input: (N, C, *size).
        weight: (C,), multiplies.
        bias: (C,), added.
        N: Samples.
        C: Channels.
        HxW: The product of `size`.
        group: How many groups; divides C.
        eps: Added to the variance.

    Returns:
        (output, mean, rstd); the statistics are (N, group).
    """
    mean, inverse = _row_statistics(input.reshape(N, group, C // group * HxW), eps)
    return group_norm(input, group, weight, bias, eps), mean, inverse


@accepts_out
def native_batch_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, training: bool, momentum: float, eps: float,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Normalise each channel over the batch, as batch_norm; return the batch's statistics too.

    Returns:
        (output, mean, rstd); the statistics are (C,), and empty in evaluation.
    """
    made = batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
    if not training:
        return made, input.new_empty(0), input.new_empty(0)
    mean, variance = batch_statistics(input.detach())
    return made, mean, (variance + eps).rsqrt()


# ---- embeddings ----

_MODES = ("sum", "mean", "max")


def embedding_bag(
    weight: Tensor, indices: Tensor, offsets: Tensor, scale_grad_by_freq: bool = False,
    mode: int = 0, sparse: bool = False, per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False, padding_idx: int | None = None,
) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """Return the sum (mode 0), mean (1) or maximum (2) of the rows that each bag names.

    Returns:
        (output, the bag of each index, the size of each bag, the row of each maximum); see
        nn.functional.embedding_bag for the output alone.

    Raises:
        OpError: There is no such mode.
    """
    if mode not in (0, 1, 2):
        raise OpError(f"embedding_bag(mode={mode}): expected 0 (sum), 1 (mean) or 2 (max)")
    made = _embedding_bag(
        indices, weight, offsets, scale_grad_by_freq=scale_grad_by_freq, mode=_MODES[mode],
        sparse=sparse, per_sample_weights=per_sample_weights,
        include_last_offset=include_last_offset, padding_idx=padding_idx,
    )  # fmt: skip
    starts, index = to_host(offsets._a), to_host(indices._a)
    bags = len(starts) - include_last_offset
    owner = np.searchsorted(starts[:bags], np.arange(index.size), side="right") - 1
    used = np.ones(index.size, bool)
    if padding_idx is not None:
        used = index != padding_idx % weight._a.shape[0]
    sizes = np.bincount(owner[used], minlength=bags).astype(index.dtype)
    if mode == 0:
        owner, sizes, tops = owner[:0], sizes * 0, sizes * 0
    elif mode == 1:
        tops = sizes
    else:
        tops = _top_rows(to_host(weight._a), index[used], owner[used], bags)
    found = [a.astype(index.dtype) for a in (owner, sizes, tops)]
    return made, *[placed(a, weight) for a in found]


def _top_rows(table: Any, index: Any, owner: Any, bags: int) -> Any:
    """Return for each bag and column the row that has the maximum; the first of equal ones."""
    tops = np.zeros((bags, table.shape[1]), np.int64)
    for bag in range(bags):
        rows = index[owner == bag]
        if rows.size:
            tops[bag] = rows[table[rows].argmax(0)]
    return tops


# ---- sampling ----

_INTERPOLATION = ("bilinear", "nearest", "bicubic")
_PADDING = ("zeros", "border", "reflection")


def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    """Return the values of images at the places of a grid; see nn.functional.grid_sample.

    Args:
        input: (N, C, H, W) or (N, C, D, H, W).
        grid: (N, *out, 2) or (N, *out, 3).
        interpolation_mode: 0 bilinear, 1 nearest, 2 bicubic.
        padding_mode: 0 zeros, 1 border, 2 reflection.
        align_corners: -1 and 1 are the centres of the corner elements, not their outer edges.
    """
    how = (_INTERPOLATION[interpolation_mode], _PADDING[padding_mode])
    return grid_sample(input, grid, *how, align_corners=bool(align_corners))


def grid_sampler_2d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    """Return the values of images (N, C, H, W) at the places of a grid, as grid_sampler."""
    if input._a.ndim != 4:
        raise OpError(f"grid_sampler_2d(input: {list(input.shape)}): expected a 4D input")
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def grid_sampler_3d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    """Return the values of volumes (N, C, D, H, W) at the places of a grid, as grid_sampler."""
    if input._a.ndim != 5:
        raise OpError(f"grid_sampler_3d(input: {list(input.shape)}): expected a 5D input")
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)

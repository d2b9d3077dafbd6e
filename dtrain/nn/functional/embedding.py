"""Rows of a table, looked up by index, alone or in bags."""

from __future__ import annotations

from math import prod
from typing import Any

from dtrain.backend.indexed import add_at, check_index
from dtrain.errors import DtypeError, OpError
from dtrain.nn.functional.kinds import FUNCTION, widened
from dtrain.tensor.graph import bump
from dtrain.tensor.op import op
from dtrain.tensor.sparse_array import SparseArray
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, F, Xp

__all__ = ["embedding"]


def _rows_weight(
    F: F, g: Any, weight_shape: Any, indices: Any, padding_idx: int, by_frequency: bool,
    sparse: bool,
) -> Any:  # fmt: skip
    if sparse:
        return F.embedding_sparse_grad(g, indices, weight_shape[0], padding_idx)
    return F.embedding_grad(g, indices, weight_shape[0], padding_idx, by_frequency)


@op(FUNCTION, name="embedding_rows", node="EmbeddingBackward0", weight=_rows_weight)
def _rows(
    xp: Xp, weight: Array, indices: Array, padding_idx: int, by_frequency: bool, sparse: bool
) -> Array:
    """Return weight[indices]: (*indices, size)."""
    check_index(xp, indices, weight.shape[0], "index out of range in self: {index}")
    return xp.take(weight, indices, 0)


def _scales(xp: Xp, indices: Array, padding_idx: int, by_frequency: bool, kind: Any) -> Any:
    """Return the factor of each index in the gradient, or None for all ones."""
    if by_frequency:
        flat = indices.reshape(-1)
        _, place, counts = xp.unique(flat, return_inverse=True, return_counts=True)
        made = (1 / counts[place.reshape(-1)]).astype(kind).reshape(indices.shape)
        return made * (indices != padding_idx) if padding_idx >= 0 else made
    return (indices != padding_idx).astype(kind) if padding_idx >= 0 else None


@op(
    FUNCTION,
    g=lambda F, g, indices, padding_idx, by_frequency: F.embedding_pick(
        g, indices, padding_idx, by_frequency
    ),
)
@widened
def embedding_grad(
    xp: Xp, g: Array, indices: Array, rows: int, padding_idx: int, by_frequency: bool
) -> Array:
    """Add the rows of `g` up, index by index: (rows, size)."""
    size = g.shape[-1]
    scales = _scales(xp, indices, padding_idx, by_frequency, g.dtype)
    flat = g.reshape(prod(indices.shape), size)
    if scales is not None:
        flat = flat * scales.reshape(-1, 1)
    places = indices.reshape(-1, 1) * size + xp.arange(size)
    return add_at(xp, (rows, size), places, flat)


@op(
    FUNCTION,
    weight=lambda F, g, weight_shape, indices, padding_idx, by_frequency: F.embedding_grad(
        g, indices, weight_shape[0], padding_idx, by_frequency
    ),
)
def embedding_pick(
    xp: Xp, weight: Array, indices: Array, padding_idx: int, by_frequency: bool
) -> Array:
    """Return what embedding_grad is linear with: the rows, scaled, zero at the padding."""
    made = xp.take(weight, indices, 0)
    scales = _scales(xp, indices, padding_idx, by_frequency, weight.dtype)
    return made if scales is None else made * scales[..., None]


@op(
    FUNCTION,
    g=lambda F, g, indices, padding_idx: F.embedding_pick(
        F.sparse_densify(g), indices, padding_idx, False
    ),
)
def embedding_sparse_grad(xp: Xp, g: Array, indices: Array, rows: int, padding_idx: int) -> Array:
    """Return the rows of `g` at the rows of the table they belong to, as a sparse array."""
    size, flat = g.shape[-1], indices.reshape(-1)
    values = g.reshape(flat.size, size)
    if padding_idx >= 0:
        used = flat != padding_idx
        flat, values = flat[used], values[used]
    return SparseArray(flat[None].astype("i8"), values.copy(), (rows, size))


def _renormalize(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> None:
    """Scale the looked-up rows whose norm exceeds `max_norm`, in place and without history."""
    table, used = weight._a, indices._a
    rows = table[used.reshape(-1)]
    norms = (abs(rows) ** norm_type).sum(-1, keepdims=True) ** (1 / norm_type)
    table[used.reshape(-1)] = (rows * (max_norm / (norms + 1e-7)).clip(None, 1)).astype(table.dtype)
    bump(weight)


def embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None,
    norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Any:  # fmt: skip
    """Return the rows of `weight` that `input` names.

    Args:
        input: Indices, any shape, int64 or int32.
        weight: The table, (rows, size).
        padding_idx: A row whose gradient stays zero.
        max_norm: First scale the rows used down to this norm, in place.
        norm_type: Which norm that is.
        scale_grad_by_freq: Divide each row's gradient by how often it was used.
        sparse: Give the table a sparse gradient.

    Returns:
        (*input, size).

    Raises:
        OpError: `sparse` and `scale_grad_by_freq` together.
        OpIndexError: An index is no row.
    """
    if input._a.dtype.kind != "i" or input._a.dtype.itemsize < 4:
        raise DtypeError(
            "embedding(): Expected tensor for argument #1 'indices' to have one of the following "
            f"scalar types: Long, Int; but got {input.dtype} instead"
        )
    if weight._a.ndim != 2:
        raise OpError(f"embedding(): 'weight' must be 2-D, got {list(weight.shape)}")
    padding = -1
    if padding_idx is not None:
        rows = weight._a.shape[0]
        if not -rows <= padding_idx < rows:
            raise OpError(
                f"embedding(): Padding_idx must be within num_embeddings, got {padding_idx} for "
                f"{rows} rows"
            )
        padding = padding_idx % rows
    if max_norm is not None:
        _renormalize(weight, input, max_norm, norm_type)
    if sparse and scale_grad_by_freq:
        raise OpError(
            "embedding_backward: scale_grad_by_freq not supported with sparse gradients; leave one "
            "of them out"
        )
    return _rows(weight, input, padding, scale_grad_by_freq, sparse)

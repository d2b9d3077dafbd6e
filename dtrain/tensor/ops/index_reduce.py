"""Positions along a dimension combined where a vector points: index_reduce."""

from __future__ import annotations

from typing import Any

from dtrain.errors import DtypeError, OpError, OpIndexError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import function
from dtrain.tensor.ops.fill import in_place
from dtrain.tensor.ops.scatter import scatter_reduce
from dtrain.tensor.shape_rules import wrap_dim
from dtrain.tensor.tensor import Tensor

__all__ = ["index_reduce"]


@function
@accepts_out
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *,
    include_self: bool = True,
) -> Any:  # fmt: skip
    """Combine each position of `source` along a dimension with the one that `index` names.

    Args:
        input: The tensor whose elements are combined, in a copy.
        dim: The dimension that the index counts along.
        index: A vector, int64 or int32.
        source: Like `input`, but with as many positions along `dim` as `index` has elements.
        reduce: "prod", "mean", "amax" or "amin".
        include_self: Whether the elements of `input` that are written to count.

    Raises:
        OpError: There is no such reduction, or the types or shapes do not fit.
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise OpError(
            "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got "
            f"{reduce}."
        )
    a, ndim = input._a, input._a.ndim
    dim = wrap_dim("index_reduce", dim, ndim)
    if index._a.ndim > 1:
        raise OpIndexError("index_reduce_(): Index is supposed to be a vector")
    if index._a.dtype.kind != "i" or index._a.dtype.itemsize < 4:
        raise DtypeError(f"index_reduce_(): Expected dtype int32/int64 for index: {index.dtype}")
    if source._a.dtype != a.dtype:
        raise DtypeError(
            f"index_reduce_(): self ({input.dtype}) and source ({source.dtype}) must have the same "
            "scalar type"
        )
    n = index._a.size
    if source._a.ndim and source._a.shape[dim : dim + 1] != (n,):
        raise OpError(
            f"index_reduce_(): Number of indices ({n}) should be equal to source.size(dim): "
            f"{list(source._a.shape)[dim : dim + 1]}, for dim: {dim}"
        )
    shape = (*a.shape[:dim], n, *a.shape[dim + 1 :]) if ndim else (n,)
    if source._a.shape != shape and source._a.size != n * (ndim == 0):
        raise OpError(
            "index_reduce_(): source slice shape must match destination slice shape: expected "
            f"source {list(shape)}, got {list(source._a.shape)}"
        )
    if not n:
        return input.clone()
    row = index.to(int).reshape(tuple([n if d == dim else 1 for d in range(max(ndim, 1))]))
    target = input if ndim else input.reshape(1)
    made = scatter_reduce(
        target, dim, row.expand(shape), source.reshape(shape), reduce, include_self=include_self
    )
    return made if ndim else made.reshape(())


in_place("index_reduce", index_reduce)

"""torch.sparse's face: functions of sparse tensors."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpError, ShapeError
from dtrain.tensor.ops.sparse import addmm, coalesce, make, mm, sparse_outer, sparse_values
from dtrain.tensor.shape_rules import wrap_dims
from dtrain.tensor.sparse_array import SparseArray
from dtrain.tensor.tensor import Tensor, wrap

__all__ = ["addmm", "log_softmax", "mm", "sampled_addmm", "softmax", "sum"]


def sampled_addmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1
) -> Any:
    """Return beta * input + alpha * (mat1 @ mat2) at the coordinates of `input` alone.

    Args:
        input: A sparse matrix, (N, M).
        mat1: A dense matrix, (N, K).
        mat2: A dense matrix, (K, M).
        beta: Factor of `input`.
        alpha: Factor of the product.

    Raises:
        OpError: `input` is dense.
        ShapeError: Sizes do not fit.

    Note: torch takes the compressed row format; here it is the coordinate format.
    """
    if not input.is_sparse:
        raise OpError("sampled_addmm: Expected self to be sparse; do to_sparse()")
    if mat1.shape[1] != mat2.shape[0] or input.shape != (mat1.shape[0], mat2.shape[1]):
        raise ShapeError(
            f"sampled_addmm: sizes {list(input.shape)}, {list(mat1.shape)} and {list(mat2.shape)} "
            "do not fit together"
        )
    input = coalesce(input)
    product = sparse_outer(mat1, mat2.t().conj(), input.detach())
    return input * beta + product * alpha


def sum(input: Tensor, dim: Any = None, dtype: Any = None) -> Any:
    """Return the sum of a sparse tensor over all dimensions, or over some.

    Returns:
        A dense 0-d tensor; over some dimensions a sparse tensor, dense where no sparse one is left.
    """
    array = _sparse("sum", input)
    values = sparse_values(input)
    if dtype is not None:
        values = values.to(dtype)
    if dim is None:
        return values.sum()
    dims, head = wrap_dims("sum", dim, array.ndim), len(array.head)
    inner = tuple([d - head + 1 for d in dims if d >= head])
    if inner:
        values = values.sum(inner)
    rest = [d for d in range(head) if d not in dims]
    if not rest:
        return values.sum(0)
    shape = tuple([n for d, n in enumerate(array.shape) if d not in dims])
    return coalesce(make(values, wrap(array.indices[rest]), shape, len(rest) == head))


def softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Any:
    """Return the softmax along a dimension; what is not listed counts as -inf."""
    return _normalized(input, dim, dtype, log=False)


def log_softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Any:
    """Return the logarithm of the softmax along a dimension; what is not listed counts as -inf."""
    return _normalized(input, dim, dtype, log=True)


def _normalized(input: Tensor, dim: int, dtype: Any, log: bool) -> Any:
    from dtrain.nn.functional import log_softmax as dense_log_softmax

    input = coalesce(input)
    array = _sparse("softmax", input)
    values = sparse_values(input)
    if dtype is not None:
        values = values.to(dtype)
    (dim,) = wrap_dims("softmax", dim, array.ndim)
    head = len(array.head)
    if dim >= head:
        made = dense_log_softmax(values, dim - head + 1)
        return make(made if log else made.exp(), wrap(array.indices), array.shape, True)
    row = _rows(array, dim).reshape(-1, *(1,) * (values.ndim - 1)).expand_as(values)
    rows = int(row.max()) + 1 if row.numel() else 0
    top = values.detach().new_zeros((rows, *values.shape[1:]))
    top = top.scatter_reduce(0, row, values.detach(), "amax", include_self=False)
    shifted = values - top.gather(0, row)
    total = top.new_zeros(top.shape).scatter_add(0, row, shifted.exp()).gather(0, row)
    made = shifted - total.log() if log else shifted.exp() / total
    return make(made, wrap(array.indices), array.shape, True)


def _rows(array: SparseArray, dim: int) -> Tensor:
    """Return for each value the number of the line along `dim` that it lies in."""
    from dtrain.backend.module import module_of

    others = [d for d in range(len(array.head)) if d != dim]
    lines: Any = 0
    for d in others:
        lines = lines * array.shape[d] + array.indices[d]
    xp = module_of(array.indices.__class__)
    if not others:
        return wrap(xp.zeros(array.count, "i8"))
    return wrap(xp.unique(lines, return_inverse=True)[1].reshape(-1))


def _sparse(where: str, input: Tensor) -> SparseArray:
    if not isinstance(input._a, SparseArray):
        raise OpError(f"torch.sparse.{where}: expected a sparse tensor; do to_sparse()")
    return input._a

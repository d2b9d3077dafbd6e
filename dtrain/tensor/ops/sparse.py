"""Sparse tensors in coordinate form: making them, taking them apart, products.

The gradient of a sparse tensor is that of the matrix it stands for, at its own coordinates.
"""

from __future__ import annotations

from typing import Any

from dtrain.backend.module import module_of
from dtrain.errors import OpError, OpIndexError, ShapeError
from dtrain.tensor.call import SPARSE_FORMS
from dtrain.tensor.from_data import tensor
from dtrain.tensor.op import INTERNAL, attach, function, op
from dtrain.tensor.sparse_array import SparseArray
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Shape, Xp

__all__ = ["sparse_coo_tensor"]


@op(INTERNAL, name="sparse_make", node="SparseCooTensorWithDimsAndTensorsBackward0",
    values=lambda F, g, indices, shape: F.sparse_sample(g, indices, shape))  # fmt: skip
def make(xp: Xp, values: Array, indices: Array, shape: Shape, coalesced: bool = False) -> Array:
    """Return the sparse array with `values` at `indices`."""
    return SparseArray(indices, values, tuple(shape), coalesced)


@op(INTERNAL, input=lambda F, g, indices, shape: F.sparse_make(g, indices, shape))
def sparse_sample(xp: Xp, input: Array, indices: Array, shape: Shape) -> Array:
    """Return the elements of an array, dense or sparse, at `indices`."""
    values = module_of(indices.__class__).zeros((indices.shape[1], 1))
    return SparseArray(indices, values, tuple(shape)).like(input).values


@op(INTERNAL, node="ValuesBackward0", input=lambda F, g, input: F.sparse_put(g, input))
def sparse_values(xp: Xp, input: Array) -> Array:
    """Return the values of a sparse array."""
    return input.values


@op(INTERNAL, values=lambda F, g, pattern: F.sparse_values(F.sparse_mask_as(g, pattern)))
def sparse_put(xp: Xp, values: Array, pattern: Array) -> Array:
    """Return the sparse array with `values` at the coordinates of `pattern`."""
    return pattern.with_values(values)


@op(INTERNAL, name="sparse_coalesce", node="CoalesceBackward0", input=lambda F, g: g)
def coalesced(xp: Xp, input: Array) -> Array:
    """Return the sparse array with each element once, in order."""
    return input.coalesce()


@op(INTERNAL, name="sparse_to_dense", node="ToDenseBackward0",
    input=lambda F, g, input: F.sparse_mask_as(g, input))  # fmt: skip
def densified(xp: Xp, input: Array) -> Array:
    """Return a sparse array with its zeros."""
    return input.dense()


@op(INTERNAL, node="SparseMaskBackward0", input=lambda F, g: F.sparse_densify(g))
def sparse_mask_as(xp: Xp, input: Array, pattern: Array) -> Array:
    """Return the elements of an array at the coordinates of a sparse one."""
    return pattern.coalesce().like(input)


@op(INTERNAL, name="sparse_densify", input=lambda F, g: g)
def densify(xp: Xp, input: Array) -> Array:
    """Return a sparse gradient as a dense one."""
    return input.dense() if isinstance(input, SparseArray) else input


@op(INTERNAL, node="ToSparseBackward0", input=lambda F, g: F.sparse_densify(g))
def sparse_from_dense(xp: Xp, input: Array, sparse_dim: int) -> Array:
    """Return an array in coordinate form, its zeros left out."""
    if not sparse_dim:
        return SparseArray(xp.zeros((0, 1), xp.int64), input[None], (), True)
    found = input != 0
    if sparse_dim < input.ndim:
        found = found.any(tuple(range(sparse_dim, input.ndim)))
    at = found.nonzero()
    return SparseArray(xp.stack(at), input[at], input.shape, True)


@op(
    INTERNAL, node="SparseAddmmBackward0",
    input=lambda F, g, input, other: F.sparse_outer(g, other, input),
    other=lambda F, g, input: F.sparse_product(F.t(input), g),
)  # fmt: skip
def sparse_product(xp: Xp, input: Array, other: Array) -> Array:
    """Return the product of a sparse matrix and a dense one."""
    return input.product(other)


@op(
    INTERNAL,
    input=lambda F, g, other, pattern: F.sparse_product(g, other),
    other=lambda F, g, input: F.sparse_product(F.t(g), input),
)
def sparse_outer(xp: Xp, input: Array, other: Array, pattern: Array) -> Array:
    """Return input @ other^H at the coordinates of a sparse matrix alone."""
    pattern = pattern.coalesce()
    rows, columns = input[pattern.indices[0]], other[pattern.indices[1]].conj()
    product = rows * columns
    return pattern.with_values(product.sum(-1) if product.ndim > 1 else product)


@op(INTERNAL)
def sparse_times_sparse(xp: Xp, input: Array, other: Array) -> Array:
    """Return the product of two sparse matrices, sparse."""
    if input.shape[1] != other.shape[0]:
        raise ShapeError(
            f"mat1 and mat2 shapes cannot be multiplied ({input.shape[0]}x{input.shape[1]} and "
            f"{other.shape[0]}x{other.shape[1]})"
        )
    xp = module_of(input.values.__class__)
    other = other.coalesce()
    starts = xp.searchsorted(other.indices[0], xp.arange(other.shape[0] + 1))
    counts = xp.diff(starts)[input.indices[1]]  # the row of `other` that each element meets
    total = int(counts.sum())
    left = xp.repeat(xp.arange(input.count), counts)
    within = xp.arange(total) - xp.repeat(xp.cumsum(counts) - counts, counts)
    right = starts[input.indices[1]][left] + within
    indices = xp.stack([input.indices[0][left], other.indices[1][right]])
    values = input.values[left] * other.values[right]
    return SparseArray(indices, values, (input.shape[0], other.shape[1])).coalesce()


# ---- what users call ----


def sparse_coo_tensor(
    indices: Any, values: Any = None, size: Any = None, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, check_invariants: bool | None = None,
    is_coalesced: bool | None = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return a sparse tensor with `values` at `indices`, and zeros elsewhere.

    Args:
        indices: (sparse dimensions, count), integers; or the size alone, for no values.
        values: (count, *dense dimensions).
        size: Sizes of the sparse dimensions, then of the dense ones; None for the least.
        dtype: The type of the values.
        device: Where they lie.
        requires_grad: Whether the tensor is a leaf that requires a gradient.
        check_invariants: Accepted; indices are always checked.
        is_coalesced: Promise that the indices are in order and none appears twice.
        pin_memory: Accepted.

    Raises:
        OpError: The parts do not fit together, or an index lies outside the size.
    """
    if values is None:
        shape = tuple(indices if size is None else size)
        made = tensor([], dtype=dtype, device=device)
        at = wrap(module_of(made._a.__class__).zeros((len(shape), 0), "i8"))
        return _leaf(make(made.reshape(0), at, shape, True), requires_grad)
    at = indices if isinstance(indices, Tensor) else tensor(indices, device=device)
    if at._a.dtype.kind not in "iu" and at._a.size:
        raise OpError(
            f"indices must be an int64 tensor, but got {at.dtype}; do indices.to(torch.int64)"
        )
    held = values if isinstance(values, Tensor) else tensor(values, dtype=dtype, device=device)
    if dtype is not None or device is not None:
        held = held.to(dtype=dtype, device=device)
    at = wrap(at._a.astype("i8"))
    shape = _checked_size(at._a, held._a, size)
    return _leaf(make(held, at, shape, bool(is_coalesced)), requires_grad)


def _leaf(made: Tensor, requires_grad: bool) -> Tensor:
    return made.detach().requires_grad_() if requires_grad else made


def _checked_size(indices: Array, values: Array, size: Any) -> tuple[int, ...]:
    """Return the shape of a sparse tensor.

    Raises:
        OpError: The parts do not fit together.
    """
    if indices.ndim != 2:
        raise OpError(f"indices must be sparse_dim x nnz, but got: {list(indices.shape)}")
    sparse, count = indices.shape
    if values.ndim < 1 or values.shape[0] != count:
        raise OpError(
            "indices and values must have same nnz, but got nnz from indices: "
            f"{count}, nnz from values: {values.shape[0] if values.ndim else 1}"
        )
    if size is None:
        least = indices.max(1) + 1 if count else [0] * sparse
        return (*[int(n) for n in least], *values.shape[1:])
    shape = tuple([int(n) for n in size])
    if len(shape) != sparse + values.ndim - 1:
        raise OpError(
            f"'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = {len(shape)}, "
            f"sparse_dim = {sparse}, dense_dim = {values.ndim - 1}"
        )
    for d in range(sparse if count else 0):
        low, high = int(indices[d].min()), int(indices[d].max())
        if low < 0:
            raise OpError(f"found negative index {low} for dim {d}")
        if high >= shape[d]:
            raise OpError(
                f"size is inconsistent with indices: for dim {d}, size is {shape[d]} but found "
                f"index {high}"
            )
    if shape[sparse:] != values.shape[1:]:
        raise OpError(
            f"values has incorrect size, expected {[count, *shape[sparse:]]}, got "
            f"{list(values.shape)}"
        )
    return shape


def _array(t: Tensor, where: str) -> SparseArray:
    """Return the sparse array of a tensor.

    Raises:
        OpError: The tensor is dense.
    """
    a = t._a
    if not isinstance(a, SparseArray):
        raise OpError(f"{where} expected sparse tensor layout but got Strided; do to_sparse()")
    return a


@function
def to_sparse(input: Tensor, sparse_dim: int | None = None, *, layout: Any = None) -> Tensor:
    """Return the tensor in coordinate form; itself where it is sparse.

    Args:
        input: Any shape.
        sparse_dim: How many leading dimensions are sparse; None for all.
        layout: torch.sparse_coo, the only one there is.
    """
    if layout is not None and layout.name != "sparse_coo":
        raise OpError(f"to_sparse(layout={layout!r}): only torch.sparse_coo is supported")
    if isinstance(input._a, SparseArray):
        return input
    n = input._a.ndim if sparse_dim is None else sparse_dim
    if not 0 <= n <= input._a.ndim or (n == 0 and input._a.ndim):
        raise OpIndexError(
            f"to_sparse: sparse_dim should be in (0, {input._a.ndim}], but got {sparse_dim}"
        )
    return sparse_from_dense(input, n)


attach("to_sparse_coo", to_sparse)


@function
def to_dense(input: Tensor, dtype: Any = None, *, masked_grad: bool | None = None) -> Tensor:
    """Return the tensor with its zeros; itself where it is dense."""
    made = densified(input) if isinstance(input._a, SparseArray) else input
    return made if dtype is None else made.to(dtype)


@function
def coalesce(input: Tensor) -> Tensor:
    """Return the sparse tensor with each element once, in order; itself where it is so."""
    if _array(input, "coalesce").coalesced:
        return input
    return coalesced(input)


@function
def is_coalesced(input: Tensor) -> bool:
    """Return True where each element is listed once, in order."""
    return _array(input, "is_coalesced").coalesced


@function
def indices(input: Tensor) -> Tensor:
    """Return the coordinates of a coalesced sparse tensor, (sparse dimensions, count)."""
    if not _array(input, "indices").coalesced:
        raise OpError("Cannot get indices on an uncoalesced tensor, please call .coalesce() first")
    return wrap(input._a.indices)


@function
def values(input: Tensor) -> Tensor:
    """Return the values of a coalesced sparse tensor, (count, *dense dimensions)."""
    if not _array(input, "values").coalesced:
        raise OpError("Cannot get values on an uncoalesced tensor, please call .coalesce() first")
    return sparse_values(input)


@function
def sparse_mask(input: Tensor, mask: Tensor) -> Tensor:
    """Return the elements of a tensor at the coordinates of a sparse one."""
    _array(mask, "sparse_mask")
    return sparse_mask_as(input, mask)


attach("_indices", lambda self: wrap(_array(self, "_indices").indices))
attach("_values", lambda self: wrap(_array(self, "_values").values))
attach("_nnz", lambda self: _array(self, "_nnz").count)


@function
def sparse_dim(input: Tensor) -> int:
    """Return the number of sparse dimensions."""
    a = input._a
    return int(a.indices.shape[0]) if isinstance(a, SparseArray) else 0


@function
def dense_dim(input: Tensor) -> int:
    """Return the number of dense dimensions."""
    return input.ndim - sparse_dim(input)


def mm(input: Tensor, mat2: Tensor) -> Any:
    """Return the product of two matrices, the first of which is sparse.

    Raises:
        OpError: The second is sparse and the first is not.
    """
    if not isinstance(input._a, SparseArray):
        if isinstance(mat2._a, SparseArray):
            return sparse_product(mat2.t(), input.t()).t()
        return input @ mat2
    if input._a.ndim != 2:
        raise ShapeError(f"mm: expected sparse matrix, got {input._a.ndim} dimensions")
    if isinstance(mat2._a, SparseArray):
        return sparse_times_sparse(input, mat2)
    return sparse_product(input, mat2)


def addmm(mat: Tensor, mat1: Tensor, mat2: Tensor, beta: Any = 1, alpha: Any = 1) -> Any:
    """Return beta * mat + alpha * (mat1 @ mat2); mat1 is sparse."""
    product = mm(mat1, mat2)
    return mat * beta + (product if alpha == 1 else product * alpha)


SPARSE_FORMS.update(mm=mm, matmul=mm, mv=mm, addmm=addmm)

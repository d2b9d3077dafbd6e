"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

from dtrain.backend.strided import strided
from dtrain.errors import OpError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import VIEW, Kind, function, op
from dtrain.tensor.shape_rules import at_dim, wrap_dim
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Shape, Xp

__all__ = [
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "diagonal_scatter",
    "select_scatter",
    "slice_scatter",
    "trace",
    "tril",
    "tril_indices",
    "triu",
    "triu_indices",
]

_TRIANGLE = Kind(inplace=True)
_INTERNAL = Kind(out=False, method=False)


def _needs_matrix(where: str, input: Array) -> None:
    if input.ndim < 2:
        raise OpError(f"{where}: input tensor must have at least 2 dimensions")


@op(_TRIANGLE, input=lambda F, g, diagonal: F.tril(g, diagonal))
def tril(xp: Xp, input: Array, diagonal: int = 0) -> Array:
    """Return the elements on and below a diagonal; zero elsewhere."""
    _needs_matrix("tril", input)
    keep = xp.tri(*input.shape[-2:], diagonal, dtype=bool)
    return xp.where(keep, input, xp.zeros((), input.dtype))


@op(_TRIANGLE, input=lambda F, g, diagonal: F.triu(g, diagonal))
def triu(xp: Xp, input: Array, diagonal: int = 0) -> Array:
    """Return the elements on and above a diagonal; zero elsewhere."""
    _needs_matrix("triu", input)
    drop = xp.tri(*input.shape[-2:], diagonal - 1, dtype=bool)
    return xp.where(drop, xp.zeros((), input.dtype), input)


def _pair(where: str, dim1: int, dim2: int, ndim: int) -> tuple[int, int]:
    one, two = wrap_dim(where, dim1, ndim), wrap_dim(where, dim2, ndim)
    if one == two:
        raise OpError(f"{where}: diagonal dimensions cannot be identical {dim1}, {dim2}")
    return one, two


@op(
    VIEW,
    input=lambda F, g, input_shape, offset, dim1, dim2: F.diagonal_grad(
        g, input_shape, offset, dim1, dim2
    ),
)
def diagonal(xp: Xp, input: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """Return the view of a diagonal of two dimensions; it becomes the last dimension.

    `offset` counts diagonals: 0 is the main one, above it positive, below it negative.
    """
    one, two = _pair("diagonal", dim1, dim2, input.ndim)
    return _diagonal(input, offset, one, two)


def _diagonal(a: Array, offset: int, one: int, two: int) -> Array:
    n, m = a.shape[one], a.shape[two]
    length = max(min(n, m - offset) if offset >= 0 else min(n + offset, m), 0)
    if length and offset:
        start: list[Any] = [slice(None)] * a.ndim
        start[one if offset < 0 else two] = slice(abs(offset), None)
        a = a[tuple(start)]
    rest = [i for i in range(a.ndim) if i not in (one, two)]
    shape = (*[a.shape[i] for i in rest], length)
    steps = (*[a.strides[i] for i in rest], a.strides[one] + a.strides[two])
    return a.reshape(-1)[:0].reshape(shape) if 0 in shape else strided(a, shape, steps)


@op(_INTERNAL, input=lambda F, g, offset, dim1, dim2: F.diagonal(g, offset, dim1, dim2))
def diagonal_grad(xp: Xp, input: Array, shape: Shape, offset: int, dim1: int, dim2: int) -> Array:
    """Return zeros of `shape` with `input` on a diagonal."""
    out = xp.zeros(shape, input.dtype)
    one, two = _pair("diagonal", dim1, dim2, len(shape))
    _diagonal(out, offset, one, two)[...] = input
    return out


@function
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Return matrices in the dimensions dim1 and dim2 with the last dimension on a diagonal."""
    ndim = input._a.ndim + 1
    one, two = _pair("diag_embed", dim1, dim2, ndim)
    size = input._a.shape[-1] + abs(offset)
    rest = iter(input._a.shape[:-1])
    shape = tuple([size if i in (one, two) else next(rest) for i in range(ndim)])
    return diagonal_grad(input, shape, offset, one, two)


@function
@accepts_out
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """Return a vector's square matrix with it on a diagonal, or a matrix's diagonal as a copy."""
    if input._a.ndim == 1:
        return diag_embed(input, diagonal)
    if input._a.ndim == 2:
        return _diagonal_of(input, diagonal).clone()
    raise OpError(f"diag(): Supports 1D or 2D tensors. Got {input._a.ndim}D")


_diagonal_of = diagonal


@function
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """Return the square matrix with all elements on a diagonal."""
    return diag_embed(input.reshape(-1), offset)


@function
def trace(input: Tensor) -> Tensor:
    """Return the sum of the main diagonal of a matrix."""
    if input._a.ndim != 2:
        raise OpError("trace: expected a matrix, but got tensor with dim " + str(input._a.ndim))
    return _diagonal_of(input).sum()


def _indices(xp_: Any, row: int, col: int, offset: int, dtype: Any, lower: bool) -> Tensor:
    keep = xp_.tri(row, col, offset if lower else offset - 1, dtype=bool)
    at = xp_.stack((keep if lower else ~keep).nonzero())
    return wrap(at if dtype is None else at.astype(dtype.np))


def tril_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
) -> Tensor:
    """Return the positions of the lower triangle of a matrix: a row of rows, a row of columns."""
    from dtrain.tensor.create import module_for

    return _indices(module_for(device), row, col, offset, dtype, True)


def triu_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
) -> Tensor:
    """Return the positions of the upper triangle of a matrix: a row of rows, a row of columns."""
    from dtrain.tensor.create import module_for

    return _indices(module_for(device), row, col, offset, dtype, False)


@function
def diagonal_scatter(
    input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Tensor:
    """Return a copy of `input` with `src` on a diagonal."""
    return _written(input, src, lambda t: _diagonal_of(t, offset, dim1, dim2))


@function
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """Return a copy of `input` with `src` at one position of a dimension."""
    return _written(input, src, lambda t: t.select(dim, index))


@function
@accepts_out
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Tensor:
    """Return a copy of `input` with `src` in a slice of a dimension."""
    at = wrap_dim("slice_scatter", dim, input._a.ndim)
    return _written(input, src, lambda t: t[at_dim(at, slice(start, end, step))])


def _written(input: Tensor, src: Tensor, region: Any) -> Tensor:
    out = input.clone()
    into = region(out)
    if into._a.shape != src._a.shape:
        raise OpError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src._a.shape)}, slice size = {list(into._a.shape)}"
        )
    into.copy_(src)
    return out

"""Elements picked along a dimension by an index tensor, and put back: gather, scatter, index_*."""

from __future__ import annotations

from math import prod
from typing import Any

from dtrain.backend.indexed import add_at, check_index
from dtrain.errors import DtypeError, OpError, OpIndexError, ShapeError
from dtrain.tensor.op import Kind, op
from dtrain.tensor.shape_rules import wrap_dim
from dtrain.typing import Array, Shape, Xp

__all__ = ["gather", "index_select", "scatter_add"]

_CHANGE = Kind(inplace=True)
_INTERNAL = Kind(out=False, method=False)


def checked(where: str, index: Array) -> Array:
    """Return an index array of the type that the kernels take.

    Raises:
        OpError: It has another type than int64 or int32.
    """
    if index.dtype.kind != "i":
        raise DtypeError(f"{where}(): Expected dtype int64 for index, but got {index.dtype.name}")
    return index


# ---- whole rows along a dimension: index is a vector ----


@op(input=lambda F, g, input_shape, dim, index: F.rows_grad(g, index, input_shape, dim))
def index_select(xp: Xp, input: Array, dim: int, index: Array) -> Array:
    """Return the positions along a dimension that a vector names."""
    dim = wrap_dim("index_select", dim, input.ndim)
    if index.ndim > 1:
        raise OpIndexError("index_select(): Index is supposed to be a vector")
    checked("index_select", index)
    rows = index.reshape(-1)
    if input.ndim == 0:
        check_index(xp, rows, 1, "index out of range in self")
        return input.reshape(1).take(rows)[0] if rows.size == 1 else input.reshape(1).take(rows)
    check_index(xp, rows, input.shape[dim], "index out of range in self")
    return input.take(rows, dim)


@op(_INTERNAL, input=lambda F, g, index, dim: F.index_select(g, dim, index))
def rows_grad(xp: Xp, input: Array, index: Array, shape: Shape, dim: int) -> Array:
    """Return zeros of `shape` with the positions of `input` along `dim` added where they belong."""
    if not shape:
        return input.sum(dtype=input.dtype).reshape(())
    return add_rows(xp, shape, dim % len(shape), index.reshape(-1), input)


def add_rows(xp: Xp, shape: Shape, dim: int, index: Array, values: Array) -> Array:
    """Return zeros of `shape` with `values` added at the positions `index` along `dim`."""
    outer = inner = 1
    for n in shape[:dim]:
        outer *= n
    for n in shape[dim + 1 :]:
        inner *= n
    where: Array = index * inner
    if inner > 1:
        where = where[:, None] + xp.arange(inner)
    if outer > 1:
        step = shape[dim] * inner
        where = xp.arange(0, outer * step, step).reshape((outer,) + (1,) * where.ndim) + where
    return add_at(xp, tuple(shape), where, values)


# ---- element by element: index has the shape of the result ----


def places(xp: Xp, shape: Shape, dim: int, index: Array) -> Array:
    """Return where in a flat array of `shape` the elements lie that `index` picks along `dim`.

    All other dimensions of the index count from 0.
    """
    n = len(shape)
    total = index
    inner = 1
    for m in shape[dim + 1 :]:
        inner *= m
    if inner != 1:
        total = total * inner
    step = 1
    for d in range(n - 1, -1, -1):
        m = index.shape[d]
        if d != dim and m > 1:
            total = total + xp.arange(0, m * step, step).reshape((m,) + (1,) * (n - d - 1))
        step *= shape[d]
    return total


def along(xp: Xp, input: Array, dim: int, index: Array) -> Array:
    """Return the elements that `index` picks along `dim`, with no checks."""
    return input.reshape(-1).take(places(xp, input.shape, dim, index))


def _prepare(where: str, xp: Xp, shape: Shape, dim: int, index: Array, src: Any) -> int:
    """Check the operands of gather and scatter; return the dimension counted from the front."""
    dim = wrap_dim(where, dim, len(shape))
    if index.size == 0:
        return dim
    checked(where, index)
    if max(index.ndim, 1) != max(len(shape), 1):
        raise OpError(
            f"{where}(): Index tensor must have the same number of dimensions as input tensor, got "
            f"{index.ndim} and {len(shape)}"
        )
    for d, n in enumerate(index.shape):
        if d != dim and n > shape[d]:
            raise ShapeError(
                f"{where}(): Expected index {list(index.shape)} to be no larger than self "
                f"{list(shape)} apart from dimension {dim}"
            )
        if src is not None and n > (src.shape[d] if src.ndim else 1):
            raise ShapeError(
                f"{where}(): Expected index {list(index.shape)} to be no larger than src "
                f"{list(src.shape)}"
            )
    size = shape[dim] if shape else 1
    try:
        check_index(
            xp,
            index,
            size,
            f"index {{index}} is out of bounds for dimension {dim} with size {size}",
        )
    except OpIndexError as error:
        raise OpError(str(error)) from None  # torch has a RuntimeError here
    return dim


@op(input=lambda F, g, input_shape, dim, index: F.places_grad(g, index, input_shape, dim))
def gather(xp: Xp, input: Array, dim: int, index: Array, sparse_grad: bool = False) -> Array:
    """Return out[i][j] = input[index[i][j]][j] for dim 0, and so on."""
    dim = _prepare("gather", xp, input.shape, dim, index, None)
    if index.size == 0:
        return xp.empty(index.shape, input.dtype)
    if input.ndim == 0:
        return input.reshape(1).take(index)
    return along(xp, input, dim, index)


@op(_INTERNAL, input=lambda F, g, index, dim: F.gather(g, dim, index))
def places_grad(xp: Xp, input: Array, index: Array, shape: Shape, dim: int) -> Array:
    """Return zeros of `shape` with `input` added where `index` points along `dim`."""
    if index.size == 0:
        return xp.zeros(shape, input.dtype)
    if not shape:
        return input.sum(dtype=input.dtype).reshape(())
    return add_at(xp, tuple(shape), places(xp, shape, dim % len(shape), index), input)


def _corner(src: Array, index: Array) -> Array:
    """Return the part of `src` that an index of a smaller shape reaches."""
    if src.shape == index.shape:
        return src
    if src.ndim != index.ndim:
        return src.reshape(-1)[: index.size].reshape(index.shape)
    return src[tuple([slice(n) for n in index.shape])]


@op(
    _CHANGE,
    input=lambda F, g: g,
    src=lambda F, g, dim, index, src_shape: F.corner_grad(F.gather(g, dim, index), src_shape),
)
def scatter_add(xp: Xp, input: Array, dim: int, index: Array, src: Array) -> Array:
    """Add src[i][j] to element [index[i][j]][j] for dim 0, and so on."""
    dim = _prepare("scatter_add", xp, input.shape, dim, index, src)
    _same_type("scatter_add", input, src)
    if index.size == 0:
        return input.copy()
    if input.ndim == 0:
        return input + _corner(src, index).sum(dtype=input.dtype)
    return input + add_at(xp, input.shape, places(xp, input.shape, dim, index), _corner(src, index))


def _same_type(where: str, input: Array, src: Array) -> None:
    if src.dtype != input.dtype:
        raise DtypeError(
            f"{where}(): Expected self.dtype to be equal to src.dtype, got {input.dtype.name} and "
            f"{src.dtype.name}"
        )


@op(_INTERNAL, input=lambda F, g, input_shape: F.corner(g, input_shape))
def corner_grad(xp: Xp, input: Array, shape: Shape) -> Array:
    """Return zeros of `shape` with `input` in the corner at the origin."""
    if input.shape == tuple(shape):
        return input
    out = xp.zeros(shape, input.dtype)
    if input.ndim != len(shape):
        out.reshape(-1)[: input.size] = input.reshape(-1)
    else:
        out[tuple([slice(n) for n in input.shape])] = input
    return out


@op(_INTERNAL, input=lambda F, g, input_shape: F.corner_grad(g, input_shape))
def corner(xp: Xp, input: Array, shape: Shape) -> Array:
    """Return the part of `shape` at the origin."""
    if input.ndim != len(shape):
        return input.reshape(-1)[: prod(shape)].reshape(shape).copy()
    return input[tuple([slice(n) for n in shape])].copy()


@op(
    Kind(out=False, method=False), node="ScatterBackward0",
    input=lambda F, g, dim, index: F.scatter_src(g, dim, index, F.places_zero(g, index)),
    src=lambda F, g, dim, index, src_shape: F.corner_grad(F.gather(g, dim, index), src_shape),
)  # fmt: skip
def scatter_src(xp: Xp, input: Array, dim: int, index: Array, src: Array) -> Array:
    """Write src[i][j] to element [index[i][j]][j] for dim 0, and so on."""
    dim = _prepare("scatter", xp, input.shape, dim, index, src)
    _same_type("scatter", input, src)
    out = xp.array(input, order="C")
    if index.size:
        flat = out.reshape(-1)
        flat[places(xp, input.shape, dim, index) if input.ndim else index] = _corner(src, index)
    return out


@op(_INTERNAL)
def places_zero(xp: Xp, input: Array, index: Array) -> Array:
    """Return zeros of the shape of an index and the type of a tensor."""
    return xp.zeros(index.shape, input.dtype)

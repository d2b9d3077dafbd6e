"""Reductions: sums, means, products, norms, and whether all or any."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Union

from dtrain.errors import DtypeError, OpError
from dtrain.tensor import dtype as dt
from dtrain.tensor.op import INTERNAL, PLAIN, Kind, also, function, op
from dtrain.tensor.promote import float_cast
from dtrain.tensor.shape_rules import wrap_dims
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Shape, Xp

__all__ = [
    "all", "any", "count_nonzero", "logsumexp", "mean", "nanmean", "nansum", "norm", "prod", "std",
    "std_mean", "sum", "var", "var_mean",
]  # fmt: skip

Dim = Union[int, Sequence[int], None]


def axes(a: Any, dim: Dim) -> Any:
    """Return `dim` as NumPy's axis: None for all, an int or a tuple."""
    if dim is None:
        return None
    if not a.ndim:
        wrap_dims("reduce", dim, 0)
        return None
    if isinstance(dim, int):
        return dim
    return tuple(dim) or None


def count(shape: Shape, dim: Dim) -> int:
    """Return how many elements go into one element of a reduction."""
    if dim is None or dim == () or not shape:
        return math.prod(shape)
    if isinstance(dim, int):
        return shape[dim]
    return math.prod([shape[d] for d in dim]) if dim else math.prod(shape)


def kept(F: Any, g: Any, shape: Shape, dim: Dim, keepdim: bool) -> Any:
    """Return a reduced `g` with the reduced dimensions back, of size 1, so that it broadcasts."""
    n = len(shape)
    if keepdim or not n:
        return g
    if dim is None or dim == () or dim == []:
        return F.reshape(g, (1,) * n)
    gone = {d % n for d in ((dim,) if isinstance(dim, int) else dim)}
    return F.reshape(g, tuple([1 if i in gone else size for i, size in enumerate(shape)]))


@op(INTERNAL, input=lambda F, g, shape, dim, keepdim: F.sum(g, dim, keepdim))
def spread(xp: Xp, input: Array, shape: Shape, dim: Dim, keepdim: bool) -> Array:
    """Return the gradient of a sum: `input` repeated along the dimensions that it has lost."""
    if dim is not None and not keepdim:
        input = kept(_METHODS, input, shape, dim, keepdim)
    if math.prod(shape) < SMALL:  # cheaper than the view, and contiguous for what comes next
        out = xp.empty(shape, input.dtype)
        out[...] = input
        return out
    return xp.broadcast_to(input.reshape((1,) * len(shape)) if input.ndim == 0 else input, shape)


SMALL = 4096


class _METHODS:
    """The one operator that `kept` needs, on bare arrays."""

    @staticmethod
    def reshape(a: Any, shape: Any) -> Any:
        return a.reshape(shape)


# ---- sum and mean ----


def _wide(a: Any) -> Any:
    """Return the type in which sums of `a` are held: float32 for the half types."""
    return "f4" if a.dtype.itemsize == 2 and a.dtype.kind in "fV" else None


def _sum(xp: Xp, a: Any, axis: Any, keepdim: bool) -> Any:
    wide = _wide(a)
    if wide is None:
        return xp.add.reduce(a, axis, None, None, keepdim)
    return xp.add.reduce(a.astype(wide), axis, None, None, keepdim)


def _sum_input(F: Any, g: Any, input_shape: Any, input_dtype: Any, dim: Any, keepdim: bool) -> Any:
    g = F.spread(g, input_shape, dim, keepdim)
    return g if g.dtype == input_dtype else F.to_dtype(g, input_dtype)


@op(PLAIN, input=_sum_input)
def sum(
    xp: Xp, input: Array, dim: Dim = None, keepdim: bool = False, dtype: Any = None
) -> Array:
    """Return the sum over `dim` (an int, several, or None for all); integers give int64."""
    if dim is not None:
        dim = axes(input, dim)
    if dtype is not None:
        input = input.astype(dt.np_dtype(dtype), copy=False)
    kind = input.dtype.kind
    if kind in "biu":
        return xp.add.reduce(input, dim, None if dtype is not None else "i8", None, keepdim)
    if input.dtype.itemsize == 2:
        return xp.asarray(_sum(xp, input, dim, keepdim)).astype(input.dtype)
    return xp.add.reduce(input, dim, None, None, keepdim)


def _mean_input(F: Any, g: Any, input_shape: Any, input_dtype: Any, dim: Any, keepdim: bool) -> Any:
    g = F.spread(g / count(input_shape, dim), input_shape, dim, keepdim)
    return g if g.dtype == input_dtype else F.to_dtype(g, input_dtype)


@op(PLAIN, input=_mean_input)
def mean(
    xp: Xp, input: Array, dim: Dim = None, keepdim: bool = False, dtype: Any = None
) -> Array:
    """Return the mean over `dim`.

    Raises:
        DtypeError: The elements are integers.
    """
    if dtype is not None:
        input = input.astype(dt.np_dtype(dtype), copy=False)
    if input.dtype.kind in "biu":
        raise DtypeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {dt.of(input.dtype).name}"
        )
    n = count(input.shape, dim)
    if dim is not None:
        dim = axes(input, dim)
    if input.dtype.itemsize == 2:
        return xp.asarray(xp.true_divide(_sum(xp, input, dim, keepdim), n)).astype(input.dtype)
    y = xp.add.reduce(input, dim, None, None, keepdim)
    return y / n if n else xp.true_divide(y, n)


def _no_nan(input: Tensor) -> Any:
    from dtrain.tensor.ops.choose import where
    from dtrain.tensor.ops.compare import isnan

    return where(isnan(input), 0, input)


@function
def nansum(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Return the sum over `dim` of what is not nan."""
    return sum(_no_nan(input), dim, keepdim, dtype=dtype)


@function
def nanmean(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Return the mean over `dim` of what is not nan."""
    numbers = sum(input == input, dim, keepdim)  # noqa: PLR0124
    return nansum(input, dim, keepdim, dtype=dtype) / numbers


@function
def count_nonzero(input: Tensor, dim: Dim = None) -> Any:
    """Return how many elements along `dim` are not zero."""
    return sum(input != 0, dim)


# ---- product ----


def _prod_input(F: Any, g: Any, input: Any, dim: int | None, keepdim: bool, result: Any) -> Any:
    if dim is None:
        flat = F.reshape(input, (-1,))
        others = F.reshape(F.prod_of_others(flat, 0), input.shape)
        return kept(F, g, input.shape, None, False) * others
    return kept(F, g, input.shape, dim, keepdim) * F.prod_of_others(input, dim)


@op(PLAIN, input=_prod_input)
def prod(
    xp: Xp, input: Array, dim: int | None = None, keepdim: bool = False, dtype: Any = None
) -> Array:
    """Return the product over `dim`; integers give int64."""
    if dtype is not None:
        input = input.astype(dt.np_dtype(dtype), copy=False)
    wide = "i8" if input.dtype.kind in "biu" and dtype is None else _wide(input)
    y = xp.multiply.reduce(input, axes(input, dim), wide, None, keepdim)
    return xp.asarray(y).astype(input.dtype) if wide == "f4" else y


def _others_input(F: Any, g: Any, input: Any, dim: int) -> Any:
    """Differentiate the products of others: each pair (i, j) leaves the product of the rest."""
    n = input.shape[dim]
    if n < 2:
        return F.zeroed(input)
    terms = []
    for j in range(n):
        rest = F.index_select_out(input, dim, j)
        terms.append(F.sum(F.index_select_out(g, dim, j) * F.prod_of_others(rest, dim), dim))
    return F.stack(terms, dim)


@op(INTERNAL, input=_others_input)
def prod_of_others(xp: Xp, input: Array, dim: int) -> Array:
    """Return for each element the product of all others along `dim`, zeros or not."""
    if not input.ndim:
        return xp.ones_like(input)
    a = xp.moveaxis(input, dim, -1)
    ones = xp.ones((*a.shape[:-1], 1), a.dtype)
    left = xp.cumprod(xp.concatenate([ones, a[..., :-1]], -1), -1)
    right = xp.cumprod(xp.concatenate([ones, a[..., :0:-1]], -1), -1)[..., ::-1]
    return xp.moveaxis(left * right, -1, dim)


def _without_input(F: Any, g: Any, input_shape: Any, dim: int, at: int) -> Any:
    return F.slot_in(g, dim, at)


@op(INTERNAL, input=_without_input)
def index_select_out(xp: Xp, input: Array, dim: int, at: int) -> Array:
    """Return the tensor without the slice `at` along `dim`."""
    return xp.delete(input, at, dim)


@op(INTERNAL, input=lambda F, g, dim, at: F.index_select_out(g, dim, at))
def slot_in(xp: Xp, input: Array, dim: int, at: int) -> Array:
    """Return the tensor with a slice of zeros put in at `at` along `dim`."""
    return xp.insert(input, at, 0, dim)

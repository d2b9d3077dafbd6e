"""Reductions: sums, means, products, norms, and whether all or any."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Union

from dtrain.errors import DtypeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.numpy_names import numpy_names
from dtrain.tensor.op import INTERNAL, REDUCE, function, op
from dtrain.tensor.shape_rules import wrap_dims
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Shape, Xp

__all__ = ["all", "any", "count_nonzero", "mean", "nanmean", "nansum", "prod", "sum"]

Dim = Union[int, Sequence[int], None]  # noqa: UP007 (evaluated, by Python 3.10 too)


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


def slice_of(a: Any, dim: int, start: int | None, stop: int | None, step: int = 1) -> Any:
    """Return a[..., start:stop:step, ...] along `dim`."""
    return a[(slice(None),) * (dim % a.ndim) + (slice(start, stop, step),)]


def kept_shape(shape: Shape, dim: Dim) -> tuple[int, ...]:
    """Return a shape with size 1 in the dimensions that were reduced."""
    n = len(shape)
    if not n or dim is None or (not isinstance(dim, int) and not len(dim)):
        return (1,) * n
    gone = {d % n for d in ((dim,) if isinstance(dim, int) else dim)}
    return tuple([1 if i in gone else size for i, size in enumerate(shape)])


def kept(F: Any, g: Any, shape: Shape, dim: Dim, keepdim: bool) -> Any:
    """Return a reduced `g` with the reduced dimensions back, of size 1, so that it broadcasts."""
    return g if keepdim or not shape else F.reshape(g, kept_shape(shape, dim))


SMALL = 4096
"""Elements up to which a repeated array is written out: cheaper than making the view."""


@op(INTERNAL, input=lambda F, g, dim, keepdim: F.sum(g, dim, keepdim))
def spread(xp: Xp, input: Array, shape: Shape, dim: Dim, keepdim: bool) -> Array:
    """Return the gradient of a sum: `input` repeated along the dimensions that were summed."""
    if input.ndim and not keepdim:
        input = input.reshape(kept_shape(shape, dim))
    if math.prod(shape) > SMALL:
        return xp.broadcast_to(input, shape)
    out = xp.empty(shape, input.dtype)
    out[...] = input
    return out


# ---- sum and mean ----


def half_wide(a: Any) -> Any:
    """Return the type in which sums of `a` are held: float32 for the half types."""
    return "f4" if a.dtype.itemsize == 2 and a.dtype.kind in "fV" else None


def plain_sum(xp: Xp, a: Any, axis: Any, keepdim: bool) -> Any:
    wide = half_wide(a)
    if wide is None:
        return xp.add.reduce(a, axis, None, None, keepdim)
    return xp.add.reduce(a.astype(wide), axis, None, None, keepdim)


def _sum_input(F: Any, g: Any, input_shape: Any, input_dtype: Any, dim: Any, keepdim: bool) -> Any:
    g = F.spread(g, input_shape, dim, keepdim)
    return g if g.dtype == input_dtype else F.to_dtype(g, input_dtype)


@op(REDUCE, input=_sum_input)
def sum(xp: Xp, input: Array, dim: Dim = None, keepdim: bool = False, dtype: Any = None) -> Array:
    """Return the sum over `dim` (an int, several, or None for all); integers give int64."""
    if dim is not None:
        dim = axes(input, dim)
    if dtype is None and input.dtype.char in "fdFD":
        return xp.add.reduce(input, dim, None, None, keepdim)
    if dtype is not None:
        input = input.astype(dt.np_dtype(dtype), copy=False)
    if input.dtype.kind in "biu":
        return xp.add.reduce(input, dim, "i8" if dtype is None else None, None, keepdim)
    return xp.asarray(plain_sum(xp, input, dim, keepdim)).astype(input.dtype)


def _mean_input(F: Any, g: Any, input_shape: Any, input_dtype: Any, dim: Any, keepdim: bool) -> Any:
    g = F.spread(g / count(input_shape, dim), input_shape, dim, keepdim)
    return g if g.dtype == input_dtype else F.to_dtype(g, input_dtype)


@op(REDUCE, input=_mean_input)
def mean(xp: Xp, input: Array, dim: Dim = None, keepdim: bool = False, dtype: Any = None) -> Array:
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
    y = plain_sum(xp, input, axes(input, dim), keepdim)
    n = count(input.shape, dim)
    y = y / n if n else xp.true_divide(y, n)
    return xp.asarray(y).astype(input.dtype) if input.dtype.itemsize == 2 else y


def _no_nan(input: Tensor) -> Any:
    from dtrain.tensor.ops.choose import where
    from dtrain.tensor.ops.compare import isnan

    return where(isnan(input), 0, input)


@function
@accepts_out
@numpy_names
def nansum(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Return the sum over `dim` of what is not nan."""
    return sum(_no_nan(input), dim, keepdim, dtype=dtype)


@function
@accepts_out
@numpy_names
def nanmean(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Return the mean over `dim` of what is not nan."""
    numbers = sum(input == input, dim, keepdim)  # noqa: PLR0124
    return nansum(input, dim, keepdim, dtype=dtype) / numbers


@function
@numpy_names
def count_nonzero(input: Tensor, dim: Dim = None) -> Any:
    """Return how many elements along `dim` are not zero."""
    return sum(input != 0, dim)


# ---- product ----


def _prod_input(F: Any, g: Any, input: Any, dim: int | None, keepdim: bool, result: Any) -> Any:
    if dim is None or not input.ndim:
        flat = F.reshape(input, (-1,))
        others = F.reshape(F.prod_of_others(flat, 0), input.shape)
        return kept(F, g, input.shape, None, keepdim) * others
    return kept(F, g, input.shape, dim, keepdim) * F.prod_of_others(input, dim)


@op(REDUCE, input=_prod_input)
def prod(
    xp: Xp, input: Array, dim: int | None = None, keepdim: bool = False, dtype: Any = None
) -> Array:
    """Return the product over `dim`; integers give int64."""
    if dtype is not None:
        input = input.astype(dt.np_dtype(dtype), copy=False)
    wide = "i8" if input.dtype.kind in "biu" and dtype is None else half_wide(input)
    y = xp.multiply.reduce(input, axes(input, dim), wide, None, keepdim)
    return xp.asarray(y).astype(input.dtype) if wide == "f4" else y


def _others_input(F: Any, g: Any, input: Any, dim: int) -> Any:
    """Differentiate the products of others: each pair (i, j) leaves the product of the rest."""
    n = input.shape[dim]
    if n < 2:
        return F.zeroed(input)
    terms = []
    for j in range(n):
        rest = F.omit(input, dim, j)
        terms.append(F.sum(F.omit(g, dim, j) * F.prod_of_others(rest, dim), dim))
    return F.stack(terms, dim)


@op(INTERNAL, input=_others_input)
def prod_of_others(xp: Xp, input: Array, dim: int) -> Array:
    """Return for each element the product of all others along `dim`, zeros or not."""
    if not input.size:
        return xp.zeros_like(input)
    a = xp.moveaxis(input, dim, -1)
    ones = xp.ones((*a.shape[:-1], 1), a.dtype)
    left = xp.cumprod(xp.concatenate([ones, a[..., :-1]], -1), -1)
    right = xp.cumprod(xp.concatenate([ones, a[..., :0:-1]], -1), -1)[..., ::-1]
    return xp.moveaxis(left * right, -1, dim)


@op(INTERNAL, input=lambda F, g, dim, at: F.insert_zeros(g, dim, at))
def omit(xp: Xp, input: Array, dim: int, at: int) -> Array:
    """Return the tensor without the slice `at` along `dim`."""
    parts = [slice_of(input, dim, 0, at), slice_of(input, dim, at + 1, None)]
    return xp.concatenate(parts, dim)


@op(INTERNAL, input=lambda F, g, dim, at: F.omit(g, dim, at))
def insert_zeros(xp: Xp, input: Array, dim: int, at: int) -> Array:
    """Return the tensor with a slice of zeros put in at `at` along `dim`."""
    parts = [slice_of(input, dim, 0, at), slice_of(input, dim, at, None)]
    shape = [1 if i == dim % input.ndim else n for i, n in enumerate(input.shape)]
    parts.insert(1, xp.zeros(shape, input.dtype))
    return xp.concatenate(parts, dim)


# ---- all and any ----


def _truth(xp: Xp, a: Any, y: Any) -> Any:
    return xp.asarray(y).astype("u1") if a.dtype == "u1" else y


@op(REDUCE)
def all(xp: Xp, input: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    """Return whether all elements along `dim` are not zero."""
    return _truth(xp, input, (input != 0).all(axes(input, dim), keepdims=keepdim))


@op(REDUCE)
def any(xp: Xp, input: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    """Return whether an element along `dim` is not zero."""
    return _truth(xp, input, (input != 0).any(axes(input, dim), keepdims=keepdim))

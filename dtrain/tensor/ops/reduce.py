"""Reductions: sums, means, products, norms, and whether all or any."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Union

from dtrain.errors import DtypeError, OpError
from dtrain.tensor import dtype as dt
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import INTERNAL, REDUCE, Kind, function, op
from dtrain.tensor.promote import float_cast
from dtrain.tensor.shape_rules import wrap_dims
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Shape, Xp

__all__ = [
    "all", "any", "count_nonzero", "logsumexp", "mean", "nanmean", "nansum", "norm", "prod", "std",
    "std_mean", "sum", "var", "var_mean",
]  # fmt: skip

_MOMENT = Kind(out=False, method=False, widen=True)
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
    return xp.asarray(_sum(xp, input, dim, keepdim)).astype(input.dtype)


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
    y = _sum(xp, input, axes(input, dim), keepdim)
    n = count(input.shape, dim)
    y = y / n if n else xp.true_divide(y, n)
    return xp.asarray(y).astype(input.dtype) if input.dtype.itemsize == 2 else y


def _no_nan(input: Tensor) -> Any:
    from dtrain.tensor.ops.choose import where
    from dtrain.tensor.ops.compare import isnan

    return where(isnan(input), 0, input)


@function
@accepts_out
def nansum(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Return the sum over `dim` of what is not nan."""
    return sum(_no_nan(input), dim, keepdim, dtype=dtype)


@function
@accepts_out
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


# ---- spread around the mean ----


def _centred(F: Any, input: Any, dim: Dim) -> Any:
    return input - F.mean(input, dim, True)


def _var_input(F: Any, g: Any, input: Any, dim: Dim, correction: float, keepdim: bool) -> Any:
    left = count(input.shape, dim) - correction
    g = kept(F, g, input.shape, dim, keepdim)
    return (g * (2 / left if left > 0 else math.nan)) * _centred(F, input, dim)


@op(_MOMENT, node="VarBackward0", holomorphic=False, input=_var_input)
def variance(xp: Xp, input: Array, dim: Dim, correction: float, keepdim: bool) -> Array:
    """Return the variance: the sum of squares around the mean over count - correction."""
    axis, wide = axes(input, dim), _wide(input)
    a = input if wide is None else input.astype(wide)
    total = xp.add.reduce(a, axis, None, None, True)
    n = count(input.shape, dim)
    d = a - xp.true_divide(total, n)
    d = xp.multiply(d, d) if d.dtype.kind != "c" else d.real * d.real + d.imag * d.imag
    y = xp.true_divide(xp.add.reduce(d, axis, None, None, keepdim), max(n - correction, 0))
    return y if wide is None else xp.asarray(y).astype(input.dtype)


def _std_input(
    F: Any, g: Any, input: Any, dim: Dim, correction: float, keepdim: bool, result: Any
) -> Any:
    g = F.where(result == 0, 0, g / (2 * result))
    return _var_input(F, g, input, dim, correction, keepdim)


@op(_MOMENT, node="StdBackward0", holomorphic=False, input=_std_input)
def deviation(xp: Xp, input: Array, dim: Dim, correction: float, keepdim: bool) -> Array:
    """Return the standard deviation."""
    return xp.sqrt(variance.op.body(xp, input, dim, correction, keepdim))  # type: ignore[attr-defined]


def _moment_options(
    name: str, input: Tensor, dim: Any, unbiased: Any, keepdim: bool, correction: Any
) -> tuple[Dim, float, bool]:
    """Sort out torch's spellings: var(x, unbiased), var(x, dim, unbiased, keepdim) and the rest."""
    if input._a.dtype.kind in "biu":
        raise DtypeError(f"{name} and {name}_mean only support floating point and complex dtypes")
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    if dim is not None and not isinstance(dim, int):
        dim = tuple(dim)
    return dim, correction, keepdim


@function
@accepts_out
def var(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: Any = None,
) -> Any:  # fmt: skip
    """Return the variance over `dim`, divided by count - correction (1 by default).

    Raises:
        DtypeError: The elements are integers.
    """
    options = _moment_options("var", input, dim, unbiased, keepdim, correction)
    return variance(input, *options)


@function
@accepts_out
def std(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: Any = None,
) -> Any:  # fmt: skip
    """Return the standard deviation over `dim`, the root of the variance.

    Raises:
        DtypeError: The elements are integers.
    """
    options = _moment_options("std", input, dim, unbiased, keepdim, correction)
    return deviation(input, *options)


def var_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: Any = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return (variance, mean) over `dim`."""
    options = _moment_options("var", input, dim, unbiased, keepdim, correction)
    return variance(input, *options), mean(input, options[0], keepdim)


def std_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: Any = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return (standard deviation, mean) over `dim`."""
    options = _moment_options("std", input, dim, unbiased, keepdim, correction)
    return deviation(input, *options), mean(input, options[0], keepdim)


# ---- norms ----


def _logsumexp_input(F: Any, g: Any, input: Any, dim: Dim, keepdim: bool, result: Any) -> Any:
    shape = input.shape
    return kept(F, g, shape, dim, keepdim) * F.exp(input - kept(F, result, shape, dim, keepdim))


@op(Kind(float_cast, widen=True), input=_logsumexp_input)
def logsumexp(xp: Xp, input: Array, dim: Dim, keepdim: bool = False) -> Array:
    """Return log(sum(exp(input))) over `dim`, without overflow."""
    axis = axes(input, dim)
    if not input.size:
        return xp.log(xp.add.reduce(xp.exp(input), axis, None, None, keepdim))
    top = input.max(axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, xp.zeros((), input.dtype))
    y = xp.log(_sum(xp, xp.exp(input - top), axis, keepdim))
    y = xp.asarray(y + (top if keepdim else top.reshape(y.shape)))
    return y.astype(input.dtype, copy=False)


def _norm_input(
    F: Any, g: Any, input: Any, ord: float, dim: Dim, keepdim: bool, dtype: Any, result: Any
) -> Any:
    shape = input.shape
    g, y = kept(F, g, shape, dim, keepdim), kept(F, result, shape, dim, keepdim)
    if dtype is not None:
        return F.to_dtype(_norm_slope(F, g, F.to_dtype(input, dtype), y, ord, dim), input.dtype)
    return _norm_slope(F, g, input, y, ord, dim)


def _norm_slope(F: Any, g: Any, x: Any, y: Any, ord: float, dim: Dim) -> Any:
    if ord == 0:
        return F.zeroed(x)
    if ord == 1:
        return g * F.sgn(x)
    if ord == 2:
        return x * F.where(y == 0, 0, g / y)
    size = F.abs(x)
    if math.isinf(ord):
        hit = F.to_dtype(size == y, size.dtype)
        return F.sgn(x) * (hit / F.sum(hit, dim, True) * g)
    if ord < 1:
        scaled = F.where(x == 0, 0, F.sgn(x) * size ** (ord - 1) * g)
        return scaled * y ** (1 - ord)
    if ord < 2:
        scaled = F.where(x == 0, 0, F.sgn(x) * size ** (ord - 1))
    else:
        scaled = x * size ** (ord - 2)
    return scaled * F.where(y == 0, 0, g / y ** (ord - 1))


@op(_MOMENT, node="LinalgVectorNormBackward0", holomorphic=False, input=_norm_input)
def vector_norm(
    xp: Xp, input: Array, ord: float = 2, dim: Dim = None, keepdim: bool = False, dtype: Any = None
) -> Array:
    """Return sum(abs(input) ** ord) ** (1 / ord) over `dim`; for 0 the count, for inf the maximum.

    Raises:
        DtypeError: The elements are integers.
    """
    if dtype is not None:
        input = input.astype(dt.np_dtype(dtype), copy=False)
    if input.dtype.kind in "biu":
        raise DtypeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{dt.of(input.dtype).name}"
        )
    wide, axis = _wide(input), axes(input, dim)
    a = input if wide is None else input.astype(wide)
    if not math.isinf(ord) and ord != 0 and input.dtype.kind == "c":
        a = xp.abs(a)
    y = _norm(xp, a, ord, axis, keepdim)
    return y if wide is None else xp.asarray(y).astype(input.dtype)


def _norm(xp: Xp, a: Any, ord: float, axis: Any, keepdim: bool) -> Any:
    if ord == 2:
        return xp.sqrt(xp.add.reduce(a * a, axis, None, None, keepdim))
    size = xp.abs(a)
    if ord == 1:
        return xp.add.reduce(size, axis, None, None, keepdim)
    if ord == 0:
        return xp.add.reduce((size != 0).astype(size.dtype), axis, None, None, keepdim)
    if math.isinf(ord):
        if not a.size and ord > 0:
            return xp.zeros_like(xp.add.reduce(size, axis, None, None, keepdim))
        return (size.max if ord > 0 else size.min)(axis, keepdims=keepdim)
    return xp.power(xp.add.reduce(xp.power(size, ord), axis, None, None, keepdim), 1 / ord)


@function
@accepts_out
def norm(
    input: Tensor, p: Any = "fro", dim: Dim = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """Return the norm of vectors: `p` a number, or "fro" for 2; "nuc" for the nuclear norm.

    Raises:
        OpError: `p` is another word.
    """
    if p == "nuc":
        from dtrain.tensor.op import GRAPH

        return sum(GRAPH.linalg_svdvals(input), -1, keepdim)
    if isinstance(p, str) and p != "fro":
        raise OpError(f"norm(): p={p!r} is not supported; expected a number, 'fro' or 'nuc'")
    return vector_norm(input, 2 if p in ("fro", None) else p, dim, keepdim, dtype)


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

"""Norms of vectors, and the sum of exponentials."""

from __future__ import annotations

import math
from typing import Any

from dtrain.errors import DtypeError, OpError
from dtrain.tensor import dtype as dt
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import Kind, function, op
from dtrain.tensor.ops.reduce import Dim, axes, half_wide, kept, plain_sum, sum
from dtrain.tensor.promote import float_cast
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["logsumexp", "norm"]

_NORM = Kind(out=False, method=False, widen=True)


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
    y = xp.log(plain_sum(xp, xp.exp(input - top), axis, keepdim))
    y = xp.asarray(y + (top if keepdim else top.reshape(y.shape)))
    return y.astype(input.dtype, copy=False)


def _norm_input(
    F: Any, g: Any, input: Any, p: float, dim: Dim, keepdim: bool, dtype: Any, result: Any
) -> Any:
    shape = input.shape
    g, y = kept(F, g, shape, dim, keepdim), kept(F, result, shape, dim, keepdim)
    if dtype is not None:
        return F.to_dtype(_norm_slope(F, g, F.to_dtype(input, dtype), y, p, dim), input.dtype)
    return _norm_slope(F, g, input, y, p, dim)


def _norm_slope(F: Any, g: Any, x: Any, y: Any, p: float, dim: Dim) -> Any:
    if p == 0:
        return F.zeroed(x)
    if p == 1:
        return g * F.sgn(x)
    if p == 2:
        return x * F.where(y == 0, 0, g / y)
    size = F.abs(x)
    if math.isinf(p):
        hit = F.to_dtype(size == y, size.dtype)
        return F.sgn(x) * (hit / F.sum(hit, dim, True) * g)
    if p < 1:
        scaled = F.where(x == 0, 0, F.sgn(x) * size ** (p - 1) * g)
        return scaled * y ** (1 - p)
    scaled = x * size ** (p - 2) if p >= 2 else F.where(x == 0, 0, F.sgn(x) * size ** (p - 1))
    return scaled * F.where(y == 0, 0, g / y ** (p - 1))


@op(_NORM, node="LinalgVectorNormBackward0", holomorphic=False, input=_norm_input)
def vector_norm(
    xp: Xp, input: Array, p: float = 2, dim: Dim = None, keepdim: bool = False, dtype: Any = None
) -> Array:
    """Return sum(abs(input) ** p) ** (1 / p) over `dim`; for 0 the count, for inf the maximum.

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
    wide, axis = half_wide(input), axes(input, dim)
    a = input if wide is None else input.astype(wide)
    if not math.isinf(p) and p != 0 and input.dtype.kind == "c":
        a = xp.abs(a)
    y = _norm(xp, a, p, axis, keepdim)
    return y if wide is None else xp.asarray(y).astype(input.dtype)


def _norm(xp: Xp, a: Any, p: float, axis: Any, keepdim: bool) -> Any:
    if p == 2:
        return xp.sqrt(xp.add.reduce(a * a, axis, None, None, keepdim))
    size = xp.abs(a)
    if p == 1:
        return xp.add.reduce(size, axis, None, None, keepdim)
    if p == 0:
        return xp.add.reduce((size != 0).astype(size.dtype), axis, None, None, keepdim)
    if math.isinf(p):
        if not a.size and p > 0:
            return xp.zeros_like(xp.add.reduce(size, axis, None, None, keepdim))
        return (size.max if p > 0 else size.min)(axis, keepdims=keepdim)
    return xp.power(xp.add.reduce(xp.power(size, p), axis, None, None, keepdim), 1 / p)


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

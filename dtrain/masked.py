"""torch.masked's face: reductions and normalisations of the elements that a mask lets through.

A mask is a bool tensor that broadcasts to the input; True lets an element through. What is left out
is replaced by the number that changes nothing: 0 in a sum, 1 in a product, -inf in a maximum. Where
no element is left, the result is that number, or nan where it would be a mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain.errors import OpIndexError, OpValueError
from dtrain.nn.functional import log_softmax as _log_softmax
from dtrain.nn.functional import softmax as _softmax
from dtrain.nn.functional import softmin as _softmin
from dtrain.tensor import dtype as dt
from dtrain.tensor import ops
from dtrain.tensor.query import iinfo
from dtrain.tensor.shape_rules import wrap_dims
from dtrain.tensor.tensor import Tensor

__all__ = [
    "amax", "amin", "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logaddexp",
    "logsumexp", "mean", "median", "norm", "normalize", "prod", "softmax", "softmin", "std", "sum",
    "var",
]  # fmt: skip

INF = float("inf")


# ---- masks and dimensions ----


def _check_mask(where: str, input: Tensor, mask: Tensor) -> None:
    """Refuse a mask that has more dimensions than the input.

    Raises:
        OpIndexError: It has.
    """
    if mask._a.ndim > input._a.ndim:
        raise OpIndexError(
            f"masked.{where}(): expected broadcastable mask (got mask dimensionality higher than "
            f"of the input: {mask._a.ndim} > {input._a.ndim})"
        )


def _filled(where: str, input: Tensor, mask: Tensor | None, value: Any) -> Any:
    """Return the input with `value` where the mask is False."""
    if mask is None:
        return input
    _check_mask(where, input, mask)
    return ops.where(mask.to(dt.bool_), input, ops.fill(input.detach(), value))


def _typed(input: Tensor, dtype: Any, wider: dict[int, dt.dtype] | None = None) -> Any:
    """Return the input in the type asked for, or else in the type that a category turns into."""
    target = dtype
    if target is None and wider is not None:
        target = wider.get(input.dtype.category)
    return input if target is None or target is input.dtype else input.to(target)


_SUMMED = {0: dt.int64, 1: dt.int64}
"""Integers are summed up in 64 bits."""


def _floating() -> dict[int, dt.dtype]:
    return {0: dt.get_default_dtype(), 1: dt.get_default_dtype()}


def _dims(where: str, input: Tensor, dim: Any) -> tuple[int, ...]:
    """Return dimensions counted from the front; all for None and for ()."""
    n = input._a.ndim
    if dim is None or (isinstance(dim, Sequence) and not dim):
        return tuple(range(n))
    return wrap_dims(where, dim, n) if n else ()


def _lowest(input: Tensor) -> Any:
    if input.dtype.category >= 2:
        return -INF
    return False if input.dtype is dt.bool_ else iinfo(input.dtype).min


def _highest(input: Tensor) -> Any:
    if input.dtype.category >= 2:
        return INF
    return True if input.dtype is dt.bool_ else iinfo(input.dtype).max


# ---- sums and products ----


def sum(
    input: Tensor, dim: Any = None, *, keepdim: bool | None = False, dtype: Any = None,
    mask: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the sum of the elements that the mask lets through; 0 where there are none."""
    x = _typed(input, dtype, _SUMMED)
    dims = _dims("sum", x, dim)
    return ops.sum(_filled("sum", x, mask, 0), dims, bool(keepdim))


def prod(
    input: Tensor, dim: Any = None, *, keepdim: bool | None = False, dtype: Any = None,
    mask: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the product of the elements that the mask lets through; 1 where there are none."""
    x = _filled("prod", _typed(input, dtype, _SUMMED), mask, 1)
    for d in sorted(_dims("prod", x, dim), reverse=True):
        x = ops.prod(x, d, bool(keepdim))
    return x


def cumsum(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Any:
    """Return the running sums of the elements that the mask lets through."""
    return ops.cumsum(_filled("cumsum", _typed(input, dtype, _SUMMED), mask, 0), dim)


def cumprod(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Any:
    """Return the running products of the elements that the mask lets through."""
    return ops.cumprod(_filled("cumprod", _typed(input, dtype, _SUMMED), mask, 1), dim)


# ---- extremes ----


def amax(
    input: Tensor, dim: Any = None, *, keepdim: bool | None = False, dtype: Any = None,
    mask: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the largest of the elements that the mask lets through; -inf where there are none."""
    x = _typed(input, dtype)
    dims = _dims("amax", x, dim)
    return ops.amax(_filled("amax", x, mask, _lowest(x)), dims, bool(keepdim))


def amin(
    input: Tensor, dim: Any = None, *, keepdim: bool | None = False, dtype: Any = None,
    mask: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the smallest of the elements that the mask lets through; inf where there are none."""
    x = _typed(input, dtype)
    dims = _dims("amin", x, dim)
    return ops.amin(_filled("amin", x, mask, _highest(x)), dims, bool(keepdim))


def argmax(
    input: Tensor, dim: int | None = None, *, keepdim: bool | None = False, dtype: Any = None,
    mask: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return where the largest of the elements is that the mask lets through.

    Note: as in torch, the result has the type of the input.
    """
    x = _typed(input, dtype)
    found = ops.argmax(_filled("argmax", x, mask, _lowest(x)), dim, bool(keepdim))
    return found.to(x.dtype)


def argmin(
    input: Tensor, dim: int | None = None, *, keepdim: bool | None = False, dtype: Any = None,
    mask: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return where the smallest of the elements is that the mask lets through.

    Note: as in torch, the result has the type of the input.
    """
    x = _typed(input, dtype)
    found = ops.argmin(_filled("argmin", x, mask, _highest(x)), dim, bool(keepdim))
    return found.to(x.dtype)


def median(
    input: Tensor, dim: int = -1, *, keepdim: bool = False, dtype: Any = None,
    mask: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the lower median of the elements that the mask lets through; nan if there are none.

    Raises:
        OpValueError: An element that is let through is nan, which could not be told from the rest.
    """
    x = _typed(input, dtype, _floating())
    if mask is None:
        return ops.median(x, dim, keepdim)[0].to(input.dtype if dtype is None else dtype)
    if bool(ops.isnan(x).any()):
        raise OpValueError("masked median expected no fully masked out rows if using dtype float")
    values = ops.nanmedian(_filled("median", x, mask, float("nan")), dim, keepdim)[0]
    return values.to(input.dtype if dtype is None else dtype)


# ---- means and spread ----


def _count(input: Tensor, dims: tuple[int, ...], keepdim: bool, mask: Tensor | None) -> Any:
    """Return how many elements go into each result."""
    ones = ops.fill(input.detach(), 1).to(dt.int64)
    return ops.sum(_filled("count", ones, mask, 0), dims, keepdim)


def mean(
    input: Tensor, dim: Any = None, *, keepdim: bool | None = False, dtype: Any = None,
    mask: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the mean of the elements that the mask lets through; nan where there are none.

    Raises:
        OpValueError: The elements are integers.
    """
    x = _typed(input, dtype)
    if x.dtype.category < 2:
        raise OpValueError(f"mean expects dtype to be floating point or complex, got {x.dtype}")
    dims = _dims("mean", x, dim)
    total = ops.sum(_filled("mean", x, mask, 0), dims, bool(keepdim))
    return total / _count(x, dims, bool(keepdim), mask)


def _spread(
    where: str, input: Tensor, dim: Any, unbiased: bool | None, correction: Any,
    keepdim: bool | None, dtype: Any, mask: Tensor | None, root: bool,
) -> Any:  # fmt: skip
    if unbiased is not None and correction is not None:
        raise OpValueError(f"masked.{where}(): only one of unbiased and correction may be given")
    taken = (1 if unbiased is None else int(unbiased)) if correction is None else correction
    x = _typed(input, dtype, _floating())
    dims = _dims(where, x, dim)
    centre = mean(x, dims, keepdim=True, mask=mask) if dims else x
    if mask is not None:  # nan, where no element is left, must not reach the gradients
        centre = ops.where(_count(x, dims, True, mask) > 0, centre, 0)
    away = _filled(where, x - centre, mask, 0)
    squares = (away * away.conj()).real if x.is_complex() else away * away
    left = (_count(x, dims, bool(keepdim), mask) - taken).clamp_min(0)
    made = ops.sum(squares, dims, bool(keepdim)) / left.to(squares.dtype)
    if root:
        made = made.sqrt()
    return made.to(x.dtype) if x.is_complex() else made


def var(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, *, correction: Any = None,
    keepdim: bool | None = False, dtype: Any = None, mask: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the variance of the elements that the mask lets through."""
    how = (dim, unbiased, correction, keepdim, dtype, mask)
    return _spread("var", input, *how, root=False)


def std(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, *, correction: Any = None,
    keepdim: bool | None = False, dtype: Any = None, mask: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the standard deviation of the elements that the mask lets through."""
    how = (dim, unbiased, correction, keepdim, dtype, mask)
    return _spread("std", input, *how, root=True)


def norm(
    input: Tensor, ord: float | None = 2.0, dim: Any = None, *, keepdim: bool | None = False,
    dtype: Any = None, mask: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the norm of the elements that the mask lets through."""
    x = _typed(input, dtype)
    p = 2.0 if ord is None else float(ord)
    kept = _filled("norm", x, mask, INF if p == -INF else 0)
    return ops.norm(kept, p, _dims("norm", x, dim), bool(keepdim))


# ---- exponentials and normalisation ----


def logsumexp(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None,
    mask: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return log(sum(exp(x))) over the elements that the mask lets through.

    Note: as in torch, the result has the type of the input, for integers too.
    """
    x = _typed(input, dtype)
    dims = _dims("logsumexp", x, dim)
    return ops.logsumexp(_filled("logsumexp", x, mask, _lowest(x)), dims, keepdim).to(x.dtype)


def logaddexp(
    input: Tensor, other: Tensor, *, dtype: Any = None, input_mask: Tensor | None = None,
    other_mask: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return log(exp(input) + exp(other)); a masked operand counts for nothing."""
    one = _filled("logaddexp", _typed(input, dtype), input_mask, -INF)
    two = _filled("logaddexp", _typed(other, dtype), other_mask, -INF)
    return ops.logaddexp(one, two)


def softmax(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Any:
    """Return the softmax over the elements that the mask lets through; 0 for the others."""
    return _softmax(_filled("softmax", _typed(input, dtype), mask, -INF), dim)


def log_softmax(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Any:
    """Return the logarithm of the softmax over the elements that the mask lets through."""
    return _log_softmax(_filled("log_softmax", _typed(input, dtype), mask, -INF), dim)


def softmin(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Any:
    """Return the softmin over the elements that the mask lets through; 0 for the others."""
    return _softmin(_filled("softmin", _typed(input, dtype), mask, INF), dim)


def normalize(
    input: Tensor, ord: float, dim: int, *, eps: float = 1e-12, dtype: Any = None,
    mask: Tensor | None = None,
) -> Any:  # fmt: skip
    """Divide by the norm along a dimension of the elements that the mask lets through."""
    x = _typed(input, dtype)
    size = norm(x, ord, dim, keepdim=True, mask=mask)
    return _filled("normalize", x, mask, 0) / size.clamp_min(eps)

"""Spread around the mean: variances and standard deviations."""

from __future__ import annotations

import math
from typing import Any

from dtrain.errors import DtypeError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.numpy_names import numpy_names
from dtrain.tensor.op import Kind, function, op
from dtrain.tensor.ops.reduce import Dim, axes, count, half_wide, kept, mean
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["std", "std_mean", "var", "var_mean"]

_MOMENT = Kind(out=False, method=False, widen=True)


def _centred(F: Any, input: Any, dim: Dim) -> Any:
    return input - F.mean(input, dim, True)


def _var_input(F: Any, g: Any, input: Any, dim: Dim, correction: float, keepdim: bool) -> Any:
    left = count(input.shape, dim) - correction
    g = kept(F, g, input.shape, dim, keepdim)
    return (g * (2 / left if left > 0 else math.nan)) * _centred(F, input, dim)


@op(_MOMENT, node="VarBackward0", holomorphic=False, input=_var_input)
def variance(xp: Xp, input: Array, dim: Dim, correction: float, keepdim: bool) -> Array:
    """Return the variance: the sum of squares around the mean over count - correction."""
    axis, wide = axes(input, dim), half_wide(input)
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
@numpy_names
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
@numpy_names
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


@numpy_names
def var_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: Any = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return (variance, mean) over `dim`."""
    options = _moment_options("var", input, dim, unbiased, keepdim, correction)
    return variance(input, *options), mean(input, options[0], keepdim)


@numpy_names
def std_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: Any = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return (standard deviation, mean) over `dim`."""
    options = _moment_options("std", input, dim, unbiased, keepdim, correction)
    return deviation(input, *options), mean(input, options[0], keepdim)

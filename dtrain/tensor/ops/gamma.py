"""The error function and the logarithm of the gamma function, with their kin."""

from __future__ import annotations

import math
from typing import Any

from dtrain.backend import error_functions as kernels
from dtrain.errors import OpError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import UNARY_FLOAT, Kind, attach, attach_inplace, function, op
from dtrain.tensor.promote import float_cast
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["digamma", "erf", "erfc", "erfinv", "lgamma", "mvlgamma", "polygamma"]

_SLOPE = 2 / math.sqrt(math.pi)


@op(UNARY_FLOAT, input=lambda F, g, input: g * (F.exp(-input * input) * _SLOPE))
def erf(xp: Xp, input: Array) -> Array:
    """Return the error function."""
    return kernels.erf(xp, input)


@op(UNARY_FLOAT, input=lambda F, g, input: g * (F.exp(-input * input) * -_SLOPE))
def erfc(xp: Xp, input: Array) -> Array:
    """Return 1 - erf(input)."""
    return kernels.erfc(xp, input)


@op(UNARY_FLOAT, input=lambda F, g, result: g * (F.exp(result * result) / _SLOPE))
def erfinv(xp: Xp, input: Array) -> Array:
    """Return the inverse of the error function."""
    return kernels.erfinv(xp, input)


@op(UNARY_FLOAT, input=lambda F, g, input: g * F.digamma(input))
def lgamma(xp: Xp, input: Array) -> Array:
    """Return log(abs(gamma(input)))."""
    return kernels.lgamma(xp, input)


@op(UNARY_FLOAT, input=lambda F, g, input: g * F.polygamma(input, 1))
def digamma(xp: Xp, input: Array) -> Array:
    """Return the derivative of lgamma."""
    return kernels.digamma(xp, input)


@op(
    Kind(float_cast, method=False, widen=True),
    name="polygamma",
    input=lambda F, g, input, n: g * F.polygamma(input, n + 1),
)
def _derivative(xp: Xp, input: Array, n: int) -> Array:
    """Return the n-th derivative of digamma, n >= 1."""
    return kernels.polygamma(xp, input, n)


@accepts_out
def polygamma(n: int, input: Tensor) -> Any:
    """Return the n-th derivative of digamma.

    Raises:
        OpError: n is negative.
    """
    if n < 0:
        raise OpError("polygamma(n, x) does not support negative n.")
    return _derivative(input, n) if n else digamma(input)


def _polygamma_method(self: Tensor, n: int) -> Any:
    """Return the n-th derivative of digamma."""
    return polygamma(n, self)


attach("polygamma", _polygamma_method)
attach_inplace(_polygamma_method, "polygamma_")


@function
@accepts_out
def mvlgamma(input: Tensor, p: int) -> Any:
    """Return the logarithm of the multivariate gamma function of dimension `p`.

    Raises:
        OpError: p is below 1.
    """
    if p < 1:
        raise OpError("p has to be greater than or equal to 1")
    x: Any = input
    total = lgamma(x) + p * (p - 1) / 4 * math.log(math.pi)
    for i in range(1, p):
        total = total + lgamma(x - i / 2)
    return total


attach_inplace(mvlgamma)

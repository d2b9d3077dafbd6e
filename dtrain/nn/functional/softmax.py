"""Softmax and its kin, along one dimension."""

from __future__ import annotations

import warnings
from typing import Any

from dtrain.errors import DtypeError
from dtrain.nn.functional.kinds import FUNCTION, placed, widened
from dtrain.tensor import dtype as dt
from dtrain.tensor.generator import default_generator
from dtrain.tensor.like import zeros_like
from dtrain.tensor.numpy_names import numpy_names
from dtrain.tensor.op import attach, op
from dtrain.tensor.ops.cast import to_dtype
from dtrain.tensor.shape_rules import wrap_dim
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["gumbel_softmax", "log_softmax", "softmax", "softmin"]


def _total(xp: Xp, values: Array, dim: int) -> Array:
    """Return the sum along `dim`, kept; by BLAS where that is quicker."""
    if dim == values.ndim - 1 and values.dtype.kind == "f" and values.flags.c_contiguous:
        return (values @ xp.ones(values.shape[-1], values.dtype))[..., None]
    return xp.add.reduce(values, dim, keepdims=True)


@op(
    FUNCTION, name="_softmax", node="SoftmaxBackward0",
    input=lambda F, g, result, dim: (g - F.sum(g * result, dim, True)) * result,
)  # fmt: skip
@widened
def _softmax(xp: Xp, input: Array, dim: int) -> Array:
    """Return exp(x) / sum(exp(x)) along `dim`."""
    if input.size == 0 or input.ndim == 0:
        return xp.ones_like(input)
    made = xp.exp(input - xp.maximum.reduce(input, dim, keepdims=True))
    made /= _total(xp, made, dim)
    return made


@op(
    FUNCTION, name="_log_softmax", node="LogSoftmaxBackward0",
    input=lambda F, g, result, dim: g - F.exp(result) * F.sum(g, dim, True),
)  # fmt: skip
@widened
def _log_softmax(xp: Xp, input: Array, dim: int) -> Array:
    """Return x - log(sum(exp(x))) along `dim`."""
    if input.size == 0 or input.ndim == 0:
        return xp.zeros_like(input)
    made = input - xp.maximum.reduce(input, dim, keepdims=True)
    made -= xp.log(_total(xp, xp.exp(made), dim))
    return made


def _prepared(where: str, input: Tensor, dim: int | None, dtype: Any) -> tuple[Tensor, int]:
    """Return the input in the type to compute in, and the dimension counted from the front."""
    ndim = input._a.ndim
    if dim is None:
        warnings.warn(
            f"Implicit dimension choice for {where} has been deprecated. Change the call to "
            "include dim=X as an argument.",
            UserWarning,
            stacklevel=3,
        )
        dim = 0 if ndim in (0, 1, 3) else 1
    if dtype is not None and dt.np_dtype(dtype) != input._a.dtype:
        input = to_dtype(input, dtype)
    elif dt.of(input._a.dtype).category < 2:
        raise DtypeError(
            f'"{where}" not implemented for {input.dtype}; give a floating point dtype='
        )
    return input, wrap_dim(where, dim, ndim)


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Return exp(x) / sum(exp(x)) along a dimension.

    Args:
        input: Any shape.
        dim: The dimension along which the result sums to one.
        _stacklevel: Not used; torch's signature has it.
        dtype: Convert to this type first.

    >>> softmax(dtrain.zeros(2), 0)
    tensor([0.5000, 0.5000])
    """
    input, dim = _prepared("softmax", input, dim, dtype)
    return _softmax(input, dim)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Any:
    """Return the logarithm of softmax, computed without overflow; arguments as softmax."""
    input, dim = _prepared("log_softmax", input, dim, dtype)
    return _log_softmax(input, dim)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Return softmax of the negative; arguments as softmax."""
    return softmax(-input, dim, dtype=dtype)


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Any:
    """Return samples from the Gumbel-softmax distribution.

    Args:
        logits: Unnormalised log-probabilities, any shape.
        tau: Temperature, positive.
        hard: Return one-hot vectors whose gradient is that of the soft samples.
        eps: Not used; torch's signature has it.
        dim: The dimension of the categories.
    """
    drawn = default_generator.exponential(tuple(logits.shape), logits._a.dtype)
    noise = -placed(drawn, logits).log()
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    index = soft.detach().argmax(dim, keepdim=True)
    return zeros_like(logits).scatter_(dim, index, 1.0) - soft.detach() + soft


@numpy_names
def softmax_along(input: Tensor, dim: int, dtype: Any = None, *, out: Tensor | None = None) -> Any:
    """Return exp(x) / sum(exp(x)) along a dimension."""
    return _softmax(*_prepared("softmax", input, dim, dtype), out=out)


@numpy_names
def log_softmax_along(
    input: Tensor, dim: int, dtype: Any = None, *, out: Tensor | None = None
) -> Any:
    """Return the logarithm of softmax along a dimension."""
    return _log_softmax(*_prepared("log_softmax", input, dim, dtype), out=out)


attach("softmax", softmax_along)
attach("log_softmax", log_softmax_along)

"""Batch normalization with fixed statistics, drawn into the layer before it."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from dtrain.nn.batchnorm import _BatchNorm
from dtrain.nn.conv import _ConvNd
from dtrain.nn.linear import Linear
from dtrain.nn.parameter import Parameter
from dtrain.tensor.like import ones_like, zeros_like
from dtrain.tensor.tensor import Tensor

__all__ = [
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
]

ConvT = TypeVar("ConvT", bound=_ConvNd)
LinearT = TypeVar("LinearT", bound=Linear)


def _check(layer: Any, bn: _BatchNorm) -> None:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")


def _fused(
    weight: Tensor, bias: Tensor | None, statistics: tuple[Any, ...], shape: tuple[int, ...]
) -> tuple[Parameter, Parameter]:
    """Return weight and bias of a layer that also normalizes; `shape` spreads the channels."""
    mean, var, eps, scale, shift = statistics
    scale = ones_like(mean) if scale is None else scale
    shift = zeros_like(mean) if shift is None else shift
    given: Any = zeros_like(mean) if bias is None else bias
    factor = scale * (var + eps).rsqrt()
    fused = (weight * factor.reshape(shape)).to(weight.dtype)
    moved = ((given - mean) * factor + shift).to((weight if bias is None else bias).dtype)
    return Parameter(fused, weight.requires_grad), Parameter(moved, given.requires_grad)


def fuse_conv_bn_eval(conv: ConvT, bn: _BatchNorm, transpose: bool = False) -> ConvT:
    """Return a copy of a convolution that also does what a batch normalization behind it does.

    Args:
        conv: The convolution, in evaluation mode.
        bn: The normalization, in evaluation mode.
        transpose: The convolution is a transposed one.

    Raises:
        AssertionError: One of them is in training mode, or there are no running statistics.
    """
    _check(conv, bn)
    fused = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias,
        transpose,
    )  # fmt: skip
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor, conv_b: Tensor | None, bn_rm: Any, bn_rv: Any, bn_eps: float,
    bn_w: Tensor | None, bn_b: Tensor | None, transpose: bool = False,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Return the weight and bias of fuse_conv_bn_eval's convolution."""
    first = (1, -1) if transpose else (-1, 1)
    shape = (*first, *(1,) * (conv_w.ndim - 2))
    return _fused(conv_w, conv_b, (bn_rm, bn_rv, bn_eps, bn_w, bn_b), shape)


def fuse_linear_bn_eval(linear: LinearT, bn: _BatchNorm) -> LinearT:
    """Return a copy of a linear layer that also does what a batch normalization behind it does.

    Raises:
        AssertionError: One of them is in training mode, there are no running statistics, or the
            features differ.
    """
    _check(linear, bn)
    if bn.num_features not in (linear.out_features, 1):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
            f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}"
        )
    fused = copy.deepcopy(linear)
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor, linear_b: Tensor | None, bn_rm: Any, bn_rv: Any, bn_eps: float,
    bn_w: Tensor | None, bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Return the weight and bias of fuse_linear_bn_eval's layer."""
    return _fused(linear_w, linear_b, (bn_rm, bn_rv, bn_eps, bn_w, bn_b), (-1, 1))

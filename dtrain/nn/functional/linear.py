"""Affine maps."""

from __future__ import annotations

from math import prod
from typing import Any

from dtrain.errors import DtypeError, ShapeError
from dtrain.nn.functional.kinds import FUNCTION, widened
from dtrain.tensor.op import op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, F, Xp

__all__ = ["bilinear", "linear"]


def _linear_grads(
    F: F,
    g: Any,
    wanted: tuple[bool, ...],
    input: Any,
    weight: Any,
    input_shape: Any,
) -> tuple[Any, ...]:
    need_input, need_weight, need_bias = wanted
    rows = prod(input_shape[:-1])
    if weight.ndim == 1:
        g = F.reshape(g, (rows, 1))
        by_rows = F.reshape(weight, (1, -1))
    else:
        g = F.reshape(g, (rows, weight.shape[0]))
        by_rows = weight
    to_input = F.reshape(F.matmul(g, by_rows), input_shape) if need_input else None
    to_weight = to_bias = None
    if need_weight:
        to_weight = F.matmul(F.transpose(g, 0, 1), F.reshape(input, (rows, input_shape[-1])))
        to_weight = F.reshape(to_weight, weight.shape)
    if need_bias:
        to_bias = F.sum(g) if weight.ndim == 1 else F.sum(g, 0)
    return to_input, to_weight, to_bias


@op(FUNCTION, joint=(("input", "weight", "bias"), _linear_grads))
@widened
def linear(xp: Xp, input: Array, weight: Array, bias: Array = None) -> Array:
    """Return input @ weight.T + bias.

    Args:
        xp: The array module.
        input: (*, in_features).
        weight: (out_features, in_features), or (in_features,).
        bias: (out_features,) or ().

    Returns:
        (*, out_features), or (*) for a weight of one dimension.
    """
    if weight.shape[-1] != input.shape[-1]:
        rows = prod(input.shape[:-1])
        raise ShapeError(
            f"linear(input: {list(input.shape)}, weight: {list(weight.shape)}): mat1 and mat2 "
            f"shapes cannot be multiplied ({rows}x{input.shape[-1]} and "
            f"{'x'.join(map(str, weight.shape[::-1]))})"
        )
    if input.dtype != weight.dtype:
        raise DtypeError(
            f"linear(input: {input.dtype}, weight: {weight.dtype}): mat1 and mat2 must have the "
            "same dtype; convert one of them with .to()"
        )
    made = xp.matmul(input, weight.T)
    if bias is None:
        return made
    if made.dtype == bias.dtype and made.ndim:
        made += bias  # into memory that nobody has seen yet
        return made
    return made + bias


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return y[o] = input1 @ weight[o] @ input2 + bias[o] along the last dimension.

    Args:
        input1: (*, in1).
        input2: (*, in2).
        weight: (out, in1, in2).
        bias: (out,).

    Raises:
        ShapeError: The sizes do not fit.
    """
    if input1.shape[:-1] != input2.shape[:-1]:
        raise ShapeError(
            f"bilinear(): input batch dimensions do not match: got {input1.shape} and "
            f"{input2.shape}"
        )
    if weight.ndim != 3 or (input1.shape[-1], input2.shape[-1]) != tuple(weight.shape[1:]):
        raise ShapeError(
            f"bilinear(): weight {list(weight.shape)} does not fit inputs with {input1.shape[-1]} "
            f"and {input2.shape[-1]} features"
        )
    rows = input1.reshape(-1, 1, 1, input1.shape[-1])
    columns = input2.reshape(-1, 1, input2.shape[-1], 1)
    made = (rows @ weight @ columns).reshape(*input1.shape[:-1], weight.shape[0])
    return made if bias is None else made + bias

"""Convolution over any number of spatial dimensions, and its transpose.

Three operators are enough: `convolution`, and its gradients to the input and to the weight. Each is
linear in both of its arrays and the derivative of each is made of the other two, so every order of
derivative is there; a transposed convolution is the gradient to the input.

Letters: N batch, C input channels, O output channels, G groups, K = C / G * prod(kernel),
L output positions.
"""

from __future__ import annotations

from math import prod
from typing import Any

from dtrain.nn.functional.kinds import FUNCTION, widened
from dtrain.nn.functional.spatial import (
    folded,
    padded,
    window_count,
    windows,
)
from dtrain.tensor.op import op
from dtrain.typing import Array, F, Xp

__all__ = ["convolution_input_grad", "convolution_nd", "convolution_weight_grad"]

Sizes = tuple[int, ...]
_BLOCK_BYTES = 1 << 21
"""Windows are copied a few samples at a time, so that the copy stays in the cache."""


def _output_size(size: Sizes, weight: Any, stride: Sizes, padding: Any, dilation: Sizes) -> Sizes:
    before, after = padding
    return tuple(
        [
            window_count(n, k, s, b + a, d)
            for n, k, s, b, a, d in zip(
                size, weight.shape[2:], stride, before, after, dilation, strict=True
            )
        ]
    )


def _samples_at_once(weight: Any, groups: int, positions: int) -> int:
    """Return for how many samples the copied windows fit into a block."""
    per_sample = prod(weight.shape[1:]) * groups * positions * int(weight.itemsize)
    return max(1, _BLOCK_BYTES // max(per_sample, 1))


def _columns(
    xp: Xp, input: Array, kernel: Sizes, stride: Sizes, dilation: Sizes, groups: int
) -> Array:
    """Return the windows of a padded input, (N, G, K, L): a view where each holds one element."""
    seen = windows(input, kernel, stride, dilation)
    return seen.reshape(
        input.shape[0],
        groups,
        input.shape[1] // groups * prod(kernel),
        prod(seen.shape[2 + len(kernel) :]),
    )


def _conv_grads(
    F: F, g: Any, wanted: tuple[bool, ...], input: Any, weight: Any, input_shape: Any,
    weight_shape: Any, stride: Sizes, padding: Any, dilation: Sizes, groups: int,
) -> tuple[Any, ...]:  # fmt: skip
    how = (stride, padding, dilation, groups)
    return (
        F.convolution_input_grad(g, weight, tuple(input_shape[2:]), *how) if wanted[0] else None,
        F.convolution_weight_grad(g, input, tuple(weight_shape[2:]), *how) if wanted[1] else None,
        F.sum(g, (0, *range(2, g.ndim))) if wanted[2] else None,
    )


@op(FUNCTION, node="ConvolutionBackward0",
    joint=(("input", "weight", "bias"), _conv_grads))  # fmt: skip
@widened
def convolution_nd(
    xp: Xp, input: Array, weight: Array, bias: Array, stride: Sizes, padding: tuple[Sizes, Sizes],
    dilation: Sizes, groups: int,
) -> Array:  # fmt: skip
    """Return the cross-correlation of `input` and `weight`, plus `bias`.

    Args:
        xp: The array module.
        input: (N, C, *size).
        weight: (O, C / groups, *kernel).
        bias: (O,) or None.
        stride: Step of the window, by dimension.
        padding: Width of the border of zeros before and after, by dimension.
        dilation: Step within the window, by dimension.
        groups: Channels are divided into so many separate convolutions.

    Returns:
        (N, O, *out), out = (size + before + after - dilation * (kernel - 1) - 1) // stride + 1.
    """
    out = _output_size(input.shape[2:], weight, stride, padding, dilation)
    n, channels, kernel = input.shape[0], weight.shape[0], weight.shape[2:]
    made = xp.empty((n, groups, channels // groups, prod(out)), input.dtype)
    rows = weight.reshape(groups, channels // groups, prod(weight.shape[1:]))
    block = _samples_at_once(weight, groups, prod(out))
    wide = padded(xp, input, *padding)
    for i in range(0, n, block):
        columns = _columns(xp, wide[i : i + block], kernel, stride, dilation, groups)
        xp.matmul(rows, columns, out=made[i : i + block])
    if bias is not None:
        made += bias.reshape(groups, -1, 1)
    return made.reshape(n, channels, *out)


@op(
    FUNCTION,
    g=lambda F, g, weight, stride, padding, dilation, groups: F.convolution_nd(
        g, weight, None, stride, padding, dilation, groups
    ),
    weight=lambda F, h, g, weight_shape, stride, padding, dilation, groups: (
        F.convolution_weight_grad(g, h, tuple(weight_shape[2:]), stride, padding, dilation, groups)
    ),
)
@widened
def convolution_input_grad(
    xp: Xp, g: Array, weight: Array, size: Sizes, stride: Sizes, padding: tuple[Sizes, Sizes],
    dilation: Sizes, groups: int,
) -> Array:  # fmt: skip
    """Return the gradient of a convolution to its input of spatial size `size`."""
    n, kernel, out = g.shape[0], weight.shape[2:], g.shape[2:]
    columns_of = weight.reshape(groups, weight.shape[0] // groups, prod(weight.shape[1:]))
    columns_of = columns_of.swapaxes(1, 2)
    rows = g.reshape(n, groups, g.shape[1] // groups, prod(out))
    made = xp.empty((n, weight.shape[1] * groups, *size), g.dtype)
    block = _samples_at_once(weight, groups, prod(out))
    for i in range(0, n, block):
        columns = xp.matmul(columns_of, rows[i : i + block])
        columns = columns.reshape(len(columns), made.shape[1], *kernel, *out)
        made[i : i + block] = folded(xp, columns, size, stride, padding, dilation)
    return made


@op(
    FUNCTION,
    g=lambda F, g, input, stride, padding, dilation, groups: F.convolution_nd(
        input, g, None, stride, padding, dilation, groups
    ),
    input=lambda F, h, g, input_shape, stride, padding, dilation, groups: F.convolution_input_grad(
        g, h, tuple(input_shape[2:]), stride, padding, dilation, groups
    ),
)
@widened
def convolution_weight_grad(
    xp: Xp, g: Array, input: Array, kernel: Sizes, stride: Sizes, padding: tuple[Sizes, Sizes],
    dilation: Sizes, groups: int,
) -> Array:  # fmt: skip
    """Return the gradient of a convolution to its weight of spatial size `kernel`."""
    n, channels, positions = g.shape[0], g.shape[1], prod(g.shape[2:])
    made = xp.zeros((groups, channels // groups, input.shape[1] // groups * prod(kernel)), g.dtype)
    rows = g.reshape(n, groups, channels // groups, positions)
    wide = padded(xp, input, *padding)
    block = max(1, _BLOCK_BYTES // max(made[0, 0].nbytes * groups * positions, 1))
    for i in range(0, n, block):
        columns = _columns(xp, wide[i : i + block], kernel, stride, dilation, groups)
        made += xp.matmul(rows[i : i + block], columns.swapaxes(2, 3)).sum(0)
    return made.reshape(channels, input.shape[1] // groups, *kernel)

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

from dtrain.errors import DtypeError, OpError, OpTypeError, OpValueError, ShapeError
from dtrain.nn.functional.kinds import FUNCTION, widened
from dtrain.nn.functional.spatial import (
    check_positive,
    folded,
    padded,
    per_dim,
    window_count,
    windows,
)
from dtrain.tensor.op import op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, F, Xp

__all__ = [
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "convolution",
]  # fmt: skip

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


@op(FUNCTION, name="convolution_nd", node="ConvolutionBackward0",
    joint=(("input", "weight", "bias"), _conv_grads))  # fmt: skip
@widened
def _convolution(
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
        (N, O, *out), where out = (size + before + after - dilation * (kernel - 1) - 1) // stride + 1.
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


# ---- torch's spellings ----
def _checked(where: str, input: Tensor, weight: Tensor, bias: Tensor | None, dims: int) -> bool:
    """Check what torch checks of the operands; return True for an input without a batch."""
    for name, value in (("input", input), ("weight", weight)):
        if not isinstance(value, Tensor):
            raise OpTypeError(
                f"{where}() received an invalid combination of arguments: argument '{name}' must be "
                f"Tensor, not {type(value).__name__}"
            )
    if weight.ndim != dims + 2 or input.ndim not in (dims + 1, dims + 2):
        raise ShapeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {where}, but got "
            f"input of size: {list(input.shape)} and weight of size {list(weight.shape)}"
        )
    if input._a.dtype != weight._a.dtype:
        raise DtypeError(
            f"{where}: Input type ({input.dtype}) and weight type ({weight.dtype}) should be the same"
        )
    if bias is not None and bias._a.dtype != weight._a.dtype:
        raise DtypeError(
            f"{where}: Input type ({input.dtype}) and bias type ({bias.dtype}) should be the same"
        )
    return input.ndim == dims + 1


def _border(
    where: str, padding: Any, kernel: Sizes, stride: Sizes, dilation: Sizes
) -> tuple[Sizes, Sizes]:
    """Return the border before and after, from numbers or the words "same" and "valid"."""
    dims = len(kernel)
    if isinstance(padding, str):
        if padding == "valid":
            return (0,) * dims, (0,) * dims
        if padding != "same":
            raise OpError(f"Invalid padding string: '{padding}'; {where} knows 'valid' and 'same'")
        if max(stride) > 1:
            raise OpError("padding='same' is not supported for strided convolutions")
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return tuple([t // 2 for t in total]), tuple([t - t // 2 for t in total])
    width = per_dim(where, "padding", padding, dims)
    if min(width) < 0:
        raise OpError(f"negative padding is not supported, but got padding={list(width)}")
    return width, width


def _check_channels(
    where: str, shape: Sizes, weight: Tensor, bias: Tensor | None, groups: int, transposed: bool
) -> None:
    ours = weight._a.shape
    if groups < 1:
        raise OpError(f"non-positive groups is not supported, but got groups={groups}")
    if ours[0] % groups or ours[0] < groups:
        raise ShapeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but "
            f"got weight of size {list(ours)} instead"
        )
    takes = ours[0] if transposed else ours[1] * groups
    if shape[1] != takes:
        raise ShapeError(
            f"Given groups={groups}, weight of size {list(ours)}, expected input{list(shape)} to have "
            f"{takes} channels, but got {shape[1]} channels instead"
        )
    gives = ours[1] * groups if transposed else ours[0]
    if bias is not None and bias._a.shape != (gives,):
        raise ShapeError(
            f"{where}: Given weight of size {list(ours)}, expected bias to be 1-dimensional with "
            f"{gives} elements, but got bias of size {list(bias.shape)} instead"
        )


def _conv(
    where: str, dims: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any,
    padding: Any, dilation: Any, groups: int,
) -> Any:  # fmt: skip
    alone = _checked(where, input, weight, bias, dims)
    stride = per_dim(where, "stride", stride, dims)
    dilation = per_dim(where, "dilation", dilation, dims)
    check_positive(where, stride=stride, dilation=dilation)
    kernel = weight._a.shape[2:]
    border = _border(where, padding, kernel, stride, dilation)
    if alone:
        input = input.unsqueeze(0)
    shape = input._a.shape
    _check_channels(where, shape, weight, bias, groups, transposed=False)
    for n, k, b, a, d in zip(shape[2:], kernel, *border, dilation, strict=True):
        if n + b + a < d * (k - 1) + 1 or k == 0:
            wide = [m + x + y for m, x, y in zip(shape[2:], *border, strict=True)]
            raise ShapeError(
                f"{where}: Calculated padded input size per channel: ({' x '.join(map(str, wide))}). "
                f"Kernel size: ({' x '.join(map(str, kernel))}). Kernel size can't be greater than "
                "actual input size"
            )
    made = _convolution(input, weight, bias, stride, border, dilation, groups)
    return made.squeeze(0) if alone else made


def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolve (N, C, L) or (C, L) with (O, C / groups, kernel); see conv2d."""
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolve (N, C, H, W) or (C, H, W) with (O, C / groups, *kernel).

    Args:
        input: The images.
        weight: The kernels.
        bias: (O,), added to each channel.
        stride: Step of the window: one int, or one for each dimension.
        padding: Border of zeros on both sides, or "same" or "valid".
        dilation: Step within the window.
        groups: Channels are divided into so many separate convolutions.

    Returns:
        (N, O, H_out, W_out), or without N.

    Raises:
        ShapeError: Sizes do not fit.
        DtypeError: Types differ.
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolve (N, C, D, H, W) or (C, D, H, W) with (O, C / groups, *kernel); see conv2d."""
    return _conv("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def _conv_transpose(
    where: str, dims: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any,
    padding: Any, output_padding: Any, groups: int, dilation: Any,
) -> Any:  # fmt: skip
    alone = _checked(where, input, weight, bias, dims)
    stride = per_dim(where, "stride", stride, dims)
    dilation = per_dim(where, "dilation", dilation, dims)
    extra = per_dim(where, "output_padding", output_padding, dims)
    check_positive(where, stride=stride, dilation=dilation)
    border = _border(where, padding, weight._a.shape[2:], stride, dilation)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise OpError(
            f"{where}: output padding must be smaller than either stride or dilation, but got "
            f"output_padding={list(extra)}, stride={list(stride)}, dilation={list(dilation)}"
        )
    if alone:
        input = input.unsqueeze(0)
    shape = input._a.shape
    _check_channels(where, shape, weight, bias, groups, transposed=True)
    size = tuple(
        [
            (n - 1) * s - 2 * p + d * (k - 1) + e + 1
            for n, s, p, d, k, e in zip(
                shape[2:], stride, border[0], dilation, weight._a.shape[2:], extra, strict=True
            )
        ]
    )
    if min(size) < 1:
        raise OpValueError(f"{where}: the output would have spatial size {list(size)}")
    made = convolution_input_grad(input, weight, size, stride, border, dilation, groups)
    if bias is not None:
        made = made + bias.reshape(-1, *(1,) * dims)
    return made.squeeze(0) if alone else made


def conv_transpose1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """Convolve (N, C, L) with the transpose of (C, O / groups, kernel); see conv_transpose2d."""
    how = (stride, padding, output_padding, groups, dilation)
    return _conv_transpose("conv_transpose1d", 1, input, weight, bias, *how)


def conv_transpose2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """Convolve (N, C, H, W) with the transpose of (C, O / groups, *kernel).

    Args:
        input: The images.
        weight: The kernels.
        bias: (O,), added to each channel.
        stride: Step of the window in the output.
        padding: What is cut off on both sides.
        output_padding: What is added to the output at the end of each dimension.
        groups: Channels are divided into so many separate convolutions.
        dilation: Step within the window.
    """
    how = (stride, padding, output_padding, groups, dilation)
    return _conv_transpose("conv_transpose2d", 2, input, weight, bias, *how)


def conv_transpose3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """Convolve (N, C, D, H, W) with the transpose of (C, O / groups, *kernel)."""
    how = (stride, padding, output_padding, groups, dilation)
    return _conv_transpose("conv_transpose3d", 3, input, weight, bias, *how)


def convolution(
    input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any,
    transposed: bool, output_padding: Any, groups: int,
) -> Tensor:  # fmt: skip
    """Convolve over as many dimensions as the weight has, as torch.convolution."""
    dims = weight.ndim - 2
    if transposed:
        how = (stride, padding, output_padding, groups, dilation)
        return _conv_transpose("convolution", dims, input, weight, bias, *how)
    return _conv("convolution", dims, input, weight, bias, stride, padding, dilation, groups)

"""Rearrangements between space, channels and columns."""

from __future__ import annotations

from math import prod
from typing import Any

from dtrain.errors import OpError, ShapeError
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
from dtrain.typing import Array, Xp

__all__ = [
    "channel_shuffle", "fold", "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle",
    "unfold",
]  # fmt: skip

Sizes = tuple[int, ...]


@op(
    FUNCTION, name="im2col", node="Im2ColBackward0",
    input=lambda F, g, input_shape, kernel, dilation, padding, stride: F.col2im(
        g, tuple(input_shape[2:]), kernel, dilation, padding, stride
    ),
)  # fmt: skip
def _im2col(
    xp: Xp, input: Array, kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes
) -> Array:
    """Return the windows of (N, C, H, W) as columns: (N, C * prod(kernel), L)."""
    n, channels = input.shape[:2]
    seen = windows(padded(xp, input, padding, padding), kernel, stride, dilation)
    columns = seen.reshape(n, channels * prod(kernel), prod(seen.shape[4:]))
    return columns if columns.base is None else columns.copy()


@op(
    FUNCTION, name="col2im", node="Col2ImBackward0",
    input=lambda F, g, kernel, dilation, padding, stride: F.im2col(
        g, kernel, dilation, padding, stride
    ),
)  # fmt: skip
@widened
def _col2im(
    xp: Xp, input: Array, size: Sizes, kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes
) -> Array:
    """Add the columns up where they came from: (N, C, *size)."""
    count = [
        window_count(n, k, s, 2 * p, d)
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    ]
    columns = input.reshape(input.shape[0], input.shape[1] // prod(kernel), *kernel, *count)
    made = folded(xp, columns, size, stride, (padding, padding), dilation)
    return made if made.base is None else made.copy()


def _geometry(
    where: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> tuple[Sizes, Sizes, Sizes, Sizes]:
    kernel = per_dim(where, "kernel_size", kernel_size, 2)
    dilation = per_dim(where, "dilation", dilation, 2)
    padding = per_dim(where, "padding", padding, 2)
    stride = per_dim(where, "stride", stride, 2)
    check_positive(where, kernel_size=kernel, dilation=dilation, stride=stride)
    if min(padding) < 0:
        raise OpError(f"{where}: padding should be non-negative, but got {list(padding)}")
    return kernel, dilation, padding, stride


def unfold(
    input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    """Return the windows of (N, C, H, W) as columns (N, C * prod(kernel), L).

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size: Size of the window, as all that follow one number or two.
        dilation: Step within the window.
        padding: Border of zeros on both sides.
        stride: Step of the window.

    Raises:
        ShapeError: There is no window.
    """
    how = _geometry("unfold", kernel_size, dilation, padding, stride)
    kernel, dilation, padding, stride = how
    shape = input._a.shape
    if len(shape) not in (3, 4) or 0 in shape[1:]:
        raise ShapeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(shape)}"
        )
    count = [
        window_count(n, k, s, 2 * p, d)
        for n, k, s, p, d in zip(shape[-2:], kernel, stride, padding, dilation, strict=True)
    ]
    if min(count) < 1:
        raise ShapeError(
            f"Given input with spatial size {list(shape[-2:])}, kernel_size={kernel}, "
            f"dilation={dilation}, padding={padding}, calculated shape of the array of sliding "
            f"blocks as {count}, but its components must be at least one."
        )
    made = _im2col(input if len(shape) == 4 else input.unsqueeze(0), *how)
    return made if len(shape) == 4 else made.squeeze(0)


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
    stride: Any = 1,
) -> Any:  # fmt: skip
    """Add columns (N, C * prod(kernel), L) up to (N, C, *output_size); arguments as unfold."""
    how = _geometry("fold", kernel_size, dilation, padding, stride)
    kernel, dilation, padding, stride = how
    size = per_dim("fold", "output_size", output_size, 2)
    shape = input._a.shape
    if len(shape) not in (2, 3) or 0 in shape[1:]:
        raise ShapeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(shape)}"
        )
    count = [
        window_count(n, k, s, 2 * p, d)
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    ]
    if shape[-2] % prod(kernel):
        raise ShapeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={shape[-2]} and kernel_size={kernel}."
        )
    if min(count) < 1 or prod(count) != shape[-1]:
        raise ShapeError(
            f"Given output_size={size}, kernel_size={kernel}, dilation={dilation}, "
            f"padding={padding}, stride={stride}, expected size of input's dimension 2 to match "
            f"the calculated number of sliding blocks {' * '.join(map(str, count))} = "
            f"{prod(count)}, but got input.size(2)={shape[-1]}."
        )
    made = _col2im(input if len(shape) == 3 else input.unsqueeze(0), size, *how)
    return made if len(shape) == 3 else made.squeeze(0)


def _check_factor(where: str, input: Tensor, factor: int) -> None:
    if input._a.ndim < 3:
        raise ShapeError(
            f"{where} expects input to have at least 3 dimensions, but got input with "
            f"{input._a.ndim} dimension(s)"
        )
    if factor <= 0:
        raise OpError(
            f"{where} expects a positive upscale_factor/downscale_factor, but got {factor}"
        )


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Any:
    """Move channels into space: (*, C * r^2, H, W) to (*, C, H * r, W * r)."""
    r = upscale_factor
    _check_factor("pixel_shuffle", input, r)
    if r == 1:
        return input.clone()
    *lead, channels, h, w = input._a.shape
    if channels % (r * r):
        raise ShapeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    n = len(lead)
    made = input.reshape(*lead, channels // (r * r), r, r, h, w)
    made = made.permute(*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return made.reshape(*lead, channels // (r * r), h * r, w * r)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Any:
    """Move space into channels: (*, C, H * r, W * r) to (*, C * r^2, H, W)."""
    r = downscale_factor
    _check_factor("pixel_unshuffle", input, r)
    if r == 1:
        return input.clone()
    *lead, channels, h, w = input._a.shape
    if h % r or w % r:
        raise ShapeError(
            f"pixel_unshuffle expects height and width to be divisible by downscale_factor, but "
            f"input of size {list(input.shape)} is not divisible by {r}"
        )
    n = len(lead)
    made = input.reshape(*lead, channels, h // r, r, w // r, r)
    made = made.permute(*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return made.reshape(*lead, channels * r * r, h // r, w // r)


def channel_shuffle(input: Tensor, groups: int) -> Any:
    """Deal the channels of (N, C, *size) out from `groups` groups in turn."""
    shape = input._a.shape
    if len(shape) < 3:
        raise ShapeError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}"
        )
    if groups <= 0:
        raise OpError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    if shape[1] % groups:
        raise ShapeError(
            f"Number of channels must be divisible by groups. Got {shape[1]} channels and {groups} "
            "groups."
        )
    made = input.reshape(shape[0], groups, shape[1] // groups, *shape[2:])
    return made.transpose(1, 2).reshape(shape)


native_channel_shuffle = channel_shuffle

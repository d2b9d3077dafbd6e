"""Pooling in torch's spellings, over (N, C, *size) or (C, *size)."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpError, ShapeError
from dtrain.nn.functional.spatial import per_dim
from dtrain.nn.functional.window import (
    avg_pool,
    max_pool,
    max_pool_indices,
    pool_gather,
    position_counts,
)
from dtrain.tensor.tensor import Tensor

__all__ = [
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool1d_with_indices", "max_pool2d",
    "max_pool2d_with_indices", "max_pool3d", "max_pool3d_with_indices",
]  # fmt: skip

Sizes = tuple[int, ...]


def _geometry(
    where: str, dims: int, input: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any
) -> tuple[Sizes, Sizes, Sizes, Sizes]:
    """Return kernel, stride, padding and dilation by dimension, checked as torch checks them."""
    kernel = per_dim(where, "kernel_size", kernel, dims)
    stride = kernel if stride in (None, [], ()) else per_dim(where, "stride", stride, dims)
    padding = per_dim(where, "padding", padding, dims)
    dilation = per_dim(where, "dilation", dilation, dims)
    shape = input._a.shape
    if len(shape) not in (dims + 1, dims + 2) or 0 in shape[-dims - 1 :]:
        raise ShapeError(
            f"{where}(): Expected {dims + 1}D or {dims + 2}D (batch mode) tensor with optional 0 "
            f"dim batch size for input, but got: {list(shape)}"
        )
    if min(kernel) < 1 or min(stride) < 1 or min(dilation) < 1:
        raise OpError(
            f"{where}(): kernel size, stride and dilation should be greater than zero, but got "
            f"kernel_size={list(kernel)}, stride={list(stride)}, dilation={list(dilation)} (stride "
            "should not be zero)"
        )
    for p, k, d in zip(padding, kernel, dilation, strict=True):
        if p < 0:
            raise OpError(f"{where}(): pad must be non-negative, but got pad: {p}")
        if p > (d * (k - 1) + 1) // 2:
            raise OpError(
                f"{where}(): pad should be at most half of effective kernel size, but got pad={p}, "
                f"kernel_size={k} and dilation={d}"
            )
    return kernel, stride, padding, dilation


def _check_output(where: str, size: Sizes, counts: Sizes) -> None:
    if min(counts) < 1:
        raise ShapeError(
            f"{where}(): Given input size: {list(size)}. Calculated output size: {list(counts)}. "
            "Output size is too small"
        )


def _max(
    where: str, dims: int, input: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool, return_indices: bool,
) -> Any:  # fmt: skip
    how = (*_geometry(where, dims, input, kernel, stride, padding, dilation), ceil_mode)
    size = input._a.shape[-dims:]
    _check_output(where, size, position_counts(size, *how))
    if not return_indices:
        return max_pool(input, *how)
    indices = max_pool_indices(input, *how)
    return pool_gather(input, indices, dims), indices


def _avg(
    where: str, dims: int, input: Tensor, kernel: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor_override: int | None, out: Tensor | None = None,
) -> Any:  # fmt: skip
    kernel, stride, padding, one = _geometry(where, dims, input, kernel, stride, padding, 1)
    if divisor_override == 0:
        raise OpError(f"{where}(): divisor must be not zero")
    size = input._a.shape[-dims:]
    _check_output(where, size, position_counts(size, kernel, stride, padding, one, ceil_mode))
    how = (kernel, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return avg_pool(input, *how, out=out)


def max_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return the maxima of windows over (N, C, L) or (C, L); see max_pool2d."""
    how = (kernel_size, stride, padding, dilation, ceil_mode, return_indices)
    return _max("max_pool1d", 1, input, *how)


def max_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return the maxima of windows over (N, C, H, W) or (C, H, W).

    Args:
        input: The images.
        kernel_size: Size of the window: one int, or one for each dimension.
        stride: Step of the window; None for `kernel_size`.
        padding: Border of -inf on both sides, at most half the window.
        dilation: Step within the window.
        ceil_mode: Also take the window that reaches over the end.
        return_indices: Also return where the maxima lie, as flat positions in the plane.
    """
    how = (kernel_size, stride, padding, dilation, ceil_mode, return_indices)
    return _max("max_pool2d", 2, input, *how)


def max_pool3d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return the maxima of windows over (N, C, D, H, W) or (C, D, H, W); see max_pool2d."""
    how = (kernel_size, stride, padding, dilation, ceil_mode, return_indices)
    return _max("max_pool3d", 3, input, *how)


def avg_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:  # fmt: skip
    """Return the means of windows over (N, C, L) or (C, L); see avg_pool2d."""
    how = (kernel_size, stride, padding, ceil_mode, count_include_pad, None)
    return _avg("avg_pool1d", 1, input, *how)


def avg_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None, *,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Return the means of windows over (N, C, H, W) or (C, H, W).

    Args:
        input: The images.
        kernel_size: Size of the window: one int, or one for each dimension.
        stride: Step of the window; None for `kernel_size`.
        padding: Border of zeros on both sides, at most half the window.
        ceil_mode: Also take the window that reaches over the end.
        count_include_pad: Count the border's zeros in the mean.
        divisor_override: Divide each sum by this number.
        out: Where the result is written.
    """
    how = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _avg("avg_pool2d", 2, input, *how, out)


def avg_pool3d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None, *,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Return the means of windows over (N, C, D, H, W) or (C, D, H, W); see avg_pool2d."""
    how = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _avg("avg_pool3d", 3, input, *how, out)


def max_pool1d_with_indices(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return the maxima of windows and where they lie; see max_pool2d."""
    return max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return the maxima of windows and where they lie; see max_pool2d."""
    return max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return the maxima of windows and where they lie; see max_pool2d."""
    return max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)

"""Pooling. Shape letters: N batch, C channels, D depth, H height, W width, L length."""

from __future__ import annotations

from typing import Any

from dtrain.nn import functional as F
from dtrain.nn.module import Module
from dtrain.tensor.tensor import Tensor

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
]


class _MaxPoolNd(Module):
    """What max pooling of all dimensions shares."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )

    def _options(self) -> dict[str, Any]:
        return {
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": self.padding,
            "dilation": self.dilation,
            "ceil_mode": self.ceil_mode,
            "return_indices": self.return_indices,
        }


class MaxPool1d(_MaxPoolNd):
    """Return the greatest element of each window of (N, C, L); see MaxPool2d."""

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with their indices if `return_indices`."""
        return F.max_pool1d(input, **self._options())


class MaxPool2d(_MaxPoolNd):
    """Return the greatest element of each window of (N, C, H, W).

    Args:
        kernel_size: Height and width of the window, or one number for both.
        stride: Its step; `kernel_size` by default.
        padding: Width of the border, which never wins.
        dilation: Distance of the elements in the window.
        return_indices: Return where the maxima stand as well.
        ceil_mode: Let a window that is cut off at the end count.
    """

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with their indices if `return_indices`."""
        return F.max_pool2d(input, **self._options())


class MaxPool3d(_MaxPoolNd):
    """Return the greatest element of each window of (N, C, D, H, W); see MaxPool2d."""

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with their indices if `return_indices`."""
        return F.max_pool3d(input, **self._options())


class _AvgPoolNd(Module):
    """What mean pooling of all dimensions shares."""

    kernel_size: Any
    stride: Any
    padding: Any

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPoolNd):
    """Return the mean of each window of (N, C, L); see AvgPool2d."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = _single(kernel_size)
        self.stride = _single(kernel_size if stride is None else stride)
        self.padding = _single(padding)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad,
        )  # fmt: skip


def _single(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


class _AvgPoolWide(_AvgPoolNd):
    """Mean pooling of more than one dimension."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def _options(self) -> tuple[Any, ...]:
        return (
            self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip


class AvgPool2d(_AvgPoolWide):
    """Return the mean of each window of (N, C, H, W).

    Args:
        kernel_size: Height and width of the window, or one number for both.
        stride: Its step; `kernel_size` by default.
        padding: Width of the border of zeros.
        ceil_mode: Let a window that is cut off at the end count.
        count_include_pad: Count the zeros of the border in the mean.
        divisor_override: Divide by this instead of the number of elements.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.avg_pool2d(input, *self._options())


class AvgPool3d(_AvgPoolWide):
    """Return the mean of each window of (N, C, D, H, W); see AvgPool2d."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.avg_pool3d(input, *self._options())


class _AdaptiveAvgPoolNd(Module):
    """What mean pooling to a given size shares."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """Return means of windows that make (N, C, output_size) of (N, C, L)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """Return means of windows that make (N, C, *output_size) of (N, C, H, W).

    Args:
        output_size: Height and width of the result, or one number for both; None keeps a size.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """Return means of windows that make (N, C, *output_size) of (N, C, D, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.adaptive_avg_pool3d(input, self.output_size)


class _AdaptiveMaxPoolNd(Module):
    """What max pooling to a given size shares."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """Return maxima of windows that make (N, C, output_size) of (N, C, L)."""

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with their indices if `return_indices`."""
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """Return maxima of windows that make (N, C, *output_size) of (N, C, H, W)."""

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with their indices if `return_indices`."""
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """Return maxima of windows that make (N, C, *output_size) of (N, C, D, H, W)."""

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with their indices if `return_indices`."""
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)

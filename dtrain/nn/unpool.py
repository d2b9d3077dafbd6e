"""Pooling by random windows and by p-norms, and the way back from maxima.

Shape letters: N batch, C channels, D depth, H height, W width, L length.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain.errors import OpValueError
from dtrain.nn import functional as F
from dtrain.nn.conv import tuple_of
from dtrain.nn.module import Module
from dtrain.tensor.tensor import Tensor

__all__ = [
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class _MaxUnpool(Module):
    """What the ways back from maxima share."""

    dims: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = tuple_of(kernel_size, self.dims)
        self.stride = tuple_of(kernel_size if stride is None else stride, self.dims)
        self.padding = tuple_of(padding, self.dims)

    def forward(
        self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None
    ) -> Any:
        """Put the maxima back in their places, zeros elsewhere.

        Args:
            input: The maxima.
            indices: Where they stood, as the pooling returned it.
            output_size: The size of the result, where several are possible.
        """
        run = (F.max_unpool1d, F.max_unpool2d, F.max_unpool3d)[self.dims - 1]
        return run(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """The way back from MaxPool1d; see MaxUnpool2d."""

    dims = 1


class MaxUnpool2d(_MaxUnpool):
    """The way back from MaxPool2d.

    Args:
        kernel_size: As given to the pooling, like the next two.
        stride: `kernel_size` by default.
        padding: Width of the border.
    """

    dims = 2


class MaxUnpool3d(_MaxUnpool):
    """The way back from MaxPool3d; see MaxUnpool2d."""

    dims = 3


class _LPPool(Module):
    """What p-norm poolings share."""

    dims: int

    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type, self.kernel_size = norm_type, kernel_size
        self.stride, self.ceil_mode = stride, ceil_mode

    def forward(self, input: Tensor) -> Any:
        """Return the norms."""
        run = (F.lp_pool1d, F.lp_pool2d, F.lp_pool3d)[self.dims - 1]
        how = (float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)
        return run(input, *how)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """Return the p-norm of each window of (N, C, L); see LPPool2d."""

    dims = 1


class LPPool2d(_LPPool):
    """Return the p-norm of each window of (N, C, H, W).

    Args:
        norm_type: p.
        kernel_size: Height and width of the window, or one number for both.
        stride: Its step; `kernel_size` by default.
        ceil_mode: Let a window that is cut off at the end count.
    """

    dims = 2


class LPPool3d(_LPPool):
    """Return the p-norm of each window of (N, C, D, H, W); see LPPool2d."""

    dims = 3


class _FractionalMaxPool(Module):
    """What poolings by windows with random steps share."""

    dims: int

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if (isinstance(kernel_size, int) and kernel_size <= 0) or (
            isinstance(kernel_size, (tuple, list)) and not all(k > 0 for k in kernel_size)
        ):
            raise OpValueError(f"kernel_size must be greater than 0, but got {kernel_size}")
        if output_size is None and output_ratio is None:
            raise OpValueError(
                f"{name} requires specifying either an output size, or a pooling ratio"
            )
        if output_size is not None and output_ratio is not None:
            raise OpValueError("only one of output_size and output_ratio may be specified")
        self.kernel_size = tuple_of(kernel_size, self.dims)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else tuple_of(output_size, self.dims)
        self.output_ratio = None if output_ratio is None else tuple_of(output_ratio, self.dims)
        if self.output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio):
            raise OpValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with their indices if `return_indices`."""
        run = (F.fractional_max_pool2d, F.fractional_max_pool3d)[self.dims - 2]
        how = (self.kernel_size, self.output_size, self.output_ratio, self.return_indices)
        return run(input, *how, _random_samples=self._random_samples)


class FractionalMaxPool2d(_FractionalMaxPool):
    """Return the greatest elements of windows of (N, C, H, W) at random steps (Graham, 2014).

    Args:
        kernel_size: Height and width of the window, or one number for both.
        output_size: How many windows there are by dimension.
        output_ratio: The same as a share of the input's size, in (0, 1).
        return_indices: Return where the maxima stand as well.
    """

    dims = 2


class FractionalMaxPool3d(_FractionalMaxPool):
    """Return the greatest elements of windows of (N, C, D, H, W); see FractionalMaxPool2d."""

    dims = 3

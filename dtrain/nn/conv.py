"""Convolutions. Shape letters: N batch, C channels, D depth, H height, W width, L length."""

from __future__ import annotations

import math
from typing import Any

from dtrain.errors import OpValueError
from dtrain.nn import functional as F
from dtrain.nn import init
from dtrain.nn.module import Module
from dtrain.nn.parameter import Parameter
from dtrain.tensor.create import empty
from dtrain.tensor.tensor import Tensor

__all__ = ["Conv1d", "Conv2d", "Conv3d"]

Sizes = tuple[int, ...]
_PADDINGS = ("same", "valid")
_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def tuple_of(value: Any, count: int) -> Any:
    """Return one number for each dimension; what is no number is taken as it is."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * count


class _ConvNd(Module):
    """What convolutions of all dimensions share: the parameters and their first values."""

    dims: int
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        transposed: bool,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if not isinstance(padding, str):
            padding = tuple_of(padding, self.dims)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = tuple_of(kernel_size, self.dims)
        self.stride = tuple_of(stride, self.dims)
        self.padding = padding
        self.dilation = tuple_of(dilation, self.dims)
        self.transposed = transposed
        self.output_padding = tuple_of(output_padding, self.dims)
        self.groups, self.padding_mode = groups, padding_mode
        self._check_arguments()
        channels = (out_channels, in_channels // groups)
        if transposed:
            channels = (in_channels, out_channels // groups)
        size = (*channels, *self.kernel_size)
        self.weight = Parameter(empty(size, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _check_arguments(self) -> None:
        """Raise where the arguments contradict one another."""
        if self.groups <= 0:
            raise OpValueError("groups must be a positive integer")
        for name, channels in (("in", self.in_channels), ("out", self.out_channels)):
            if channels % self.groups:
                raise OpValueError(f"{name}_channels must be divisible by groups")
        if isinstance(self.padding, str):
            if self.padding not in _PADDINGS:
                raise OpValueError(
                    f"Invalid padding string {self.padding!r}, should be one of {set(_PADDINGS)}"
                )
            if self.padding == "same" and any(s != 1 for s in self.stride):
                raise OpValueError("padding='same' is not supported for strided convolutions")
        if self.padding_mode not in _PADDING_MODES:
            raise OpValueError(
                f"padding_mode must be one of {set(_PADDING_MODES)}, but got "
                f"padding_mode='{self.padding_mode}'"
            )

    def reset_parameters(self) -> None:
        """Draw weight and bias from U(-1/sqrt(fan_in), 1/sqrt(fan_in))."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            bound = 1 / math.sqrt(fan_in) if fan_in else 0
            init.uniform_(self.bias, -bound, bound)

    @property
    def _reversed_padding_repeated_twice(self) -> list[int]:
        """The border as F.pad takes it: (before, after) from the last dimension to the first."""
        border: list[int] = []
        for i in reversed(range(self.dims)):
            if self.padding == "valid":
                border += (0, 0)
            elif self.padding == "same":
                total = self.dilation[i] * (self.kernel_size[i] - 1)
                border += (total // 2, total - total // 2)
            else:
                border += (self.padding[i], self.padding[i])
        return border

    def extra_repr(self) -> str:
        """Return the arguments that differ from their defaults."""
        parts = [
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}",
            f"stride={self.stride}",
        ]
        for name, default in (("padding", 0), ("dilation", 1), ("output_padding", 0)):
            value = getattr(self, name)
            if value != (default,) * len(value):
                parts.append(f"{name}={value}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class _Conv(_ConvNd):
    """A convolution with the arguments that users give."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, False, 0, groups,
            bias, padding_mode, device, dtype,
        )  # fmt: skip

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        convolve = (F.conv1d, F.conv2d, F.conv3d)[self.dims - 1]
        padding = self.padding
        if self.padding_mode != "zeros":
            border = self._reversed_padding_repeated_twice
            input, padding = F.pad(input, border, mode=self.padding_mode), 0
        return convolve(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolved input, (N, out_channels, ...)."""
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Conv):
    """Convolve (N, C, L) or (C, L); see Conv2d."""

    dims = 1


class Conv2d(_Conv):
    """Convolve (N, C, H, W) or (C, H, W) with weights (out_channels, C / groups, *kernel_size).

    Args:
        in_channels: C.
        out_channels: Channels of the result.
        kernel_size: Height and width of the window, or one number for both.
        stride: Its step.
        padding: Width of the border; "same" keeps the size, "valid" is 0.
        dilation: Distance of the elements in the window.
        groups: Parts of the channels that do not see one another.
        bias: Add a bias.
        padding_mode: What the border holds: "zeros", "reflect", "replicate" or "circular".
        device: Where the parameters lie.
        dtype: Their type.
    """

    dims = 2


class Conv3d(_Conv):
    """Convolve (N, C, D, H, W) or (C, D, H, W); see Conv2d."""

    dims = 3

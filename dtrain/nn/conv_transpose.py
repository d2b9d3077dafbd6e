"""Transposed convolutions: the gradients of convolutions, as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain.errors import OpValueError
from dtrain.nn import functional as F
from dtrain.nn.conv import _ConvNd, tuple_of
from dtrain.tensor.tensor import Tensor

__all__ = ["ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


class _ConvTranspose(_ConvNd):
    """A transposed convolution with the arguments that users give."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise OpValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels, out_channels, kernel_size, stride, tuple_of(padding, self.dims), dilation,
            True, output_padding, groups, bias, padding_mode, device, dtype,
        )  # fmt: skip

    def _output_padding(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        """Return what to add at the end of each dimension to reach a size.

        Raises:
            OpValueError: No output padding below the stride leads to that size.
        """
        wanted = tuple(output_size)
        if len(wanted) == input.ndim:
            wanted = wanted[-self.dims :]
        if len(wanted) != self.dims:
            raise OpValueError(
                f"{type(self).__name__}: for {input.ndim}D input, output_size must have "
                f"{self.dims} or {input.ndim} elements (got {len(output_size)})"
            )
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.shape[-self.dims :], self.stride, self.padding, self.dilation,
                self.kernel_size, strict=True,
            )
        ]  # fmt: skip
        most = [n + s - 1 for n, s in zip(least, self.stride, strict=True)]
        if any(not a <= n <= b for a, n, b in zip(least, wanted, most, strict=True)):
            raise OpValueError(
                f"requested an output size of {wanted}, but valid sizes range from {least} to "
                f"{most} (for an input of {list(input.shape[2:])})"
            )
        return tuple([n - a for n, a in zip(wanted, least, strict=True)])

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Return the result, of the spatial size `output_size` where it is given."""
        convolve = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[self.dims - 1]
        added = self.output_padding
        if output_size is not None:
            added = self._output_padding(input, output_size)
        return convolve(
            input, self.weight, self.bias, self.stride, self.padding, added, self.groups,
            self.dilation,
        )  # fmt: skip


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution of (N, C, L) or (C, L)."""

    dims = 1


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution of (N, C, H, W) or (C, H, W)."""

    dims = 2


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution of (N, C, D, H, W) or (C, D, H, W)."""

    dims = 3

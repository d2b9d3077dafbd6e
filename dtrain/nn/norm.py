"""Normalization by statistics of one sample."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpValueError
from dtrain.nn import functional as F
from dtrain.nn import init
from dtrain.nn.module import Module
from dtrain.nn.parameter import Parameter
from dtrain.tensor.create import empty
from dtrain.tensor.tensor import Tensor

__all__ = ["GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class _Affine(Module):
    """A layer that may have a scale and a shift."""

    def _make(self, size: Any, scale: bool, shift: bool, device: Any, dtype: Any) -> None:
        for name, wanted in (("weight", scale), ("bias", shift)):
            made = Parameter(empty(size, device=device, dtype=dtype)) if wanted else None
            self.register_parameter(name, made)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set scales to one and shifts to zero."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


def _shape(size: Any) -> tuple[int, ...]:
    return (int(size),) if hasattr(size, "__index__") else tuple(size)


class LayerNorm(_Affine):
    """Normalize the last dimensions by their mean and variance (Ba et al., 2016).

    Args:
        normalized_shape: Sizes of the dimensions, or one number for the last.
        eps: Added to the variance.
        elementwise_affine: Scale each element.
        bias: Shift each element as well.
        device: Where the parameters lie.
        dtype: Their type.
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        shift = elementwise_affine and bias
        self._make(self.normalized_shape, elementwise_affine, shift, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class GroupNorm(_Affine):
    """Normalize groups of channels of (N, C, ...) by their mean and variance (Wu and He, 2018).

    Args:
        num_groups: Number of groups.
        num_channels: C.
        eps: Added to the variance.
        affine: Scale each channel.
        device: Where the parameters lie.
        dtype: Their type.
        bias: Shift each channel as well.

    Raises:
        OpValueError: The channels cannot be divided into the groups.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise OpValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps, self.affine = eps, affine
        self._make(num_channels, affine, affine and bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """Divide the last dimensions by their root mean square (Zhang and Sennrich, 2019).

    Args:
        normalized_shape: Sizes of the dimensions, or one number for the last.
        eps: Added to the mean square; the type's resolution by default.
        elementwise_affine: Scale each element.
        device: Where the parameter lies.
        dtype: Its type.
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        made = empty(self.normalized_shape, device=device, dtype=dtype)
        self.register_parameter("weight", Parameter(made) if elementwise_affine else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set scales to one."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class LocalResponseNorm(Module):
    """Divide each element by the mean square of `size` neighbouring channels."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"

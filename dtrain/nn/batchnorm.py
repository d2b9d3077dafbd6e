"""Normalization by statistics of a batch. Shape letters: N batch, C channels, L and so on space."""

from __future__ import annotations

import warnings
from typing import Any

from dtrain.errors import OpValueError
from dtrain.nn import functional as F
from dtrain.nn import init
from dtrain.nn.module import Module
from dtrain.nn.parameter import Parameter
from dtrain.tensor import dtype as dt
from dtrain.tensor.create import empty, ones, zeros
from dtrain.tensor.tensor import Tensor

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
]


class _NormBase(Module):
    """Scale, shift and running statistics for each channel.

    Args:
        num_features: C.
        eps: Added to the variance.
        momentum: Weight of a new batch in the running statistics; None for their plain mean.
        affine: Scale the result, and shift it if `bias`.
        track_running_stats: Keep running statistics and use them in evaluation mode.
        device: Where parameters and buffers lie.
        dtype: Their type.
        bias: Shift the result.
    """

    _version = 2  # since 2: the buffer num_batches_tracked
    input_dims: tuple[int, ...]
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            made = empty(num_features, device=device, dtype=dtype) if wanted else None
            self.register_parameter(name, None if made is None else Parameter(made))
        if track_running_stats:
            self.register_buffer("running_mean", zeros(num_features, device=device, dtype=dtype))
            self.register_buffer("running_var", ones(num_features, device=device, dtype=dtype))
            self.register_buffer("num_batches_tracked", zeros((), dtype=dt.int64, device=device))
        else:
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                self.register_buffer(name, None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the running statistics."""
        if self.running_mean is not None and self.running_var is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set scales to one and shifts to zero, and forget the running statistics."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim not in self.input_dims:
            expected = " or ".join(f"{n}D" for n in self.input_dims)
            raise OpValueError(f"expected {expected} input (got {input.ndim}D input)")

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        if local_metadata.get("version") in (None, 1) and self.num_batches_tracked is not None:
            state_dict.setdefault(f"{prefix}num_batches_tracked", self.num_batches_tracked)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class _BatchNorm(_NormBase):
    """Batch normalization of any number of dimensions."""

    def forward(self, input: Tensor) -> Tensor:
        """Return (x - mean) / sqrt(variance + eps) for each channel, scaled and shifted."""
        self._check_input_dim(input)
        factor = 0.0 if self.momentum is None else self.momentum
        tracked = self.num_batches_tracked
        if self.training and self.track_running_stats and tracked is not None:
            tracked.add_(1)
            if self.momentum is None:
                factor = 1.0 / float(tracked)
        mean, var = self.running_mean, self.running_var
        by_batch = self.training or (mean is None and var is None)
        if self.training and not self.track_running_stats:
            mean = var = None
        return F.batch_norm(input, mean, var, self.weight, self.bias, by_batch, factor, self.eps)


class BatchNorm1d(_BatchNorm):
    """Normalize (N, C) or (N, C, L) by the mean and variance of each channel."""

    input_dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalize (N, C, H, W) by the mean and variance of each channel (Ioffe and Szegedy, 2015)."""

    input_dims = (4,)


class BatchNorm3d(_BatchNorm):
    """Normalize (N, C, D, H, W) by the mean and variance of each channel."""

    input_dims = (5,)


class _InstanceNorm(_NormBase):
    """Instance normalization of any number of dimensions."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def forward(self, input: Tensor) -> Tensor:
        """Return (x - mean) / sqrt(variance + eps) for each channel of each sample."""
        self._check_input_dim(input)
        alone = input.ndim == self.input_dims[0]
        channels = input.shape[0 if alone else 1]
        if channels != self.num_features:
            where = f"dim={0 if alone else 1}"
            if self.affine:
                raise OpValueError(
                    f"expected input's size at {where} to match num_features "
                    f"({self.num_features}), but got: {channels}."
                )
            warnings.warn(
                f"input's size at {where} does not match num_features. You can silence this "
                "warning by not passing in num_features, which is not used because affine=False",
                stacklevel=2,
            )
        made = F.instance_norm(
            input.unsqueeze(0) if alone else input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return made.squeeze(0) if alone else made

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        # Before version 2 the buffers were there although they were not used.
        if local_metadata.get("version") is None and not self.track_running_stats:
            old = [f"{prefix}{name}" for name in ("running_mean", "running_var")]
            found = [f'"{key}"' for key in old if key in state_dict]
            if found:
                error_msgs.append(
                    f"Unexpected running stats buffer(s) {' and '.join(found)} for "
                    f"{type(self).__name__} with track_running_stats=False."
                )
                for key in old:
                    state_dict.pop(key, None)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )


class InstanceNorm1d(_InstanceNorm):
    """Normalize each channel of each sample of (N, C, L) or (C, L)."""

    input_dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Normalize each channel of each sample of (N, C, H, W) or (C, H, W)."""

    input_dims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Normalize each channel of each sample of (N, C, D, H, W) or (C, D, H, W)."""

    input_dims = (4, 5)

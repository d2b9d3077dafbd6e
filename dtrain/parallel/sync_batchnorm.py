"""SyncBatchNorm: batch normalization by the statistics of the batches of all ranks together."""

from __future__ import annotations

from typing import Any

from dtrain.autograd.function import Function
from dtrain.comm.communicator import Communicator
from dtrain.comm.group import WORLD
from dtrain.errors import OpValueError
from dtrain.nn.batchnorm import _BatchNorm
from dtrain.nn.module import Module
from dtrain.parallel.process_group import Group, find
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.ops.join import cat
from dtrain.tensor.tensor import Tensor

__all__ = ["SyncBatchNorm"]


class _SumOverRanks(Function):
    """The sum of a tensor over the ranks; its gradient is the sum of the ranks' gradients."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, communicator: Communicator) -> Tensor:
        ctx.communicator = communicator
        total = input.clone()
        communicator.allreduce(total._a)
        return total

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        return _SumOverRanks.apply(grad_outputs[0].contiguous(), ctx.communicator), None


class SyncBatchNorm(_BatchNorm):
    """Normalize (N, C, ...) by the mean and variance of each channel over the batches of all ranks.

    Args:
        num_features: C.
        eps: Added to the variance.
        momentum: Weight of a new batch in the running statistics; None for their plain mean.
        affine: Scale and shift the result.
        track_running_stats: Keep running statistics and use them in evaluation mode.
        process_group: The ranks; all of them by default. Alone it is plain batch normalization.
        device: Where parameters and buffers lie.
        dtype: Their type.

    Note:
        It works on the CPU as well, which torch's does not.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Group = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype)
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise OpValueError(f"expected at least 2D input (got {input.ndim}D input)")

    def forward(self, input: Tensor) -> Tensor:
        """Return (x - mean) / sqrt(variance + eps) for each channel, scaled and shifted."""
        communicator = self._communicator()
        by_batch = self.training or self.running_mean is None
        if communicator is None or communicator.size == 1 or not by_batch:
            return super().forward(input)
        self._check_input_dim(input)
        over = [d for d in range(input.ndim) if d != 1]
        channels, shape = input.shape[1], [1, -1] + [1] * (input.ndim - 2)
        count = input.new_full((1,), input.numel() // max(channels, 1))
        sums = _SumOverRanks.apply(cat([input.sum(over), count]), communicator)
        total = sums[-1].detach()
        mean = sums[:-1] / total
        centred = input - mean.reshape(shape)
        var = _SumOverRanks.apply((centred * centred).sum(over), communicator) / total
        if self.training and self.track_running_stats:
            self._track(mean.detach(), var.detach() * (total / (total - 1)))
        made = centred * (var + self.eps).rsqrt().reshape(shape)
        if self.weight is not None:
            made = made * self.weight.reshape(shape)
        return made if self.bias is None else made + self.bias.reshape(shape)

    def _communicator(self) -> Communicator | None:
        if self.process_group is None and not WORLD.is_open:
            return None
        group = find(self.process_group)
        return None if group is None else group.communicator

    def _track(self, mean: Tensor, var: Tensor) -> None:
        """Take the statistics of a batch into the running ones."""
        if self.running_mean is None or self.running_var is None:
            return
        tracked = self.num_batches_tracked
        if tracked is not None:
            tracked.add_(1)
        factor = self.momentum
        if factor is None:
            factor = 1.0 if tracked is None else 1.0 / float(tracked)
        with no_grad():
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), factor)
            self.running_var.lerp_(var.to(self.running_var.dtype), factor)

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Group = None) -> Module:
        """Return the module with a SyncBatchNorm in the place of every BatchNorm in it.

        Parameters and buffers are kept, so optimizers that hold them stay valid.
        """
        made = module
        if isinstance(module, _BatchNorm) and not isinstance(module, cls):
            made = cls(
                module.num_features, module.eps, module.momentum, module.affine,
                module.track_running_stats, process_group,
            )  # fmt: skip
            made._parameters.update(module._parameters)
            made._buffers.update(module._buffers)
            made.training = module.training
        for name, child in module.named_children():
            made.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return made

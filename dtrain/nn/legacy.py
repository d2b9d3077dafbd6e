"""Layers that torch keeps for old programs."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from dtrain.errors import OpValueError
from dtrain.nn.loss import NLLLoss
from dtrain.nn.module import Module
from dtrain.tensor.tensor import wrap

__all__ = ["Container", "CrossMapLRN2d", "NLLLoss2d"]


class Container(Module):
    """A module with the submodules that it is given by name."""

    def __init__(self, **kwargs: Any) -> None:
        warnings.warn(
            "`nn.Container` is deprecated. All of its functionality is now implemented in "
            "`nn.Module`. Subclass that instead.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__()
        for name, module in kwargs.items():
            self.add_module(name, module)


class NLLLoss2d(NLLLoss):
    """NLLLoss under its old name for images."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            "`NLLLoss2d` has been deprecated. Please use `NLLLoss` instead as a drop-in "
            "replacement and see https://pytorch.org/docs/main/nn.html#torch.nn.NLLLoss for more "
            "details.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(*args, **kwargs)


class CrossMapLRN2d(Module):
    """Divide (N, C, H, W) by (k + alpha / size * sum of squares of channels nearby) ** beta.

    Args:
        size: How many channels are summed up.
        alpha: See above.
        beta: See above.
        k: See above.

    Note:
        As in torch, the first channel is never taken out of the sum again. The gradient is that
        of this sum; torch's backward sums up other channels than its forward.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Any) -> Any:
        """Return a tensor of the same shape.

        Raises:
            OpValueError: The input has not four dimensions.
        """
        if input.ndim != 4:
            raise OpValueError(
                f"CrossMapLRN2d: Expected input to be 4D, got {input.ndim}D instead."
            )
        reach, channels = int((self.size - 1) / 2), np.arange(input.shape[1])
        near = np.abs(channels[:, None] - channels) <= reach
        near[:, :1] = True
        summed = wrap(near).to(input.device, input.dtype) @ input.square().flatten(2)
        scale = summed.reshape(input.shape) * (self.alpha / self.size) + self.k
        return input * scale**-self.beta

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"

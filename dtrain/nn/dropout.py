"""Dropout: zeros at random while training."""

from __future__ import annotations

from dtrain.errors import OpValueError
from dtrain.nn import functional as F
from dtrain.nn.module import Module
from dtrain.tensor.tensor import Tensor

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0.0 <= p <= 1.0:
            raise OpValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Set elements to zero with the probability `p` while training, and scale up the others."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Set whole channels of (N, C, L) to zero with the probability `p` while training."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Set whole channels of (N, C, H, W) to zero with the probability `p` while training."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Set whole channels of (N, C, D, H, W) to zero with the probability `p` while training."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout that keeps mean and variance: for SELU."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_Dropout):
    """Alpha dropout of whole channels."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.feature_alpha_dropout(input, self.p, self.training)

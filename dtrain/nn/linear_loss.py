"""Cross entropy of a linear layer's output, the layer included. Letters: E features, C classes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from dtrain.errors import OpError, OpValueError, ShapeError
from dtrain.nn import functional as F
from dtrain.nn.linear import Linear
from dtrain.nn.loss import _WeightedLoss
from dtrain.tensor import dtype as dt
from dtrain.tensor.tensor import Tensor

__all__ = ["LinearCrossEntropyLoss", "LinearCrossEntropyOptions"]

_POLICIES = ("auto", "accurate", "balanced", "compact")
_SUMS = (None, dt.float16, dt.bfloat16, dt.float32, dt.float64)


@dataclass(frozen=True)
class LinearCrossEntropyOptions:
    """How torch's kernel is to go over a batch in pieces.

    Note: the loss is computed in one piece here, whatever the options say.

    Attributes:
        allow_retain_graph: Keep what a second backward needs; always so here.
        batch_chunk_size: Rows of a piece.
        chunking_method: "auto", "aspect_ratio" or "aspect_ratio:n", in place of a number of rows.
        acc_policy: "auto", "accurate", "balanced" or "compact".
        acc_dtype: The type of sums.

    Raises:
        OpValueError: A value is none of these.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: dt.dtype | None = None

    def __post_init__(self) -> None:
        if self.acc_policy not in _POLICIES:
            raise OpValueError(f"invalid acc_policy: {self.acc_policy!r}")
        name, _, factor = (self.chunking_method or "auto").partition(":")
        counted = name == "aspect_ratio" and (not factor or (factor.isdigit() and int(factor) > 0))
        if self.chunking_method not in (None, "auto") and not counted:
            raise OpValueError(f"invalid chunking_method: {self.chunking_method!r}")
        rows = self.batch_chunk_size
        if rows is not None and rows <= 0:
            raise OpValueError(f"batch_chunk_size must be positive int or None, got {rows!r}")
        if self.acc_dtype not in _SUMS:
            raise OpValueError(
                "acc_dtype must be one of {None, torch.float16, torch.bfloat16, torch.float32, "
                f"torch.float64}}, got {self.acc_dtype!r}."
            )


class LinearCrossEntropyLoss(_WeightedLoss):
    """The cross entropy of logits that a linear layer of this module computes.

    Args:
        in_features: E.
        num_classes: C.
        out_features: Further dimensions of the logits: (N, C, *out_features).
        bias: Add a bias to the logits.
        device: Where the parameters lie.
        dtype: Their type.
        reduction: "mean" (weighted), "sum" or "none".
        weight: A weight for each class (C,).
        ignore_index: A class that does not count; only with classes as targets.
        label_smoothing: Share of the uniform distribution in the target, in [0, 1].
        options: For torch's signature.

    Raises:
        ShapeError: `weight` is not (C,).
        OpError: `label_smoothing` lies outside of [0, 1].
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: LinearCrossEntropyOptions | None = None,
    ) -> None:
        if weight is not None and tuple(weight.shape) != (num_classes,):
            raise ShapeError(
                f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}"
            )
        if not 0 <= label_smoothing <= 1:
            raise OpError(f"expected label_smoothing to be in range [0, 1], got {label_smoothing}")
        super().__init__(weight, reduction=reduction)
        self.num_classes, self.out_features = num_classes, out_features
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing
        rows = math.prod(out_features, start=num_classes)
        self.linear = Linear(in_features, rows, bias=bias, device=device, dtype=dtype)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Any:
        """Return the loss of inputs (N, E) or (E,), one number unless reduction="none"."""
        layer, classes = self.linear, (self.num_classes, *self.out_features)
        bias: Any = layer.bias
        return F.linear_cross_entropy(
            input,
            layer.weight.reshape(*classes, layer.in_features),
            target,
            linear_bias=None if bias is None else bias.reshape(classes),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, "
            f"out_features={self.out_features}, bias={self.linear.bias is not None}, "
            f"reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )

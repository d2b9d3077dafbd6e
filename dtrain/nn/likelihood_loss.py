"""Negative log-likelihoods of distributions and of sequences."""

from __future__ import annotations

from typing import Any

from dtrain.nn import functional as F
from dtrain.nn.loss import _Loss
from dtrain.tensor.tensor import Tensor

__all__ = ["CTCLoss", "GaussianNLLLoss", "PoissonNLLLoss"]


class PoissonNLLLoss(_Loss):
    """exp(input) - target input: the loss of logarithms of Poisson rates.

    Args:
        log_input: The input holds logarithms; else the rates themselves.
        full: Add Stirling's approximation of log(target!).
        size_average: Old: see `reduction`.
        eps: Added to rates before their logarithm is taken.
        reduce: Old: see `reduction`.
        reduction: "mean", "sum" or "none".
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, one number unless reduction="none"."""
        return F.poisson_nll_loss(
            log_input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )


class GaussianNLLLoss(_Loss):
    """(log(var) + (input - target)^2 / var) / 2.

    Args:
        full: Add log(2 pi) / 2.
        eps: The least variance.
        reduction: "mean", "sum" or "none".
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Tensor, target: Tensor, var: Any) -> Tensor:
        """Return the loss, one number unless reduction="none"."""
        return F.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )


class CTCLoss(_Loss):
    """The loss of unaligned label sequences (Graves et al., 2006).

    Args:
        blank: The label that stands for none.
        reduction: "mean" (over labels and batch), "sum" or "none".
        zero_infinity: Give zero where an input is too short for its target.
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(
        self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any
    ) -> Tensor:
        """Return the loss of (T, N, C) log-probabilities, one number unless reduction="none"."""
        return F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction,
            self.zero_infinity,
        )  # fmt: skip

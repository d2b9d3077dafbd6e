"""A schedule that follows a metric."""

from __future__ import annotations

import math
from typing import Any

from dtrain.errors import OpError, OpTypeError, OpValueError
from dtrain.optim.optimizer import Optimizer
from dtrain.optim.scheduler import LRScheduler, set_value

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """Multiply the rate by `factor` when a metric has not improved for `patience` epochs.

    Args:
        optimizer: The optimizer.
        mode: "min" for metrics that are to fall, "max" for those that are to rise.
        factor: What the rate is multiplied by.
        patience: Epochs without improvement that are let pass.
        threshold: How much better counts as an improvement.
        threshold_mode: "rel" for a share of the best value, "abs" for a number.
        cooldown: Epochs after a reduction in which nothing is counted.
        min_lr: The least rate, or one for each group.
        eps: Smaller reductions are left out.

    Raises:
        OpValueError: An option lies outside its range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: Any = 0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1.0:
            raise OpValueError("Factor should be < 1.0.")
        if not isinstance(optimizer, Optimizer):
            raise OpTypeError(f"{type(optimizer).__name__} is not an Optimizer")
        if mode not in {"min", "max"}:
            raise OpValueError(f"mode {mode} is unknown!")
        if threshold_mode not in {"rel", "abs"}:
            raise OpValueError(f"threshold mode {threshold_mode} is unknown!")
        count = len(optimizer.param_groups)
        several = isinstance(min_lr, (list, tuple))
        if several and len(min_lr) != count:
            raise OpValueError(f"expected {count} min_lrs, got {len(min_lr)}")
        self.factor, self.optimizer = factor, optimizer
        self.default_min_lr = None if several else min_lr
        self.min_lrs = list(min_lr) if several else [min_lr] * count
        self.patience, self.cooldown, self.eps = patience, cooldown, eps
        self.last_epoch = 0
        self._last_lr = self._group_values("lr")
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self._reset()

    def _reset(self) -> None:
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    @property
    def in_cooldown(self) -> bool:
        """True in the epochs after a reduction in which nothing is counted."""
        return self.cooldown_counter > 0

    def step(self, metrics: Any, epoch: int | None = None) -> None:  # type: ignore[override]
        """Go on by one epoch.

        Args:
            metrics: The value of the metric.
            epoch: Old: the epoch to go to.
        """
        current = float(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(current, self.best):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = self._group_values("lr")

    def _is_better(self, value: float, best: float) -> bool:
        margin = self.threshold
        if self.mode == "min":
            limit = best * (1.0 - margin) if self.threshold_mode == "rel" else best - margin
            return value < limit
        limit = best * (1.0 + margin) if self.threshold_mode == "rel" else best + margin
        return value > limit

    def _reduce_lr(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise OpError(
                    f"The number of param groups in the `optimizer` ({len(groups)}) differs from "
                    f"when `ReduceLROnPlateau` was initialized ({len(self.min_lrs)}), usually due "
                    "to a new param group being added to the optimizer. Please modify the "
                    "`min_lrs` field to match the length of the `optimizer` param groups."
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, least in zip(groups, self.min_lrs, strict=True):
            old = float(group["lr"])
            new = max(old * self.factor, least)
            if old - new > self.eps:
                set_value(group, "lr", new)

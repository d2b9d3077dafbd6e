"""Schedules that rise and fall."""

from __future__ import annotations

import math
from typing import Any

from dtrain.errors import OpTypeError, OpValueError
from dtrain.optim.optimizer import Optimizer
from dtrain.optim.scheduler import LRScheduler, for_each_group, set_value

__all__ = ["CosineAnnealingWarmRestarts", "MomentumCycle", "OneCycleLR"]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Let the rate fall as a cosine, again and again (Loshchilov and Hutter, 2017).

    Args:
        optimizer: The optimizer.
        T_0: Epochs of the first fall.
        T_mult: How many times longer each fall is than the one before.
        eta_min: The least rate.
        last_epoch: The number of the last epoch when resuming; -1 at the start.

    Raises:
        OpValueError: An option lies outside its range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: Any,
        T_mult: Any = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(T_0, int) or T_0 <= 0:
            raise OpValueError(f"Expected positive integer T_0, but got {T_0}")
        if not isinstance(T_mult, int) or T_mult < 1:
            raise OpValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)):
            raise OpValueError(
                f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}"
            )
        self.T_0 = self.T_i = T_0
        self.T_mult, self.eta_min = T_mult, eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates for `last_epoch`."""
        self._warn_outside_step()
        half = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (lr - self.eta_min) * half for lr in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go on by one epoch, or to `epoch`, which may lie between two.

        Raises:
            OpValueError: `epoch` is negative.
        """
        if epoch is None and self.last_epoch >= 0:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            epoch = epoch or 0
            if epoch < 0:
                raise OpValueError(f"Expected non-negative epoch, but got {epoch}")
            self._go_to(epoch)
        self.last_epoch = math.floor(epoch)
        self._get_lr_called_within_step = True
        rates = self.get_lr()
        self._get_lr_called_within_step = False
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            set_value(group, "lr", lr)
        self._last_lr = self._group_values("lr")

    def _go_to(self, epoch: float) -> None:
        """Find the fall that an epoch lies in, and the place in it."""
        if epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            done = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**done - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**done


class MomentumCycle(LRScheduler):
    """A schedule in which the momentum, or beta1, goes against the rate."""

    cycle_momentum: bool
    use_beta1: bool

    def _begin_momentum(self, base_momentum: Any, max_momentum: Any, fresh: bool) -> Any:
        """Set the greatest momentum; return the least and the greatest of each group."""
        defaults = self.optimizer.defaults
        if "momentum" not in defaults and "betas" not in defaults:
            raise OpValueError(
                "optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
            )
        self.use_beta1 = "betas" in defaults
        least = for_each_group("base_momentum", self.optimizer, base_momentum)
        greatest = for_each_group("max_momentum", self.optimizer, max_momentum)
        for group, low, high in zip(self.optimizer.param_groups, least, greatest, strict=True):
            if fresh:
                self._set_momentum(group, high)
                group.update(max_momentum=high, base_momentum=low)
        return least, greatest

    def _set_momentum(self, group: dict[str, Any], value: float) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value


class OneCycleLR(MomentumCycle):
    """Let the rate rise once and fall far below its start, step by step (Smith and Topin, 2018).

    Args:
        optimizer: The optimizer.
        max_lr: The greatest rate, or one for each group.
        total_steps: Steps of the cycle; else `epochs` times `steps_per_epoch`.
        epochs: See `total_steps`.
        steps_per_epoch: See `total_steps`.
        pct_start: Share of the steps in which the rate rises.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: Let the momentum, or beta1, go the other way.
        base_momentum: The least momentum, or one for each group.
        max_momentum: The greatest momentum, or one for each group.
        div_factor: The first rate is max_lr / div_factor.
        final_div_factor: The last rate is the first / final_div_factor.
        three_phase: Fall as long as it rose first, and only then below the start.
        last_epoch: The number of the last step when resuming; -1 at the start.

    Raises:
        OpValueError: An option lies outside its range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: Any,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.85,
        max_momentum: Any = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise OpTypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        self.total_steps = _count(total_steps, epochs, steps_per_epoch)
        if pct_start < 0 or pct_start > 1 or not isinstance(pct_start, float):
            raise OpValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in {"cos", "linear"}:
            raise OpValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._anneal_func_type = anneal_strategy
        self._schedule_phases = _phases(pct_start * self.total_steps, self.total_steps, three_phase)
        fresh = last_epoch == -1
        for group, top in zip(
            optimizer.param_groups, for_each_group("max_lr", optimizer, max_lr), strict=True
        ):
            if fresh:
                first = top / div_factor
                group.update(initial_lr=first, max_lr=top, min_lr=first / final_div_factor)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._begin_momentum(base_momentum, max_momentum, fresh)
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, end: float, share: float) -> float:
        if self._anneal_func_type == "linear":
            return (end - start) * share + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)

    def get_lr(self) -> list[Any]:
        """Return the rates for `last_epoch`, and set the momenta.

        Raises:
            OpValueError: The cycle is over.
        """
        self._warn_outside_step()
        number = self.last_epoch
        if number > self.total_steps:
            raise OpValueError(
                f"Tried to step {number} times. The specified number of total steps is "
                f"{self.total_steps}"
            )
        begin = 0.0
        *early, phase = self._schedule_phases
        for candidate in early:
            if number <= candidate["end_step"]:
                phase = candidate
                break
            begin = candidate["end_step"]
        share = (number - begin) / (phase["end_step"] - begin)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._between(group[phase["start_lr"]], group[phase["end_lr"]], share))
            if self.cycle_momentum:
                ends = group[phase["start_momentum"]], group[phase["end_momentum"]]
                self._set_momentum(group, self._between(*ends, share))
        return rates


def _count(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    """Return the steps of a cycle."""
    if total_steps is None and (epochs is None or steps_per_epoch is None):
        raise OpValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    given = {"total_steps": total_steps}
    if total_steps is None:
        given = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    for name, value in given.items():
        if not isinstance(value, int) or value <= 0:
            raise OpValueError(f"Expected positive integer {name}, but got {value}")
    return math.prod(given.values())


def _phases(rise: float, total: int, three_phase: bool) -> list[dict[str, Any]]:
    """Return for each phase its last step and what goes from where to where."""

    def phase(end_step: float, lr: str, momentum: str) -> dict[str, Any]:
        start_lr, end_lr = lr.split()
        start_momentum, end_momentum = momentum.split()
        return {
            "end_step": end_step,
            "start_lr": f"{start_lr}_lr",
            "end_lr": f"{end_lr}_lr",
            "start_momentum": f"{start_momentum}_momentum",
            "end_momentum": f"{end_momentum}_momentum",
        }

    first = phase(float(rise) - 1, "initial max", "max base")
    if not three_phase:
        return [first, phase(total - 1, "max min", "base max")]
    second = phase(float(2 * rise) - 2, "max initial", "base max")
    return [first, second, phase(total - 1, "initial min", "max max")]

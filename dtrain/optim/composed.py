"""Schedules made of functions or of other schedules."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from dtrain.errors import OpTypeError, OpValueError
from dtrain.optim.optimizer import Optimizer
from dtrain.optim.plateau import ReduceLROnPlateau
from dtrain.optim.scheduler import LRScheduler, set_value

__all__ = ["ChainedScheduler", "LambdaLR", "MultiplicativeLR", "SequentialLR"]


class LambdaLR(LRScheduler):
    """Multiply the first rate by a function of the epoch.

    Args:
        optimizer: The optimizer.
        lr_lambda: One function, or one for each group.
        last_epoch: The number of the last epoch when resuming; -1 at the start.

    Raises:
        OpValueError: There are not as many functions as groups.
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Any, last_epoch: int = -1) -> None:
        count = len(optimizer.param_groups)
        if not isinstance(lr_lambda, (list, tuple)):
            lr_lambda = [lr_lambda] * count
        elif len(lr_lambda) != count:
            raise OpValueError(f"Expected {count} lr_lambdas, but got {len(lr_lambda)}")
        self.lr_lambdas: list[Callable[[int], float]] = list(lr_lambda)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates for `last_epoch`."""
        self._warn_outside_step()
        pairs = zip(self.base_lrs, self.lr_lambdas, strict=True)
        return [lr * factor(self.last_epoch) for lr, factor in pairs]

    def state_dict(self) -> dict[str, Any]:
        """Return all attributes but the optimizer; of functions only the state of objects."""
        state = super().state_dict()
        state["lr_lambdas"] = [
            None if isinstance(fn, FunctionType) else fn.__dict__.copy() for fn in self.lr_lambdas
        ]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what state_dict() returned."""
        rest = {k: v for k, v in state_dict.items() if k != "lr_lambdas"}
        super().load_state_dict(rest)
        for fn, state in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            if state is not None:
                fn.__dict__.update(state)


class MultiplicativeLR(LambdaLR):
    """Multiply the last rate by a function of the epoch."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Any, last_epoch: int = -1) -> None:
        for fn in lr_lambda if isinstance(lr_lambda, (list, tuple)) else [lr_lambda]:
            if not callable(fn):
                raise OpTypeError(f"lr_lambda should be a function, but got {type(fn).__name__}")
        super().__init__(optimizer, lr_lambda, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates for `last_epoch`."""
        self._warn_outside_step()
        rates = self._unchanged()
        if self._is_initial:
            return rates
        pairs = zip(rates, self.lr_lambdas, strict=True)
        return [lr * factor(self.last_epoch) for lr, factor in pairs]


class _Composed(LRScheduler):
    """A schedule that lets others work."""

    _schedulers: list[Any]

    def state_dict(self) -> dict[str, Any]:
        """Return all attributes but the optimizer, with the state of each schedule."""
        state = super().state_dict()
        state["_schedulers"] = [s.state_dict() for s in self._schedulers]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what state_dict() returned."""
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_schedulers"})
        for scheduler, state in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            scheduler.load_state_dict(state)


def _check_parts(where: str, optimizer: Any, schedulers: Sequence[Any]) -> None:
    """Raise where schedules cannot work together.

    Raises:
        OpTypeError: One has no optimizer.
        OpValueError: There is none, or one needs a metric or has another optimizer.
    """
    if not schedulers:
        raise OpValueError(f"{where} expects at least one scheduler, but got no scheduler.")
    for i, scheduler in enumerate(schedulers):
        if not hasattr(scheduler, "optimizer"):
            raise OpTypeError(f"{where} at index {i} should have `optimizer` as its attribute.")
        if isinstance(scheduler, ReduceLROnPlateau):
            raise OpValueError(
                f"{where} does not support `ReduceLROnPlateau` scheduler as it requires "
                "additional kwargs to be specified when calling `step`, but got one at index "
                f"{i} in the given schedulers sequence."
            )
        if scheduler.optimizer is not optimizer:
            raise OpValueError(
                f"{where} expects all schedulers to belong to the same optimizer, but got "
                f"scheduler {type(scheduler).__name__} at index {i} with another one."
            )


class SequentialLR(_Composed):
    """Let one schedule after the other work.

    Args:
        optimizer: The optimizer.
        schedulers: The schedules.
        milestones: The epochs at which the next one takes over, one less than schedules.
        last_epoch: The number of the last epoch when resuming; -1 at the start.

    Raises:
        OpValueError: The schedules or milestones do not fit together.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[Any],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        _check_parts("SequentialLR", optimizer, schedulers)
        if len(milestones) != len(schedulers) - 1:
            raise OpValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than "
                "the number of milestone points, but got number of schedulers "
                f"{len(schedulers)} and the number of milestones to be equal to {len(milestones)}"
            )
        self._schedulers, self._milestones = schedulers, milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        # Each schedule made its first step when it was made: only the one that begins may have.
        for group in optimizer.param_groups:
            set_value(group, "lr", group["initial_lr"])
        self._undo(self)
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def _undo(self, scheduler: Any) -> None:
        for part in getattr(scheduler, "_schedulers", ()):
            self._undo(part)
        if not hasattr(scheduler, "_schedulers"):
            scheduler.last_epoch -= 1

    def step(self, epoch: int | None = None) -> None:
        """Go on by one epoch and set the rates."""
        self.last_epoch += 1
        place = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[place]
        if place > 0 and self._milestones[place - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_Composed):
    """Let several schedules work one after the other in each epoch.

    Args:
        schedulers: The schedules.
        optimizer: Their optimizer; that of the first by default.

    Raises:
        OpValueError: The schedules do not fit together.
    """

    def __init__(self, schedulers: Sequence[Any], optimizer: Optimizer | None = None) -> None:
        if not schedulers:
            _check_parts("ChainedScheduler", optimizer, schedulers)
        self.optimizer = optimizer or schedulers[0].optimizer
        _check_parts("ChainedScheduler", self.optimizer, schedulers)
        self._schedulers = list(schedulers)
        self._last_lr = self._group_values("lr")

    def step(self, epoch: int | None = None) -> None:
        """Go on by one epoch and set the rates."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._group_values("lr")

"""LRScheduler: the base class of learning rate schedules.

A schedule changes `group["lr"]` from its last value ("chainable": several schedules may work on one
optimizer); where there is a closed form, `step(epoch)` uses that.
"""

from __future__ import annotations

import warnings
from typing import Any

from dtrain.errors import OpTypeError, OpValueError
from dtrain.optim.optimizer import Optimizer
from dtrain.tensor.tensor import Tensor

__all__ = ["LRScheduler", "for_each_group", "set_value"]

_HELP = "See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"


def _value(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value


class LRScheduler:
    """Base class of schedules: `get_lr` gives the rates for `last_epoch`, one for each group.

    Args:
        optimizer: The optimizer.
        last_epoch: The number of the last epoch when resuming; -1 at the start.

    Raises:
        OpTypeError: `optimizer` is none.
        KeyError: Resuming, and a group has no "initial_lr".
    """

    _get_lr_called_within_step = False
    _is_initial = False
    _last_lr: list[Any]

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise OpTypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", _value(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming "
                    "scheduler with last_epoch >= 0; load the optimizer's state first"
                )
        self.base_lrs = self._group_values("initial_lr")
        self.last_epoch = last_epoch
        optimizer._opt_called = False
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the rates of the first epoch."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def _group_values(self, key: str) -> list[Any]:
        return [_value(group[key]) for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return all attributes but the optimizer."""
        return {k: v for k, v in self.__dict__.items() if k != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what state_dict() returned."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """Return the rates that were set last, one for each group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """Return the rates for `last_epoch`; a subclass defines it."""
        raise NotImplementedError("a schedule defines get_lr()")

    def step(self, epoch: int | None = None) -> None:
        """Go on by one epoch and set the rates.

        Args:
            epoch: Old: the epoch to go to.
        """
        if self._step_count == 1:
            self._check_order()
        self._step_count += 1
        if epoch is not None:
            warnings.warn(
                "The epoch parameter in `scheduler.step()` was not necessary and is being "
                "deprecated where possible. Please use `scheduler.step()` to step the scheduler. "
                "During the deprecation, if epoch is different from None, the closed form is used "
                "instead of the new chainable form, where available.",
                UserWarning,
                stacklevel=2,
            )
        self._update_lr(epoch)

    def _check_order(self) -> None:
        """Warn where the optimizer has made no step before the schedule's first."""
        if not hasattr(self.optimizer.step, "hooked"):
            warnings.warn(
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler "
                "initialization. Please, make sure to call `optimizer.step()` before "
                f"`lr_scheduler.step()`. {_HELP}",
                UserWarning,
                stacklevel=3,
            )
        elif not self.optimizer._opt_called:
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch "
                "1.1.0 and later, you should call them in the opposite order: `optimizer.step()` "
                "before `lr_scheduler.step()`.  Failure to do this will result in PyTorch skipping "
                f"the first value of the learning rate schedule. {_HELP}",
                UserWarning,
                stacklevel=3,
            )

    def _update_lr(self, epoch: int | None = None) -> None:
        """Set the rates of the next epoch, or of the one given."""
        closed = getattr(self, "_get_closed_form_lr", None)
        self._get_lr_called_within_step = True
        try:
            self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
            rates = self.get_lr() if epoch is None or closed is None else closed()
        finally:
            self._get_lr_called_within_step = False
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            set_value(group, "lr", lr)
        self._last_lr = self._group_values("lr")

    # ---- what subclasses share ----
    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use "
                "`get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def _scaled(self, factor: float) -> list[Any]:
        """Return the present rates times a factor."""
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def _unchanged(self) -> list[Any]:
        return self._group_values("lr")


def set_value(group: dict[str, Any], key: str, value: Any) -> None:
    """Set an option; one that is a tensor keeps its memory."""
    if isinstance(group[key], Tensor):
        group[key].fill_(float(value))
    else:
        group[key] = value


def for_each_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """Return a value for each group: those given, or the same one for all.

    Raises:
        OpValueError: There are not as many values as groups.
    """
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [_value(value) for _ in range(count)]
    if len(value) != count:
        raise OpValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has "
            f"{len(value)} values, param_groups has {count}."
        )
    return [_value(v) for v in value]

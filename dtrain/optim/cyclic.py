"""CyclicLR: a rate that goes up and down between two bounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

from dtrain.errors import OpTypeError, OpValueError
from dtrain.optim.cycle import MomentumCycle
from dtrain.optim.optimizer import Optimizer
from dtrain.optim.scheduler import for_each_group, set_value

__all__ = ["CyclicLR"]


class CyclicLR(MomentumCycle):
    """Let the rate go up and down between two bounds, step by step (Smith, 2017).

    Args:
        optimizer: The optimizer.
        base_lr: The least rate, or one for each group.
        max_lr: The greatest rate, or one for each group.
        step_size_up: Steps in which it rises.
        step_size_down: Steps in which it falls; as many as it rises by default.
        mode: "triangular": each cycle rises as high; "triangular2": half as high as the one
            before; "exp_range": gamma^step times as high.
        gamma: See `mode`.
        scale_fn: How high a cycle rises, as a function of its number or of the step; then `mode`
            is not looked at.
        scale_mode: What `scale_fn` gets: "cycle" or "iterations".
        cycle_momentum: Let the momentum, or beta1, go the other way.
        base_momentum: The least momentum, or one for each group.
        max_momentum: The greatest momentum, or one for each group.
        last_epoch: The number of the last step when resuming; -1 at the start.

    Raises:
        OpTypeError: `optimizer` is none.
        OpValueError: An option lies outside its range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: Any,
        max_lr: Any,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.8,
        max_momentum: Any = 0.9,
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise OpTypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        fresh = last_epoch == -1
        base_lrs = for_each_group("base_lr", optimizer, base_lr)
        if fresh:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                set_value(group, "lr", lr)
        self.max_lrs = for_each_group("max_lr", optimizer, max_lr)
        down = step_size_up if step_size_down is None else step_size_down
        self.total_size = float(step_size_up) + float(down)
        self.step_ratio = float(step_size_up) / self.total_size
        if mode not in {"triangular", "triangular2", "exp_range"} and scale_fn is None:
            raise OpValueError("mode is invalid and scale_fn is None")
        self.mode, self.gamma = mode, gamma
        self._scale_fn_custom = scale_fn
        if scale_fn is None:
            scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.scale_mode = scale_mode
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            bounds = self._begin_momentum(base_momentum, max_momentum, fresh)
            self.base_momentums, self.max_momentums = bounds
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """Return how high a cycle rises, 1 being all the way."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular2":
            return float(1 / 2.0 ** (x - 1))
        return float(self.gamma**x) if self.mode == "exp_range" else 1.0

    def get_lr(self) -> list[Any]:
        """Return the rates for `last_epoch`, and set the momenta."""
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        rising = x <= self.step_ratio
        height = x / self.step_ratio if rising else (x - 1) / (self.step_ratio - 1)

        def share() -> float:
            return self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)

        bounds = zip(self.base_lrs, self.max_lrs, strict=True)
        rates = [low + (high - low) * height * share() for low, high in bounds]
        if self.cycle_momentum:
            momenta = zip(
                self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True
            )
            for group, low, high in momenta:
                self._set_momentum(group, high - (high - low) * height * share())
        return rates

    def state_dict(self) -> dict[str, Any]:
        """Return all attributes but the optimizer; of a function only the state of an object."""
        state = super().state_dict()
        fn = self._scale_fn_custom
        plain = fn is None or isinstance(fn, FunctionType)
        state["_scale_fn_custom"] = None if plain else fn.__dict__.copy()
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what state_dict() returned."""
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_scale_fn_custom"})
        if state_dict["_scale_fn_custom"] is not None and self._scale_fn_custom is not None:
            self._scale_fn_custom.__dict__.update(state_dict["_scale_fn_custom"])

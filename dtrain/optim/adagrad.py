"""Adagrad."""

from __future__ import annotations

from typing import Any

from dtrain.optim.optimizer import Optimizer
from dtrain.optim.options import check_at_least, check_rate, check_spellings, with_decay
from dtrain.typing import Array, Xp

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """p = p - lr g / (sqrt(s) + eps), with the sum s of all g^2 (Duchi, Hazan, Singer 2011).

    Args:
        params: Parameters or groups of them.
        lr: Learning rate.
        lr_decay: The rate in step t is lr / (1 + (t - 1) lr_decay).
        weight_decay: Factor of the L2 penalty.
        initial_accumulator_value: What the sum starts at.
        eps: Added to the denominator.
        foreach: torch's spelling for several parameters at once.
        maximize: Climb instead of descending.
        differentiable: Record the steps, so that a gradient can be taken through them.
        fused: torch's spelling for all in one kernel.

    Raises:
        OpValueError: An option lies outside its range.
    """

    counters = ("step",)
    sparse = True

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_rate(lr)
        check_at_least(0, lr_decay__value=lr_decay, weight_decay__value=weight_decay)
        check_at_least(0, initial_accumulator_value__value=initial_accumulator_value)
        check_at_least(0, epsilon__value=eps)
        check_spellings(foreach=foreach, differentiable=differentiable, fused=fused)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                self.begin_state(p, group)

    def begin(self, xp: Xp, p: Array, group: dict[str, Any]) -> dict[str, Array]:
        """Return the sum."""
        start = self.defaults["initial_accumulator_value"]
        return {"sum": xp.full_like(p, complex(start, start) if p.dtype.kind == "c" else start)}

    @staticmethod
    def update(xp: Xp, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change parameters in place; see Optimizer.update."""
        g = with_decay(p, g, group)
        rate = group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])
        state["sum"] += g * g
        scale = xp.sqrt(state["sum"])
        scale += group["eps"]
        change = g * rate
        change /= scale
        p -= change

"""RMSprop."""

from __future__ import annotations

from typing import Any

from dtrain.optim.optimizer import Optimizer
from dtrain.optim.options import (
    check_at_least,
    check_rate,
    check_spellings,
    move_towards,
    with_decay,
)
from dtrain.typing import Array, Xp

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """p = p - lr g / (sqrt(v) + eps), with the mean v of g^2 (Hinton's lecture 6, 2012).

    Args:
        params: Parameters or groups of them.
        lr: Learning rate.
        alpha: Share of the old mean in the new.
        eps: Added to the denominator.
        weight_decay: Factor of the L2 penalty.
        momentum: Share of the last update in the next.
        centered: Divide by the standard deviation instead.
        capturable: torch's spelling for CUDA graphs.
        foreach: torch's spelling for several parameters at once.
        maximize: Climb instead of descending.
        differentiable: Record the steps, so that a gradient can be taken through them.

    Raises:
        OpValueError: An option lies outside its range.
    """

    counters = ("step",)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check_at_least(0, epsilon__value=eps, momentum__value=momentum)
        check_at_least(0, weight_decay__value=weight_decay, alpha__value=alpha)
        check_spellings(foreach=foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def begin(self, xp: Xp, p: Array, group: dict[str, Any]) -> dict[str, Array]:
        """Return the means."""
        names = ["square_avg"]
        if group["momentum"] > 0:
            names.append("momentum_buffer")
        if group["centered"]:
            names.append("grad_avg")
        return {name: xp.zeros_like(p) for name in names}

    @staticmethod
    def update(xp: Xp, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change parameters in place; see Optimizer.update."""
        g = with_decay(p, g, group)
        alpha, v = group["alpha"], state["square_avg"]
        v *= alpha
        v += g * g * (1 - alpha)
        if group["centered"]:
            mean = state["grad_avg"]
            move_towards(xp, mean, g, 1 - alpha)
            v = v - mean * mean
        scale = xp.sqrt(v)
        scale += group["eps"]
        change = g / scale
        if group["momentum"] > 0:
            b = state["momentum_buffer"]
            b *= group["momentum"]
            b += change
            change = b
        p -= change * group["lr"]

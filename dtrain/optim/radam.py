"""RAdam."""

from __future__ import annotations

from typing import Any

from dtrain.optim.optimizer import Optimizer
from dtrain.optim.options import (
    check_at_least,
    check_betas,
    check_rate,
    check_spellings,
    descent,
    move_towards,
    with_decay,
)
from dtrain.typing import Array, Xp

__all__ = ["RAdam"]


class RAdam(Optimizer):
    """Adam that divides by sqrt(v) only when v is known well enough (Liu et al., 2020).

    Args:
        params: Parameters or groups of them.
        lr: Learning rate.
        betas: Share of the old mean in the new, for g and g^2.
        eps: Added to the denominator.
        weight_decay: Factor of the L2 penalty.
        decoupled_weight_decay: Decay the parameters themselves, as AdamW.
        foreach: torch's spelling for several parameters at once.
        maximize: Climb instead of descending.
        capturable: torch's spelling for CUDA graphs.
        differentiable: Record the steps, so that a gradient can be taken through them.

    Raises:
        OpValueError: An option lies outside its range.
    """

    counters = ("step",)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check_at_least(0, epsilon__value=eps)
        check_betas(betas)
        check_at_least(0, weight_decay__value=weight_decay)
        check_spellings(foreach=foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def begin(self, xp: Xp, p: Array, group: dict[str, Any]) -> dict[str, Array]:
        """Return the means."""
        return {name: xp.zeros_like(p) for name in ("exp_avg", "exp_avg_sq")}

    @staticmethod
    def update(xp: Xp, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change parameters in place; see Optimizer.update."""
        lr, (beta1, beta2), step = group["lr"], group["betas"], state["step"]
        if group["decoupled_weight_decay"]:
            p *= 1 - lr * group["weight_decay"]
            g = descent(g, group)
        else:
            g = with_decay(p, g, group)
        m, v = state["exp_avg"], state["exp_avg_sq"]
        move_towards(xp, m, g, 1 - beta1)
        v *= beta2
        v += g * g * (1 - beta2)
        change = m / (1 - beta1**step)
        change *= lr
        # How many gradients the mean of squares is worth, now and at last.
        known = 1 - beta2**step
        most = 2 / (1 - beta2) - 1
        length = most - 2 * step * beta2**step / known
        if length > 5:
            share = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
            scale = xp.sqrt(v)
            scale += group["eps"]
            change /= scale
            change *= (known * share) ** 0.5
        p -= change

"""Adamax."""

from __future__ import annotations

from typing import Any

from dtrain.optim.optimizer import Optimizer
from dtrain.optim.options import (
    check_at_least,
    check_betas,
    check_rate,
    check_spellings,
    move_towards,
    with_decay,
)
from dtrain.typing import Array, Xp

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """p = p - lr m' / u, with the unbiased mean m' of g and u = max(beta2 u, |g| + eps).

    Source: Kingma and Ba, 2015.

    Args:
        params: Parameters or groups of them.
        lr: Learning rate.
        betas: Share of the old value in the new, for m and u.
        eps: Added to |g|.
        weight_decay: Factor of the L2 penalty.
        foreach: torch's spelling for several parameters at once.
        maximize: Climb instead of descending.
        differentiable: Record the steps, so that a gradient can be taken through them.
        capturable: torch's spelling for CUDA graphs.

    Raises:
        OpValueError: An option lies outside its range.
    """

    counters = ("step",)

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
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
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def begin(self, xp: Xp, p: Array, group: dict[str, Any]) -> dict[str, Array]:
        """Return the mean and the norm."""
        return {name: xp.zeros_like(p) for name in ("exp_avg", "exp_inf")}

    @staticmethod
    def update(xp: Xp, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change parameters in place; see Optimizer.update."""
        g = with_decay(p, g, group)
        beta1, beta2 = group["betas"]
        m, norm = state["exp_avg"], state["exp_inf"]
        move_towards(xp, m, g, 1 - beta1)
        norm *= beta2
        xp.maximum(norm, abs(g) + group["eps"], out=norm)
        change = m * (group["lr"] / (1 - beta1 ** state["step"]))
        change /= norm
        p -= change

"""Adadelta."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpValueError
from dtrain.optim.optimizer import Optimizer
from dtrain.optim.options import check_at_least, check_rate, check_spellings, with_decay
from dtrain.typing import Array, Xp

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """p = p - lr d,  d = g sqrt(u + eps) / sqrt(v + eps), with means v of g^2 and u of d^2.

    Source: Zeiler, 2012.

    Args:
        params: Parameters or groups of them.
        lr: Learning rate.
        rho: Share of the old means in the new.
        eps: Added to both means.
        weight_decay: Factor of the L2 penalty.
        foreach: torch's spelling for several parameters at once.
        capturable: torch's spelling for CUDA graphs.
        maximize: Climb instead of descending.
        differentiable: Record the steps, so that a gradient can be taken through them.

    Raises:
        OpValueError: An option lies outside its range.
    """

    counters = ("step",)

    def __init__(
        self,
        params: Any,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        if not 0.0 <= rho <= 1.0:
            raise OpValueError(f"Invalid rho value: {rho}")
        check_at_least(0, epsilon__value=eps, weight_decay__value=weight_decay)
        check_spellings(foreach=foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def begin(self, xp: Xp, p: Array, group: dict[str, Any]) -> dict[str, Array]:
        """Return the means."""
        return {name: xp.zeros_like(p) for name in ("square_avg", "acc_delta")}

    @staticmethod
    def update(xp: Xp, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change parameters in place; see Optimizer.update."""
        g = with_decay(p, g, group)
        rho, eps = group["rho"], group["eps"]
        v, u = state["square_avg"], state["acc_delta"]
        v *= rho
        v += g * g * (1 - rho)
        change = xp.sqrt(u + eps)
        change /= xp.sqrt(v + eps)
        change *= g
        u *= rho
        u += change * change * (1 - rho)
        p -= change * group["lr"]

"""Averaged stochastic gradient descent."""

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
from dtrain.tensor import dtype as dt
from dtrain.typing import Array, Xp

__all__ = ["ASGD"]


class ASGD(Optimizer):
    """p = (1 - lambd eta) p - eta g, with eta = lr / (1 + lambd lr t)^alpha; "ax" is the mean of p.

    Source: Polyak and Juditsky, 1992.

    Args:
        params: Parameters or groups of them.
        lr: Learning rate.
        lambd: Decay term.
        alpha: Power of the rate's fall.
        t0: The step at which averaging starts.
        weight_decay: Factor of the L2 penalty.
        foreach: torch's spelling for several parameters at once.
        maximize: Climb instead of descending.
        differentiable: Record the steps, so that a gradient can be taken through them.
        capturable: torch's spelling for CUDA graphs.

    Raises:
        OpValueError: An option lies outside its range.
    """

    counters = ("step", "eta", "mu")

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_rate(lr)
        check_at_least(0, weight_decay__value=weight_decay)
        check_spellings(foreach=foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def begin(self, xp: Xp, p: Array, group: dict[str, Any]) -> dict[str, Array]:
        """Return the rate, the weight of the next value in the mean, and the mean."""
        number = dt.get_default_dtype().np.type
        return {
            "eta": number(float(group["lr"])),
            "mu": number(1.0),
            "ax": xp.zeros_like(p),
        }

    def count(self, held: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Raise the counters; see Optimizer.count."""
        numbers = {name: held[name].item() for name in ("eta", "mu")}
        numbers |= super().count(held, group)
        lr, step = group["lr"], numbers["step"]
        held["eta"]._a[...] = float(lr / (1 + group["lambd"] * lr * step) ** group["alpha"])
        held["mu"]._a[...] = 1 / max(1, step - group["t0"])
        return numbers

    @staticmethod
    def update(xp: Xp, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change parameters in place; see Optimizer.update."""
        g = with_decay(p, g, group)
        eta, mu, mean = state["eta"], state["mu"], state["ax"]
        p *= 1 - group["lambd"] * eta
        p -= g * eta
        if mu == 1:
            mean[...] = p
        else:
            move_towards(xp, mean, p, mu)

"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpValueError
from dtrain.optim.optimizer import Optimizer
from dtrain.optim.options import check_at_least, check_rate, check_spellings, with_decay
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["SGD"]


class SGD(Optimizer):
    """b = momentum b + (1 - dampening) g;  p = p - lr b.

    Args:
        params: Parameters or groups of them.
        lr: Learning rate.
        momentum: Share of the last update in the next.
        dampening: What a gradient counts less in the update.
        weight_decay: Factor of the L2 penalty.
        nesterov: Look ahead: p = p - lr (g + momentum b).
        maximize: Climb instead of descending.
        foreach: torch's spelling for several parameters at once.
        differentiable: Record the steps, so that a gradient can be taken through them.
        fused: torch's spelling for all in one kernel.

    Raises:
        OpValueError: An option lies outside its range.
    """

    sparse = True

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_rate(lr)
        check_at_least(0, momentum__value=momentum, weight_decay__value=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise OpValueError("Nesterov momentum requires a momentum and zero dampening")
        check_spellings(foreach=foreach, differentiable=differentiable, fused=fused)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def begin(self, xp: Xp, p: Array, group: dict[str, Any]) -> dict[str, Array]:
        """Return the buffer of the momentum, where there is momentum."""
        return {"momentum_buffer": xp.empty_like(p)} if group["momentum"] else {}

    def advance(self, p: Tensor, group: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the state of a parameter; without momentum there is none."""
        return super().advance(p, group) if group["momentum"] else ({}, {})

    @staticmethod
    def update(xp: Xp, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change parameters in place; see Optimizer.update."""
        g = with_decay(p, g, group)
        momentum = group["momentum"]
        if momentum:
            b = state["momentum_buffer"]
            if state["first"]:
                b[...] = g
            else:
                b *= momentum
                b += g * (1 - group["dampening"]) if group["dampening"] else g
            g = g + b * momentum if group["nesterov"] else b
        p -= g * group["lr"]

"""Rprop."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpValueError
from dtrain.optim.optimizer import Optimizer
from dtrain.optim.options import check_rate, check_spellings, descent
from dtrain.typing import Array, Xp

__all__ = ["Rprop"]


class Rprop(Optimizer):
    """p = p - s sign(g); s grows while the sign stays and shrinks when it turns.

    Source: Riedmiller and Braun, 1993.

    Args:
        params: Parameters or groups of them.
        lr: The first size of a step.
        etas: What the size is multiplied by when the sign turns, and when it stays.
        step_sizes: The least and the greatest size.
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
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise OpValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        check_spellings(foreach=foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def begin(self, xp: Xp, p: Array, group: dict[str, Any]) -> dict[str, Array]:
        """Return the last gradient and the sizes."""
        lr = float(group["lr"])
        size = complex(lr, lr) if p.dtype.kind == "c" else lr
        return {"prev": xp.zeros_like(p), "step_size": xp.full_like(p, size)}

    @staticmethod
    def update(xp: Xp, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change parameters in place; see Optimizer.update."""
        g = descent(g, group)
        prev, size = state["prev"], state["step_size"]
        shrink, grow = group["etas"]
        same = xp.sign(g * prev)
        turned = same < 0
        factor = xp.where(same > 0, grow, xp.where(turned, shrink, same + 1))
        size *= factor
        xp.clip(size, *group["step_sizes"], out=size)
        g = xp.where(turned, 0, g)  # a turned sign: stay this once
        p -= xp.sign(g) * size
        prev[...] = g

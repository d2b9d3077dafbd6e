"""SparseAdam."""

from __future__ import annotations

import math
from typing import Any

from dtrain.errors import OpError, OpValueError
from dtrain.optim.optimizer import Optimizer
from dtrain.optim.options import check_betas, descent, move_towards
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """Adam for sparse gradients: only the rows that a gradient has are changed, means included.

    Args:
        params: Parameters or groups of them.
        lr: Learning rate.
        betas: Share of the old mean in the new, for g and g^2.
        eps: Added to the denominator.
        maximize: Climb instead of descending.

    Raises:
        OpValueError: An option lies outside its range, or a parameter is complex or sparse.
    """

    sparse = True
    elementwise = False  # rows, not blocks
    counters = ("step",)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise OpValueError("Tensor lr must be 1-element")
        if not lr > 0.0:
            raise OpValueError(f"Invalid learning rate: {lr}")
        if not eps > 0.0:
            raise OpValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        places = [
            ([i, j], p)
            for i, group in enumerate(self.param_groups)
            for j, p in enumerate(group["params"])
        ]
        sparse = [place for place, p in places if p.is_sparse]
        if sparse:
            raise OpValueError(
                f"Sparse params at indices {sparse}: SparseAdam requires dense parameter tensors"
            )
        complex_ = [place for place, p in places if p.is_complex()]
        if complex_:
            raise OpValueError(
                f"Complex params at indices {complex_}: SparseAdam does not support complex "
                "parameters"
            )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for held in self.state.values():
            held["step"] = int(held["step"])

    def update_parameter(self, p: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        """Update one parameter.

        Raises:
            OpError: The gradient is dense.
        """
        if not grad.is_sparse:
            raise OpError(
                "SparseAdam does not support dense gradients, please consider Adam instead"
            )
        super().update_parameter(p, grad, group)

    def begin(self, xp: Xp, p: Array, group: dict[str, Any]) -> dict[str, Array]:
        """Return the means."""
        return {name: xp.zeros_like(p) for name in ("exp_avg", "exp_avg_sq")}

    def begin_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Make the state; its "step" is a Python number, as torch has it here."""
        made = {**super().begin_state(p, group), "step": 0}
        self.state[p] = made
        return made

    def count(self, held: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Raise the counter; see Optimizer.count."""
        held["step"] += 1
        return {"step": held["step"]}

    @staticmethod
    def update(xp: Xp, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change parameters in place; see Optimizer.update."""
        g = descent(g, group)
        lr, (beta1, beta2), step = group["lr"], group["betas"], state["step"]
        m, v = state["exp_avg"], state["exp_avg_sq"]
        move_towards(xp, m, g, 1 - beta1)
        move_towards(xp, v, g * g, 1 - beta2)
        change = m / (xp.sqrt(v) + group["eps"])
        change *= lr * math.sqrt(1 - beta2**step) / (1 - beta1**step)
        p -= change

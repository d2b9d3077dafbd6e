"""Adafactor."""

from __future__ import annotations

import math
from typing import Any

from dtrain.errors import OpError, OpValueError
from dtrain.optim.optimizer import Optimizer
from dtrain.optim.options import descent, move_towards
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Divide by sqrt(v), where the mean v of g^2 is kept as a row and a column.

    Source: Shazeer and Stern, 2018, with a learning rate and decoupled weight decay.

    Args:
        params: Parameters or groups of them.
        lr: The greatest relative size of a step.
        beta2_decay: The share of g^2 in the mean in step t is t^beta2_decay.
        eps: The least v (None: that of the data type), and the least size of a parameter.
        d: Updates with a greater mean square are cut to it.
        weight_decay: Factor of the decay of the parameters themselves.
        foreach: torch's spelling for several parameters at once.
        maximize: Climb instead of descending.

    Raises:
        OpValueError: An option lies outside its range.
    """

    counters = ("step",)
    elementwise = False

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise OpValueError("Tensor lr must be 1-element")
        if not lr >= 0.0:
            raise OpValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not beta2_decay <= 0.0:
            raise OpValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        for i, value in enumerate(eps, 1):
            if value is not None and not value >= 0.0:
                raise OpValueError(f"epsilon{i} should be >= 0 but is: {value}")
        if not d >= 1.0:
            raise OpValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not weight_decay >= 0.0:
            raise OpValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def begin(self, xp: Xp, p: Array, group: dict[str, Any]) -> dict[str, Array]:
        """Return the means: one number for each row and column, or one for each element.

        Raises:
            OpError: The parameter is complex.
        """
        if p.dtype.kind == "c":
            raise OpError("Adafactor does not support complex parameters")
        if p.ndim < 2:
            return {"variance": xp.zeros_like(p)}
        return {
            "row_var": xp.zeros((*p.shape[:-1], 1), p.dtype),
            "col_var": xp.zeros((*p.shape[:-2], 1, p.shape[-1]), p.dtype),
        }

    @staticmethod
    def update(xp: Xp, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change parameters in place; see Optimizer.update."""
        g = descent(g, group)
        lr, step, (least, least_size) = group["lr"], state["step"], group["eps"]
        if least is None:
            least = float(xp.finfo(p.dtype).eps) if p.dtype.kind == "f" else 2.0**-7
        rate = max(least_size, _size(xp, p)) * min(lr, step**-0.5)
        if group["weight_decay"]:
            p *= 1 - lr * group["weight_decay"]
        share = step ** group["beta2_decay"]
        if p.ndim > 1:
            row, column = state["row_var"], state["col_var"]
            square = xp.square(g)
            move_towards(xp, row, square.mean(-1, keepdims=True), share)
            move_towards(xp, column, square.mean(-2, keepdims=True), share)
            mean = row * column
            mean /= xp.maximum(row.mean(-2, keepdims=True), least)
        else:
            mean = state["variance"]
            move_towards(xp, mean, g * g, share)
        change = g / xp.sqrt(xp.maximum(mean, least * least))
        p -= change * (rate / max(1.0, _size(xp, change) / group["d"]))


def _size(xp: Xp, a: Array) -> float:
    """Return the root of the mean square."""
    if not a.size:
        return math.nan
    return math.sqrt(
        float(xp.square(a.astype("float64" if a.dtype.itemsize > 2 else "float32")).mean())
    )

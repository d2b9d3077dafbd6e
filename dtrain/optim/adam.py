"""Adam and AdamW."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpValueError
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
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """p = p - lr m' / (sqrt(v') + eps), with means m of g and v of g^2, unbiased (Kingma, Ba 2015).

    Args:
        params: Parameters or groups of them.
        lr: Learning rate.
        betas: Share of the old mean in the new, for m and v.
        eps: Added to the denominator.
        weight_decay: Factor of the L2 penalty.
        amsgrad: Divide by the greatest v so far (Reddi et al., 2018).
        foreach: torch's spelling for several parameters at once.
        maximize: Climb instead of descending.
        capturable: torch's spelling for CUDA graphs.
        differentiable: Record the steps, so that a gradient can be taken through them.
        fused: torch's spelling for all in one kernel.
        decoupled_weight_decay: Decay the parameters themselves, as AdamW.

    Raises:
        OpValueError: An option lies outside its range.
    """

    counters = ("step",)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_rate(lr)
        if isinstance(lr, Tensor) and foreach and not capturable:
            raise OpValueError(
                "lr as a Tensor is not supported for capturable=False and foreach=True"
            )
        check_at_least(0, epsilon__value=eps)
        check_betas(betas)
        check_at_least(0, weight_decay__value=weight_decay)
        check_spellings(foreach=foreach, differentiable=differentiable, fused=fused)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def begin(self, xp: Xp, p: Array, group: dict[str, Any]) -> dict[str, Array]:
        """Return the means, which start at zero."""
        names = ["exp_avg", "exp_avg_sq"] + ["max_exp_avg_sq"] * group["amsgrad"]
        return {name: xp.zeros_like(p) for name in names}

    @staticmethod
    def update(xp: Xp, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change parameters in place; see Optimizer.update."""
        lr, (beta1, beta2), step = group["lr"], group["betas"], state["step"]
        m, v = state["exp_avg"], state["exp_avg_sq"]
        if group["decoupled_weight_decay"]:
            p *= 1 - lr * group["weight_decay"]
            g = descent(g, group)
        else:
            g = with_decay(p, g, group)
        t = move_towards(xp, m, g, 1 - beta1)
        xp.multiply(g, 1 - beta2, out=t)
        t *= g
        v *= beta2
        v += t
        if group["amsgrad"]:
            v = xp.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"])
        # sqrt(v') + eps is (sqrt(v) + eps root) / root: one division of arrays is enough.
        root = (1 - beta2**step) ** 0.5
        xp.sqrt(v, out=t)
        t += group["eps"] * root
        xp.divide(m, t, out=t)
        t *= lr * root / (1 - beta1**step)
        p -= t


class AdamW(Adam):
    """Adam with weight decay of the parameters themselves (Loshchilov and Hutter, 2019)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

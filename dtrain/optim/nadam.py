"""NAdam."""

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
from dtrain.tensor import dtype as dt
from dtrain.typing import Array, Xp

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """Adam with Nesterov momentum, mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2) (Dozat, 2016).

    Args:
        params: Parameters or groups of them.
        lr: Learning rate.
        betas: Share of the old mean in the new, for g and g^2.
        eps: Added to the denominator.
        weight_decay: Factor of the L2 penalty.
        momentum_decay: How fast the momentum rises.
        decoupled_weight_decay: Decay the parameters themselves, as AdamW.
        foreach: torch's spelling for several parameters at once.
        maximize: Climb instead of descending.
        capturable: torch's spelling for CUDA graphs.
        differentiable: Record the steps, so that a gradient can be taken through them.

    Raises:
        OpValueError: An option lies outside its range.
    """

    counters = ("step", "mu_product")

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        check_at_least(0, weight_decay__value=weight_decay, momentum_decay__value=momentum_decay)
        check_spellings(foreach=foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def begin(self, xp: Xp, p: Array, group: dict[str, Any]) -> dict[str, Array]:
        """Return the product of all momenta, and the means."""
        means = {name: xp.zeros_like(p) for name in ("exp_avg", "exp_avg_sq")}
        return {"mu_product": dt.get_default_dtype().np.type(1.0), **means}

    def count(self, held: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Raise the counters; see Optimizer.count."""
        numbers = super().count(held, group)

        def momentum(step: float) -> Any:
            return group["betas"][0] * (1.0 - 0.5 * 0.96 ** (step * group["momentum_decay"]))

        mu, mu_next = momentum(numbers["step"]), momentum(numbers["step"] + 1)
        product = held["mu_product"]._a
        product *= float(mu)
        return {**numbers, "mu": mu, "mu_next": mu_next, "mu_product": float(product)}

    @staticmethod
    def update(xp: Xp, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change parameters in place; see Optimizer.update."""
        lr, (beta1, beta2) = group["lr"], group["betas"]
        if group["decoupled_weight_decay"]:
            p *= 1 - lr * group["weight_decay"]
            g = descent(g, group)
        else:
            g = with_decay(p, g, group)
        m, v = state["exp_avg"], state["exp_avg_sq"]
        move_towards(xp, m, g, 1 - beta1)
        v *= beta2
        v += g * g * (1 - beta2)
        scale = xp.sqrt(v / (1 - beta2 ** state["step"]))
        scale += group["eps"]
        product = state["mu_product"]
        change = g * (lr * (1 - state["mu"]) / (1 - product))
        change += m * (lr * state["mu_next"] / (1 - product * state["mu_next"]))
        change /= scale
        p -= change

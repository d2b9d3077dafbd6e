"""Muon."""

from __future__ import annotations

import math
from typing import Any

from dtrain.errors import OpError, OpValueError
from dtrain.optim.optimizer import Optimizer
from dtrain.optim.options import move_towards
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["Muon"]


class Muon(Optimizer):
    """p = p - lr U, where U is the orthogonal matrix nearest to the mean of the gradients.

    Source: Jordan et al., 2024. For matrices alone; other parameters need another optimizer.

    Args:
        params: Parameters or groups of them.
        lr: Learning rate.
        weight_decay: Factor of the decay of the parameters themselves.
        momentum: Share of the old mean in the new.
        nesterov: Look ahead by one step.
        ns_coefficients: Those of x, x^3 and x^5 in a Newton-Schulz step.
        eps: The least norm that is divided by.
        ns_steps: How many Newton-Schulz steps are made.
        adjust_lr_fn: How the rate follows the shape: "original" (None) or "match_rms_adamw".

    Raises:
        OpValueError: An option lies outside its range, or a parameter is no matrix.

    Note:
        As in torch, the steps are rounded to bfloat16.
    """

    elementwise = False

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise OpValueError("Tensor lr must be 1-element")
        if not lr >= 0.0:
            raise OpValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not momentum >= 0.0:
            raise OpValueError(f"momentum should be >= 0 but is: {momentum}")
        if not weight_decay >= 0.0:
            raise OpValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in {None, "original", "match_rms_adamw"}:
            raise OpValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim != 2:
                    raise OpValueError(
                        "Muon only supports 2D parameters whereas we found a parameter with size: "
                        f"{p.size()}"
                    )

    def begin(self, xp: Xp, p: Array, group: dict[str, Any]) -> dict[str, Array]:
        """Return the mean.

        Raises:
            OpError: The parameter is complex.
            OpValueError: It is no matrix.
        """
        if p.dtype.kind == "c":
            raise OpError("Muon does not support complex parameters")
        if p.ndim != 2:
            raise OpValueError("Param gradient must be a 2D matrix")
        return {"momentum_buffer": xp.zeros_like(p)}

    @staticmethod
    def update(xp: Xp, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change parameters in place; see Optimizer.update."""
        lr, momentum, mean = group["lr"], group["momentum"], state["momentum_buffer"]
        move_towards(xp, mean, g, 1 - momentum)
        ahead = g + (mean - g) * momentum if group["nesterov"] else mean
        near = _orthogonal(xp, ahead, group)
        rows, columns = p.shape
        if group["adjust_lr_fn"] == "match_rms_adamw":
            rate = lr * 0.2 * math.sqrt(max(rows, columns))
        else:
            rate = lr * math.sqrt(max(1, rows / columns))
        p *= 1 - lr * group["weight_decay"]
        near *= rate
        p -= near.astype(p.dtype)


def _orthogonal(xp: Xp, matrix: Array, group: dict[str, Any]) -> Array:
    """Return about the orthogonal matrix nearest to a matrix, by Newton and Schulz.

    Raises:
        OpValueError: There are not three coefficients, or 100 steps or more.
    """
    if group["ns_steps"] >= 100:
        raise OpValueError("Number of steps must be less than 100 for computational efficiency")
    if len(group["ns_coefficients"]) != 3:
        raise OpValueError("Coefficients must be a tuple of exactly 3 values")
    a, b, c = group["ns_coefficients"]
    tall = matrix.shape[0] > matrix.shape[1]
    x = _rounded(xp, xp.array(matrix.T if tall else matrix, "float32", order="C"))
    norm = _rounded(xp, xp.sqrt(xp.square(x).sum(keepdims=True)))
    x = _rounded(xp, x / xp.maximum(norm, group["eps"]))
    for _ in range(group["ns_steps"]):
        gram = _rounded(xp, x @ x.T)
        change = _rounded(xp, gram * b + (gram @ gram) * c)
        x = _rounded(xp, x * a + change @ x)
    return x.T if tall else x


def _rounded(xp: Xp, a: Array) -> Array:
    """Round float32 numbers in place to the nearest that bfloat16 has, half to even."""
    bits = a.view("uint32")
    bits += ((bits >> 16) & 1) + xp.uint32(0x7FFF)
    bits &= xp.uint32(0xFFFF0000)
    return a

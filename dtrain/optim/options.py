"""Options of optimizers: checks that they share, and the two that act on the gradient."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpError, OpValueError
from dtrain.typing import Array

__all__ = ["check_at_least", "check_spellings", "with_decay"]


def check_at_least(limit: float, **values: Any) -> None:
    """Refuse options below a limit.

    Raises:
        OpValueError: One is, or is NaN.
    """
    for what, value in values.items():
        if not value >= limit:
            raise OpValueError(f"Invalid {what.replace('__', ' ')}: {value}")


def check_spellings(**spellings: Any) -> None:
    """Refuse combinations of torch's spellings of the implementation.

    Raises:
        OpError: Two exclude each other.
        OpValueError: `differentiable`, which updates on bare arrays are not.
    """
    if spellings["differentiable"]:
        if spellings["fused"]:
            raise OpError("`fused` does not support `differentiable`")
        raise OpValueError(
            "differentiable=True: steps are not recorded here; expected False; do the update with "
            "tensor operations instead"
        )
    if spellings["foreach"] and spellings["fused"]:
        raise OpError("`fused` and `foreach` cannot be `True` together.")


def with_decay(p: Array, g: Array, group: dict[str, Any]) -> Array:
    """Return the gradient of what is minimized: its sign turned to maximize, L2 decay added."""
    if group["maximize"]:
        g = -g
    decay = group["weight_decay"]
    if not decay:
        return g
    total = p * float(decay)
    total += g
    return total

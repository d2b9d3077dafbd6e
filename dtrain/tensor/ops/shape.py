"""Shape."""

from __future__ import annotations

from typing import Any

from dtrain.tensor.op import VIEW, op
from dtrain.typing import Array, Xp

__all__ = ["expand", "reshape"]


@op(VIEW, varargs="shape", input=lambda F, g, input_shape: F.reshape(g, input_shape))
def reshape(xp: Xp, input: Array, shape: Any) -> Array:
    """View the elements under another shape; a copy only where no view can do it."""
    return xp.reshape(input, shape)


@op(VIEW, varargs="size", input=lambda F, g, input_shape: unb(F, g, input_shape))
def expand(xp: Xp, input: Array, size: Any) -> Array:
    """Broadcast to a larger size without copying; -1 keeps a dimension."""
    return xp.broadcast_to(input, size)


def unb(F: Any, g: Any, shape: Any) -> Any:
    lead = g.ndim - len(shape)
    dims = tuple(range(lead)) + tuple(
        [i + lead for i, n in enumerate(shape) if n == 1 and g.shape[i + lead] != 1]
    )
    return F.reshape(F.sum(g, dims), shape) if dims else g

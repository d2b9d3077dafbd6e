"""Reductions."""

from __future__ import annotations

from typing import Any

from dtrain.tensor.op import PLAIN, op
from dtrain.typing import Array, Xp

__all__ = ["sum"]


def spread(F: Any, g: Any, shape: Any, dim: Any, keepdim: bool) -> Any:
    if dim is not None and dim != () and not keepdim:
        dims = {d % len(shape) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))} if shape else ()
        g = F.reshape(g, tuple([1 if i in dims else n for i, n in enumerate(shape)]))
    return F.expand(g, shape)


@op(PLAIN, input=lambda F, g, input_shape, dim, keepdim: spread(F, g, input_shape, dim, keepdim))
def sum(xp: Xp, input: Array, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Array:
    """Sum over dim (an int, a tuple, or None for all)."""
    return xp.sum(input, axis=tuple(dim) if isinstance(dim, list) else dim, keepdims=keepdim)

"""Order: sort, topk and what is found by it."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import function, op
from dtrain.tensor.ops.gather import along
from dtrain.tensor.shape_rules import wrap_dim
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["argsort", "msort", "sort", "topk"]


@op(
    returns=("values", "indices"),
    input=lambda F, g, input_shape, dim, indices: F.places_grad(g, indices, input_shape, dim),
)
def sort(
    xp: Xp, input: Array, dim: int = -1, descending: bool = False, stable: Any = False
) -> Any:
    """Sort along a dimension; NaN counts as the greatest. Equal elements keep their order.

    Returns:
        (values, indices).
    """
    dim = wrap_dim("sort", dim, input.ndim)
    if input.ndim == 0:
        return input.copy(), xp.zeros((), xp.int64)
    at = order_of(xp, input, dim, descending)
    return along(xp, input, dim, at), at


def order_of(xp: Xp, input: Array, dim: int, descending: bool) -> Array:
    """Return the positions that sort an array along a dimension, equal elements in their order."""
    if not descending:
        return xp.argsort(input, dim, kind="stable")
    back = (*(slice(None),) * dim, slice(None, None, -1))
    return input.shape[dim] - 1 - xp.argsort(input[back], dim, kind="stable")[back]


@function
def argsort(
    input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False
) -> Tensor:
    """Return the positions that sort a tensor along a dimension."""
    return sort(input.detach(), dim, descending)[1]  # type: ignore[no-any-return]


@function
@accepts_out
def msort(input: Tensor) -> Tensor:
    """Sort along the first dimension."""
    return sort(input, 0)[0]  # type: ignore[no-any-return]


@op(
    returns=("values", "indices"),
    input=lambda F, g, input_shape, dim, indices: F.places_grad(g, indices, input_shape, dim),
)
def topk(
    xp: Xp, input: Array, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> Any:
    """Return the k largest (or smallest) elements along a dimension, in order.

    Returns:
        (values, indices).
    """
    dim = wrap_dim("topk", dim, input.ndim)
    n = input.shape[dim] if input.ndim else 1
    if not 0 <= k <= n:
        raise OpError(f"selected index k out of range: k={k} of {n} along dimension {dim}")
    if input.ndim == 0:
        return input.copy(), xp.zeros((), xp.int64)
    cut = (slice(None),) * dim
    if k * 8 < n and k:  # most elements need no order
        rough = xp.argpartition(input, n - k if largest else k - 1, dim)
        rough = rough[(*cut, slice(n - k, None) if largest else slice(k))]
        rough.sort(dim)  # equal elements stay in their order
        values = along(xp, input, dim, rough)
        at = along(xp, rough, dim, order_of(xp, values, dim, largest))
    else:
        at = order_of(xp, input, dim, largest)[(*cut, slice(k))]
    return along(xp, input, dim, at), xp.ascontiguousarray(at)

"""Order: sort, topk and what is found by it."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.numpy_names import numpy_names
from dtrain.tensor.op import function, op
from dtrain.tensor.ops.fill import in_place
from dtrain.tensor.ops.gather import along
from dtrain.tensor.shape_rules import at_dim, wrap_dim
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["argsort", "kthvalue", "msort", "renorm", "sort", "topk"]


@op(
    returns=("values", "indices"),
    input=lambda F, g, input_shape, dim, indices: F.places_grad(g, indices, input_shape, dim),
)
def sort(xp: Xp, input: Array, dim: int = -1, descending: bool = False, stable: Any = False) -> Any:
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
    if input.dtype.kind == "V":
        input = input.astype(xp.float32)  # bfloat16's own order has no place for NaN
    if not descending:
        return xp.argsort(input, dim, kind="stable")
    back = at_dim(dim, slice(None, None, -1))
    return input.shape[dim] - 1 - xp.argsort(input[back], dim, kind="stable")[back]


@function
@accepts_out
@numpy_names
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """Return the positions that sort a tensor along a dimension."""
    return sort(input.detach(), dim, descending)[1]


@function
@accepts_out
def msort(input: Tensor) -> Tensor:
    """Sort along the first dimension."""
    return sort(input, 0)[0]


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
    if k * 8 < n and k:  # most elements need no order
        rough = xp.argpartition(input, n - k if largest else k - 1, dim)
        rough = rough[at_dim(dim, slice(n - k, None) if largest else slice(k))]
        rough.sort(dim)  # equal elements stay in their order
        values = along(xp, input, dim, rough)
        at = along(xp, rough, dim, order_of(xp, values, dim, largest))
    else:
        at = order_of(xp, input, dim, largest)[at_dim(dim, slice(k))]
    return along(xp, input, dim, at), xp.ascontiguousarray(at)


@op(
    returns=("values", "indices"),
    input=lambda F, g, input_shape, dim, keepdim, indices: _at_positions(
        F, g, indices, input_shape, dim, keepdim
    ),
)
def kthvalue(xp: Xp, input: Array, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """Return the k-th smallest element along a dimension.

    Returns:
        (values, indices).
    """
    dim = wrap_dim("kthvalue", dim, input.ndim)
    n = input.shape[dim] if input.ndim else 1
    if not 1 <= k <= n:
        raise OpError(f"kthvalue(): selected number k out of range for dimension {dim}: {k} of {n}")
    if input.ndim == 0:
        return input.copy(), xp.zeros((), xp.int64)
    at = order_of(xp, input, dim, False)[at_dim(dim, slice(k - 1, k))]
    values = along(xp, input, dim, at)
    if not keepdim:
        values, at = values.squeeze(dim), at.squeeze(dim)
    return values, xp.asarray(at).copy()


def _at_positions(F: Any, g: Any, indices: Any, shape: Any, dim: int, keepdim: bool) -> Any:
    """Return zeros of `shape` with the gradient where a reduction found its result."""
    if not keepdim and shape:
        at = dim % len(shape)
        kept = (*shape[:at], 1, *shape[at + 1 :])
        g, indices = F.reshape(g, kept), F.reshape(indices, kept)
    return F.places_grad(g, indices, shape, dim)


@function
@accepts_out
def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Scale down each position along a dimension whose p-norm is above `maxnorm`.

    Raises:
        OpError: p or maxnorm is out of range, or the tensor has fewer than two dimensions.
    """
    if p <= 0:
        raise OpError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise OpError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input._a.ndim < 2:
        raise OpError(f"renorm: input needs at least 2 dimensions, got {input._a.ndim} dimensions")
    dim = wrap_dim("renorm", dim, input._a.ndim)
    rest = tuple([d for d in range(input._a.ndim) if d != dim])
    norm = _norm(input, p, rest)
    scale = (maxnorm / (norm + 1e-7)).clamp_max(1)
    return input * scale


def _norm(x: Tensor, p: float, dims: tuple[int, ...]) -> Tensor:
    size = x.abs()
    if p == float("inf"):
        return size.amax(dims, keepdim=True)
    return (size**p).sum(dims, keepdim=True) ** (1 / p)


in_place("renorm", renorm)

"""Tensors joined to one: cat, stack, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations as picks
from itertools import combinations_with_replacement
from typing import Any

from dtrain.errors import OpError, OpTypeError, ShapeError
from dtrain.tensor.op import Kind, function, op
from dtrain.tensor.ops.cast import to_dtype
from dtrain.tensor.ops.shape import expand, reshape
from dtrain.tensor.promote import result_type
from dtrain.tensor.shape_rules import at_dim, wrap_dim
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Arrays, Shape, Xp

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "cartesian_prod",
    "cat",
    "column_stack",
    "combinations",
    "concat",
    "concatenate",
    "dstack",
    "hstack",
    "meshgrid",
    "row_stack",
    "stack",
    "vstack",
]


def _one_type(op_: Any, values: list[Any]) -> list[Any]:
    """Bring the tensors of a sequence to their common type."""
    given = values[0]
    if isinstance(given, (tuple, list)) and given and all(isinstance(t, Tensor) for t in given):
        first = given[0]._a.dtype
        if any(t._a.dtype is not first for t in given):
            target = result_type(*given)
            values[0] = [t if t._a.dtype == target.np else to_dtype(t, target) for t in given]
    return values


_JOIN = Kind(cast=_one_type, method=False)


def _cut_back(F: Any, g: Any, tensors_shape: Sequence[Shape], dim: int) -> list[Any]:
    """Return the part of a gradient that belongs to each tensor that was joined."""
    out, start = [], 0
    dim = dim % g.ndim
    for shape in tensors_shape:
        n = shape[dim] if len(shape) == g.ndim else 0
        part = F.slice_index(g, (*(slice(None),) * dim, slice(start, start + n)))
        out.append(part if n or len(shape) == g.ndim else F.reshape(F.zeros_of(g, (0,)), shape))
        start += n
    return out


@op(
    _JOIN, tensors=_cut_back,
)  # fmt: skip
def cat(xp: Xp, tensors: Arrays, dim: int = 0) -> Any:
    """Join tensors along a dimension they have; their other sizes agree."""
    if not tensors:
        raise OpError("torch.cat(): expected a non-empty list of Tensors")
    try:
        return xp.concatenate(tensors, dim)
    except ValueError:
        return _cat_checked(xp, tensors, dim)


def _cat_checked(xp: Xp, tensors: Sequence[Any], dim: int) -> Any:
    """Join tensors of which some need not fit, with torch's errors."""
    if any(a.ndim != tensors[0].ndim for a in tensors):
        tensors = [a for a in tensors if a.shape != (0,)] or tensors[:1]  # kept for old programs
    ndim = tensors[0].ndim
    for i, a in enumerate(tensors):
        if a.ndim == 0:
            raise OpError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
        if a.ndim != ndim:
            raise ShapeError(
                f"Tensors must have same number of dimensions: got {ndim} and {a.ndim}"
            )
    if dim < 0 or dim >= ndim:
        dim = wrap_dim("cat", dim, ndim)
    try:
        return xp.concatenate(tensors, dim)
    except ValueError:
        raise _cat_error(tensors, dim) from None


def _cat_error(tensors: Sequence[Any], dim: int) -> ShapeError:
    first = tensors[0].shape
    for i, a in enumerate(tensors):
        for d, (n, m) in enumerate(zip(first, a.shape, strict=True)):
            if d != dim and n != m:
                return ShapeError(
                    f"Sizes of tensors must match except in dimension {dim}. Expected size {n} but "
                    f"got size {m} for tensor number {i} in the list."
                )
    return ShapeError("cat(): the tensors cannot be joined")


concat = concatenate = cat


@op(
    _JOIN,
    tensors=lambda F, g, tensors_shape, dim: _unstack(F, g, len(tensors_shape), dim),
)
def stack(xp: Xp, tensors: Arrays, dim: int = 0) -> Any:
    """Join tensors of one shape along a new dimension.

    Raises:
        ShapeError: The shapes differ.
    """
    if not tensors:
        raise OpError("stack expects a non-empty TensorList")
    at: Any = None
    if dim:
        dim = wrap_dim("stack", dim, tensors[0].ndim + 1)
        at = at_dim(dim, None)
    try:
        return xp.concatenate([a[at] for a in tensors], dim)
    except (ValueError, IndexError):
        raise _stack_error(tensors) from None


def _stack_error(tensors: Sequence[Any]) -> ShapeError:
    shape = tensors[0].shape
    for i, a in enumerate(tensors):
        if a.shape != shape:
            return ShapeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and "
                f"{list(a.shape)} at entry {i}"
            )
    return ShapeError("stack(): the tensors cannot be joined")


def _unstack(F: Any, g: Any, count: int, dim: int) -> list[Any]:
    lead = (slice(None),) * (dim % g.ndim)
    return [F.select_index(g, (*lead, i, ...)) for i in range(count)]


def _at_least(ndim: int, tensors: tuple[Any, ...]) -> Any:
    if len(tensors) != 1:
        return tuple([_at_least(ndim, (t,)) for t in tensors])
    (x,) = tensors
    if isinstance(x, (tuple, list)):
        return tuple([_at_least(ndim, (t,)) for t in x])
    shape = x._a.shape
    if len(shape) >= ndim:
        return x
    full = {0: (1,) * ndim, 1: ((1,) * (ndim - 1) + (-1,))[-2:] + (1,) * (ndim - 2)}
    return reshape(x, full[len(shape)] if len(shape) < 2 else (*shape, 1))


def atleast_1d(*tensors: Any) -> Any:
    """Give 0-d tensors one dimension."""
    return _at_least(1, tensors)


def atleast_2d(*tensors: Any) -> Any:
    """Give tensors of fewer dimensions two: a vector becomes a row."""
    return _at_least(2, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """Give tensors of fewer dimensions three: (N,) -> (1, N, 1), (N, M) -> (N, M, 1)."""
    return _at_least(3, tensors)


def _given(tensors: Any, where: str) -> list[Tensor]:
    if isinstance(tensors, Tensor) or not isinstance(tensors, (tuple, list)):
        raise OpTypeError(
            f"{where}(): argument 'tensors' (position 1) must be tuple of Tensors, not "
            f"{type(tensors).__name__}"
        )
    if not tensors:
        raise OpError(f"{where} expects a non-empty TensorList")
    return list(tensors)


def hstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join along the second dimension; vectors along their only one."""
    rows = [atleast_1d(t) for t in _given(tensors, "hstack")]
    return cat(rows, 0 if rows[0]._a.ndim == 1 else 1, out=out)


def vstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join along the first dimension; vectors become rows."""
    rows = [atleast_2d(t) for t in _given(tensors, "vstack")]
    return cat(rows, 0, out=out)


row_stack = vstack


def dstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join along the third dimension."""
    rows = [atleast_3d(t) for t in _given(tensors, "dstack")]
    return cat(rows, 2, out=out)


def column_stack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join along the second dimension; vectors become columns."""
    columns = [
        reshape(t, (t.numel(), 1)) if t._a.ndim < 2 else t for t in _given(tensors, "column_stack")
    ]
    return hstack(columns, out=out)


def block_diag(*tensors: Tensor) -> Tensor:
    """Return a matrix with the given matrices along its diagonal."""
    blocks = [atleast_2d(t) for t in tensors]
    for i, b in enumerate(blocks):
        if b._a.ndim > 2:
            raise OpError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has "
                f"{b._a.ndim} dimensions"
            )
    if not blocks:
        from dtrain.tensor.create import empty

        return empty(1, 0)
    width = sum(b._a.shape[1] for b in blocks)
    rows, left = [], 0
    for b in blocks:
        n, m = b._a.shape
        parts = [b.new_zeros((n, left)), b, b.new_zeros((n, width - left - m))]
        rows.append(cat(parts, 1))
        left += m
    return cat(rows, 0)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Return coordinate grids: result i runs over tensor i along dimension i.

    Args:
        *tensors: Vectors, or numbers as 0-d tensors; or one list of them.
        indexing: "ij" for matrix order (the default), "xy" for the first two dimensions swapped.
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    if not tensors:
        raise OpError("meshgrid expects a non-empty TensorList")
    if indexing not in (None, "ij", "xy"):
        raise OpError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    if any(t._a.ndim > 1 for t in tensors):
        raise OpError("torch.meshgrid: Expected 0D or 1D tensor in the tensor list")
    if any(t._a.dtype != tensors[0]._a.dtype for t in tensors):
        raise OpError("torch.meshgrid: meshgrid expects all tensors to have the same dtype")
    swap = indexing == "xy" and len(tensors) > 1
    order = [tensors[1], tensors[0], *tensors[2:]] if swap else list(tensors)
    shape = tuple([t.numel() for t in order])
    grids = [
        expand(reshape(t, (*(1,) * i, -1, *(1,) * (len(order) - i - 1))), shape)
        for i, t in enumerate(order)
    ]
    if swap:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """Return all ways to take one element of each vector, as rows."""
    if any(t._a.ndim != 1 for t in tensors):
        raise OpError("cartesian_prod: Expect a 1D vector for each tensor")
    if len(tensors) == 1:
        return tensors[0]
    return stack([g.flatten() for g in meshgrid(*tensors)], 1)


@function
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Return all ways to take `r` elements of a vector, as rows."""
    if input._a.ndim != 1:
        raise OpError(f"Expect a 1D vector, but got shape {list(input._a.shape)}")
    if r < 0:
        raise OpError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input.new_zeros((0,))
    from dtrain.tensor.from_data import tensor

    n = input.numel()
    rows = list((combinations_with_replacement if with_replacement else picks)(range(n), r))
    at = tensor(rows, device=input.device).reshape(-1, r).long()
    return input[at]

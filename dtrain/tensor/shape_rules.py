"""Dimensions and sizes: torch's checks and its words for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dtrain.errors import OpError, OpIndexError, OpTypeError, ShapeError

__all__ = ["at_dim", "dim_error", "expanded_size", "wrap_dim", "wrap_dims"]


def at_dim(dim: int, part: Any) -> tuple[Any, ...]:
    """Return the index that takes `part` (a slice, an integer, None) of one dimension."""
    return (*(slice(None),) * dim, part)


def dim_error(where: str, dim: int, ndim: int) -> OpIndexError:
    """Return the error for a dimension that a tensor of `ndim` dimensions does not have."""
    n = max(ndim, 1)
    return OpIndexError(
        f"{where}: Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got "
        f"{dim})"
    )


def wrap_dim(where: str, dim: Any, ndim: int) -> int:
    """Return `dim` counted from the front; a 0-d tensor counts as having one dimension.

    Raises:
        OpIndexError: There is no such dimension.
        OpTypeError: `dim` is no integer.
    """
    n = ndim or 1
    try:
        if -n <= dim < n:
            return int(dim + n if dim < 0 else dim)
    except TypeError:
        raise OpTypeError(
            f"{where}(): argument 'dim' must be int, not {type(dim).__name__}"
        ) from None
    raise dim_error(where, dim, ndim)


def wrap_dims(where: str, dims: int | Iterable[int], ndim: int) -> tuple[int, ...]:
    """Return dimensions counted from the front, in the order given.

    Raises:
        OpIndexError: There is no such dimension.
        OpError: One appears twice.
    """
    given = (dims,) if isinstance(dims, int) else dims
    out = tuple([wrap_dim(where, d, ndim) for d in given])
    if len(set(out)) != len(out):
        twice = next(d for d in out if out.count(d) > 1)
        raise OpError(f"{where}: dim {twice} appears multiple times in the list of dims")
    return out


def expanded_size(shape: Sequence[int], size: Sequence[int]) -> tuple[int, ...]:
    """Return the size to which `shape` is expanded; -1 keeps a dimension.

    Raises:
        ShapeError: `shape` does not broadcast to `size`.
    """
    lead = len(size) - len(shape)
    if lead < 0:
        raise ShapeError(
            f"expand(size={list(size)}): the number of sizes provided ({len(size)}) must be "
            f"greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    out = []
    for i, n in enumerate(size):
        have = shape[i - lead] if i >= lead else None
        if n == -1:
            if have is None:
                raise ShapeError(
                    f"expand: The expanded size of the tensor (-1) isn't allowed in a leading, "
                    f"non-existing dimension {i}"
                )
            n = have
        elif n < 0:
            raise ShapeError(f"expand: the size {n} at dimension {i} is negative")
        elif have is not None and have not in (1, n):
            raise ShapeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({have}) at "
                f"non-singleton dimension {i}.  Target sizes: {list(size)}.  Tensor sizes: "
                f"{list(shape)}"
            )
        out.append(int(n))
    return tuple(out)

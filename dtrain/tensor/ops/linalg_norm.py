"""Norms of vectors and matrices, condition numbers, distances."""

from __future__ import annotations

import math
from typing import Any

from dtrain.errors import OpError, ShapeError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import INTERNAL, function, op
from dtrain.tensor.ops.linalg_checks import check_float, check_matrix, check_square, transposed
from dtrain.tensor.ops.linalg_solve import linalg_inv_ex
from dtrain.tensor.ops.linalg_svd import svdvals
from dtrain.tensor.ops.norm import norm as any_norm
from dtrain.tensor.ops.norm import vector_norm as norm_along
from dtrain.tensor.ops.reduce import Dim
from dtrain.tensor.rules import unbroadcast
from dtrain.tensor.shape_rules import wrap_dim, wrap_dims
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Shape, Xp

__all__ = ["cdist", "cond", "dist", "matrix_norm", "norm", "vector_norm"]

# ---- norms ----


@accepts_out
def vector_norm(
    x: Tensor, ord: float = 2, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """Return sum(abs(x) ** ord) ** (1 / ord) over `dim`, None for all elements.

    Args:
        x: Any shape.
        ord: The order; 0 counts what is not zero, inf gives the greatest, -inf the least.
        dim: An int or several.
        keepdim: Keep the dimensions with size 1.
        dtype: Convert to it first.

    Raises:
        OpError: A maximum or minimum over nothing is asked for.
    """
    if (ord < 0 or ord == math.inf) and not x.numel():
        dims = range(x.ndim) if dim is None or dim == () else wrap_dims("norm", dim, x.ndim)
        if any(not x.shape[d] for d in dims):
            raise OpError(
                f"linalg.vector_norm cannot compute the {_order(ord)} norm on an empty tensor "
                "because the operation does not have an identity"
            )
    return norm_along(x, ord, dim, keepdim, dtype)


def _order(ord: Any) -> str:
    return f"{ord:g}" if isinstance(ord, float) else str(ord)


def _last_two(A: Any, dim: tuple[int, int]) -> Any:
    """Return the tensor with two dimensions moved to the end."""
    rest = [i for i in range(A.ndim) if i not in dim]
    return A.permute([*rest, *dim])


@accepts_out
def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Shape = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """Return the norms of matrices.

    Args:
        A: At least 2-d.
        ord: "fro" root of the sum of squares, "nuc" sum of the singular values, 2 and -2 the
            greatest and the least of them, 1 and -1 the greatest and least sum of a column's
            magnitudes, inf and -inf of a row's.
        dim: The rows and the columns.
        keepdim: Keep both dimensions with size 1.
        dtype: Convert to it first.

    Raises:
        OpError: There is no such norm, or the two dimensions are the same.
    """
    check_matrix("linalg.matrix_norm", A)
    check_float("linalg.matrix_norm", A, half=True)
    if len(dim) != 2:
        raise OpError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
    one, two = (wrap_dim("linalg.matrix_norm", d, A.ndim) for d in dim)
    if one == two:
        raise OpError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if dtype is not None:
        A = A.to(dtype)
    if ord == "fro":
        return norm_along(A, 2, (one, two), keepdim, None)
    if ord in ("nuc", 2, -2):
        S = svdvals(_last_two(A, (one, two)))
        y = S.sum(-1) if ord == "nuc" else S.amax(-1) if ord == 2 else S.amin(-1)
        for d in sorted((one, two)) if keepdim else ():
            y = y.unsqueeze(d)
        return y
    if ord not in (1, -1, math.inf, -math.inf):
        raise OpError(f"linalg.matrix_norm: Order {_order(ord)} not supported.")
    along, over = (one, two) if abs(ord) == 1 else (two, one)
    sums = norm_along(A, 1, along, True, None)
    y = sums.amax(over, True) if ord > 0 else sums.amin(over, True)
    return y if keepdim else y.squeeze((one, two))


@accepts_out
def norm(
    A: Tensor, ord: Any = None, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """Return the norm of vectors or matrices.

    Args:
        A: Any shape; 1-d or 2-d where `ord` is given and `dim` is not.
        ord: As in vector_norm or matrix_norm; None for the root of the sum of squares.
        dim: One dimension, of vectors, or two, of matrices; None for all.
        keepdim: Keep the dimensions with size 1.
        dtype: Convert to it first.

    Raises:
        ShapeError: The number of dimensions leaves open what norm it is.
    """
    dims = None if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    if ord is None:
        return vector_norm(A, 2, dims, keepdim, dtype=dtype)
    if dims is None and A.ndim not in (1, 2):
        raise ShapeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{A.ndim}D."
        )
    if dims is not None and len(dims) not in (1, 2):
        raise ShapeError(
            "linalg.norm: If dim is specified, it must be of length 1 or 2. Got "
            f"[{', '.join(map(str, dims))}]"
        )
    count = A.ndim if dims is None else len(dims)
    if count == 1 and not isinstance(ord, str):
        return vector_norm(A, ord, dims, keepdim, dtype=dtype)
    return matrix_norm(A, ord, (0, 1) if dims is None else dims, keepdim, dtype=dtype)


@accepts_out
def cond(A: Tensor, p: Any = None) -> Any:
    """Return the condition numbers norm(A, p) * norm(inv(A), p); inf for a singular matrix.

    Args:
        A: Matrices, (*, m, n); square unless p is None, 2 or -2.
        p: As `ord` of matrix_norm; None for 2.
    """
    check_matrix("linalg.cond", A)
    if p in (None, 2, -2):
        S = svdvals(A)
        if not S.shape[-1]:
            return S.sum(-1)
        return S[..., -1] / S[..., 0] if p == -2 else S[..., 0] / S[..., -1]
    check_square(
        f"linalg.cond(ord={p})" if isinstance(p, str) else f"linalg.cond(ord={_order(p)})", A
    )
    if not A.shape[-1]:
        return abs(A).sum((-2, -1))
    inverse, info = linalg_inv_ex(A)
    y = matrix_norm(A, p) * matrix_norm(inverse, p)
    return y.masked_fill(info != 0, math.inf) if bool((info != 0).any()) else y


# ---- distances ----


@function
@accepts_out
def dist(input: Tensor, other: Tensor, p: float = 2) -> Any:
    """Return the norm of the difference of two tensors."""
    return any_norm(input - other, p)


def _euclidean_back(F: Any, g: Any, wanted: Any, x1: Any, x2: Any, result: Any) -> tuple[Any, Any]:
    w = F.where(result == 0, 0, g / result)
    one = two = None
    if wanted[0]:
        one = unbroadcast(F, x1 * F.sum(w, -1, True) - w @ x2, x1.shape)
    if wanted[1]:
        w = transposed(F, w)
        two = unbroadcast(F, x2 * F.sum(w, -1, True) - w @ x1, x2.shape)
    return one, two


@op(INTERNAL, node="CdistBackward0", joint=(("x1", "x2"), _euclidean_back))
def euclidean(xp: Xp, x1: Array, x2: Array) -> Array:
    """Return the distances of all pairs by one matrix product, without the pairs' differences."""
    square = (x1 * x1).sum(-1)[..., :, None] + (x2 * x2).sum(-1)[..., None, :]
    return xp.sqrt(xp.maximum(square - 2 * (x1 @ x2.swapaxes(-1, -2)), xp.zeros((), x1.dtype)))


_MODES = {
    "use_mm_for_euclid_dist_if_necessary": 25,
    "use_mm_for_euclid_dist": 0,
    "donot_use_mm_for_euclid_dist": math.inf,
}
"""How many points there are before the distances are computed by a matrix product."""


def cdist(
    x1: Tensor, x2: Tensor, p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> Any:  # fmt: skip
    """Return the distances of each point of one set from each of another.

    Args:
        x1: Points, (*, P, M).
        x2: Points, (*, R, M).
        p: The order of the norm, from 0 to inf.
        compute_mode: When to use a matrix product for p = 2: quicker, less exact for near points.

    Returns:
        The distances, (*, P, R).

    Raises:
        ShapeError: The points are of different dimensions.
        OpError: `p` is negative or `compute_mode` unknown.
    """
    for name, x in (("X1", x1), ("X2", x2)):
        if x.ndim < 2:
            raise ShapeError(f"cdist only supports at least 2D tensors, {name} got: {x.ndim}D")
        check_float("cdist", x)
    if x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(
            f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}"
        )
    if p < 0:
        raise OpError("cdist only supports non-negative p values")
    if compute_mode not in _MODES:
        raise OpError(f"{compute_mode} is not a valid value for compute_mode")
    if p == 2 and max(x1.shape[-2], x2.shape[-2]) > _MODES[compute_mode]:
        return euclidean(x1, x2)
    return norm_along(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, -1, False, None)

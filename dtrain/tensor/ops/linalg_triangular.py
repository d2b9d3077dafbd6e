"""Triangular systems, and systems of which the Cholesky factor is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.errors import ShapeError
from dtrain.tensor.create import eye
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import INTERNAL, function, op
from dtrain.tensor.ops.linalg_checks import (
    adjoined,
    check_matrix,
    check_same_type,
    check_square,
    transposed,
)
from dtrain.tensor.rules import unbroadcast
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["cholesky_inverse", "cholesky_solve", "solve_triangular"]

_SMALL = 64
"""Rows up to which a triangle is solved at once; larger ones are cut in four."""


def _row_by_row(xp: Xp, a: Array, b: Array) -> Array:
    """Return inv(a) @ b for upper triangles, inf or nan where a diagonal has a zero."""
    n = a.shape[-1]
    x = xp.empty(b.shape, b.dtype)
    for i in reversed(range(n)):
        row = b[..., i : i + 1, :] - a[..., i : i + 1, i + 1 :] @ x[..., i + 1 :, :]
        x[..., i : i + 1, :] = row / a[..., i : i + 1, i : i + 1]
    return x


def _at_once(xp: Xp, a: Array, b: Array, upper: bool, unit: bool) -> Array:
    """Return inv(a) @ b by LAPACK's solver, which has nothing to eliminate in an upper triangle."""
    if not upper:
        return _at_once(xp, a[..., ::-1, ::-1], b[..., ::-1, :], True, unit)[..., ::-1, :]
    n = a.shape[-1]
    a = xp.where(xp.tri(n, n, int(unit) - 1, dtype=bool), xp.eye(n, dtype=a.dtype) * int(unit), a)
    try:
        return xp.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        return _row_by_row(xp, a, b)


def _substitute(xp: Xp, a: Array, b: Array, upper: bool, unit: bool) -> Array:
    """Return inv(a) @ b for triangles a, by halves: most of the work is then matrix products."""
    n = a.shape[-1]
    if n <= _SMALL:
        return _at_once(xp, a, b, upper, unit)
    x = xp.empty(b.shape, b.dtype)
    top, low = slice(0, n // 2), slice(n // 2, n)
    first, then = (low, top) if upper else (top, low)
    x[..., first, :] = _substitute(xp, a[..., first, first], b[..., first, :], upper, unit)
    rest = b[..., then, :] - a[..., then, first] @ x[..., first, :]
    x[..., then, :] = _substitute(xp, a[..., then, then], rest, upper, unit)
    return x


def _solved(xp: Xp, A: Array, B: Array, upper: bool, unit: bool) -> Array:
    batch = np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
    b = xp.broadcast_to(B, (*batch, *B.shape[-2:]))
    return _substitute(xp, A, b, upper, unit)


def _triangle_back(
    F: Any, g: Any, wanted: Any, A: Any, B: Any, upper: bool, unit: bool, result: Any
) -> tuple[Any, Any]:
    right = F.triangle_solve(transposed(F, A), g, not upper, unit)
    left = None
    if wanted[0]:
        full = unbroadcast(F, -(right @ transposed(F, result)), A.shape)
        left = F.triu(full, int(unit)) if upper else F.tril(full, -int(unit))
    return left, unbroadcast(F, right, B.shape) if wanted[1] else None


@op(INTERNAL, node="LinalgSolveTriangularBackward0", joint=(("A", "B"), _triangle_back))
def triangle_solve(xp: Xp, A: Array, B: Array, upper: bool, unit: bool) -> Array:
    """Return inv(A) @ B, where of A only one triangle counts; the batches broadcast."""
    return _solved(xp, A, B, upper, unit)


@accepts_out
def solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Any:
    """Return the solution X of A @ X = B, or of X @ A = B.

    Args:
        A: Triangles, (*, n, n); the other half is not read.
        B: Right-hand sides, (*, n, k), or (*, k, n) where A stands on the right.
        upper: A is upper triangular.
        left: A stands on the left.
        unitriangular: The diagonal is ones and is not read.
    """
    where = "linalg.solve_triangular"
    check_square(where, A)
    check_matrix(where, B, "B")
    check_same_type(where, A, B)
    check_fit(where, A, B, left)
    if left:
        return triangle_solve(A, B, upper, unitriangular)
    return triangle_solve(A.mT, B.mT, not upper, unitriangular).mT


def check_fit(where: str, A: Any, B: Any, left: bool = True) -> None:
    """Refuse a right-hand side that does not fit to the matrix.

    Raises:
        ShapeError: It does not.
    """
    if A.shape[-1] != B.shape[-2 if left else -1]:
        raise ShapeError(
            f"{where}: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'} ({A.shape[-2]}x{A.shape[-1]} and "
            f"{B.shape[-2]}x{B.shape[-1]})"
        )


def _factored_back(
    F: Any, g: Any, wanted: Any, B: Any, L: Any, upper: bool, result: Any
) -> tuple[Any, Any]:
    right = F.linalg_cholesky_solve(g, L, upper)
    factor = None
    if wanted[1]:
        both = right @ adjoined(F, result)
        both = both + adjoined(F, both)
        factor = unbroadcast(F, -(L @ both if upper else both @ L), L.shape)
    return unbroadcast(F, right, B.shape) if wanted[0] else None, factor


@op(
    INTERNAL, node="CholeskySolveBackward0", holomorphic=False,
    joint=(("B", "L"), _factored_back),
)  # fmt: skip
def linalg_cholesky_solve(xp: Xp, B: Array, L: Array, upper: bool) -> Array:
    """Return the solutions; see cholesky_solve."""
    adjoint = L.swapaxes(-1, -2).conj()
    first, second = (adjoint, L) if upper else (L, adjoint)
    return _solved(xp, second, _solved(xp, first, B, False, False), True, False)


@function
@accepts_out
def cholesky_solve(B: Tensor, L: Tensor, upper: bool = False) -> Any:
    """Return the solution of A @ X = B, given the Cholesky factor of A.

    Args:
        B: Right-hand sides, (*, n, k).
        L: The factor: A is L @ L.mH, or with `upper` L.mH @ L.
        upper: The factor is the upper one.
    """
    if B.ndim < 2 or L.ndim < 2:
        raise ShapeError(
            f"cholesky_solve: b and A should have at least 2 dimensions, but got {B.ndim} and "
            f"{L.ndim}"
        )
    check_square("cholesky_solve", L)
    check_same_type("cholesky_solve", L, B)
    check_fit("cholesky_solve", L, B)
    return linalg_cholesky_solve(B, L, upper)


@function
@accepts_out
def cholesky_inverse(L: Tensor, upper: bool = False) -> Any:
    """Return the inverse of the matrix whose Cholesky factor is L; see cholesky_solve."""
    check_square("cholesky_inverse", L)
    return linalg_cholesky_solve(eye(L.shape[-1], dtype=L.dtype, device=L.device), L, upper)

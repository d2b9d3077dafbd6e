"""LDL factorization of symmetric and Hermitian matrices that need not be definite."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dtrain.backend.module import to_host
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import INTERNAL, op
from dtrain.tensor.ops.linalg_checks import (
    accepts_outs,
    check_matrix,
    check_same_type,
    check_square,
    raise_for,
)
from dtrain.tensor.ops.linalg_triangular import check_fit
from dtrain.tensor.results import named_result
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["ldl_factor", "ldl_factor_ex", "ldl_solve"]

_ALPHA = (1 + math.sqrt(17)) / 8
"""Bounds the growth of elements best, over pivots of one row and of two."""


def _pivot(w: Any, k: int) -> tuple[int, int]:
    """Return (row to bring in, rows of the pivot) for step k; Bunch and Kaufman's choice."""
    first = abs(w[k, k])
    below = abs(w[k + 1 :, k])
    most = below.max(initial=0)
    if first >= _ALPHA * most:  # also where the column is zero
        return k, 1
    far = k + 1 + int(below.argmax())
    others = abs(w[far, k:])
    others[far - k] = 0
    row = others.max()
    if first >= _ALPHA * most * (most / row):
        return k, 1
    return far, (1 if abs(w[far, far]) >= _ALPHA * row else 2)


def _factor_one(w: Any) -> tuple[Any, Any, int]:
    """Return (L and D packed, pivots, info) of one full symmetric matrix, which is overwritten."""
    n = w.shape[0]
    pivots = np.zeros(n, np.int32)
    info = k = 0
    while k < n:
        far, size = _pivot(w, k)
        end = k + size
        if far != end - 1:
            exchange, back = [end - 1, far], [far, end - 1]
            w[exchange, k:] = w[back, k:]
            w[k:, exchange] = w[k:, back]
        pivots[k:end] = far + 1 if size == 1 else -(far + 1)
        d = w[k:end, k:end]
        if size == 1 and d[0, 0] == 0:
            info = info or k + 1
        else:
            column = w[end:, k:end] / d if size == 1 else w[end:, k:end] @ np.linalg.inv(d)
            w[end:, end:] -= column @ w[k:end, end:]
            w[end:, k:end] = column
        k = end
    return np.tril(w), pivots, info


@op(INTERNAL, returns=("LD", "pivots", "info"))
def linalg_ldl_factor_ex(xp: Xp, input: Array, hermitian: bool) -> tuple[Array, Array, Array]:
    """Return (LD, pivots, info), computed on the CPU; see ldl_factor_ex."""
    n = input.shape[-1]
    flat = to_host(input).reshape(math.prod(input.shape[:-2]), n, n)
    packed = np.empty_like(flat)
    pivots, info = np.empty(flat.shape[:2], np.int32), np.empty(flat.shape[0], np.int32)
    for i, a in enumerate(flat):
        lower = np.tril(a, -1)
        diagonal = np.diag(np.diag(a).real if hermitian else np.diag(a)).astype(a.dtype)
        full = lower + diagonal + (lower.conj().T if hermitian else lower.T)
        packed[i], pivots[i], info[i] = _factor_one(full)
    batch = input.shape[:-2]
    return (
        xp.asarray(packed.reshape(input.shape)), xp.asarray(pivots.reshape(*batch, n)),
        xp.asarray(info.reshape(batch)),
    )  # fmt: skip


def _singular(i: int) -> str:
    return f"D[{i},{i}] is zero, and solving with it would divide by zero."


def ldl_factor_ex(
    A: Tensor, *, hermitian: bool = False, check_errors: bool = False, out: Any = None
) -> Any:
    """Return (LD, pivots, info) of matrices that are symmetric, or Hermitian.

    Args:
        A: Matrices, (*, n, n); the lower triangle is read.
        hermitian: They are Hermitian and not symmetric, if they are complex.
        check_errors: Raise where a block of D is singular.
        out: Three tensors to write to.

    Returns:
        LD (*, n, n): L and the blocks of D packed; pivots (*, n), int32, as LAPACK's sytrf gives
        them: negative for blocks of two rows; info (*), int32: 0, or the first zero in D.
    """
    check_square("torch.linalg.ldl_factor_ex", A)
    made = linalg_ldl_factor_ex(A, hermitian, out=out)
    if check_errors:
        raise_for("torch.linalg.ldl_factor_ex", made.info, _singular)
    return made


_Factored = named_result("linalg_ldl_factor", ("LD", "pivots"))


@accepts_outs
def ldl_factor(A: Tensor, *, hermitian: bool = False) -> Any:
    """Return (LD, pivots); see ldl_factor_ex.

    Raises:
        LinAlgError: A block of D is singular.
    """
    check_square("torch.linalg.ldl_factor", A)
    packed, pivots, info = linalg_ldl_factor_ex(A, hermitian)
    raise_for("torch.linalg.ldl_factor", info, _singular)
    return _Factored((packed, pivots))


def _steps(pivots: Any) -> list[tuple[int, int, int]]:
    """Return (first row, row after the last, row brought in) for each block of D."""
    steps, k = [], 0
    while k < len(pivots):
        end = k + (1 if pivots[k] > 0 else 2)
        steps.append((k, end, abs(int(pivots[k])) - 1))
        k = end
    return steps


def _solve_one(packed: Any, pivots: Any, y: Any, hermitian: bool) -> Any:
    """Return the solution for one matrix and the right-hand sides y, which are overwritten."""
    steps = _steps(pivots)
    for k, end, far in steps:
        y[[end - 1, far]] = y[[far, end - 1]]
        y[end:] -= packed[end:, k:end] @ y[k:end]
        d = packed[k:end, k:end].copy()
        if end - k == 2:
            d[0, 1] = d[1, 0].conj() if hermitian else d[1, 0]
        y[k:end] = y[k:end] / d if end - k == 1 else np.linalg.solve(d, y[k:end])
    for k, end, far in reversed(steps):
        column = packed[end:, k:end]
        y[k:end] -= (column.conj() if hermitian else column).T @ y[end:]
        y[[end - 1, far]] = y[[far, end - 1]]
    return y


@op(INTERNAL)
def linalg_ldl_solve(xp: Xp, LD: Array, pivots: Array, B: Array, hermitian: bool) -> Array:
    """Return the solutions, computed on the CPU; see ldl_solve."""
    batch = np.broadcast_shapes(LD.shape[:-2], B.shape[:-2])
    count, (n, k) = math.prod(batch), B.shape[-2:]
    packed = np.broadcast_to(to_host(LD), (*batch, n, n)).reshape(count, n, n)
    rows = np.broadcast_to(to_host(pivots), (*batch, n)).reshape(count, n)
    y = np.broadcast_to(to_host(B), (*batch, n, k)).reshape(count, n, k).copy()
    for i in range(count):
        _solve_one(packed[i], rows[i], y[i], hermitian)
    return xp.asarray(y.reshape(*batch, n, k))


@accepts_out
def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False) -> Any:
    """Return the solution of A @ X = B, given A's factorization by ldl_factor.

    Args:
        LD: L and D packed, (*, n, n).
        pivots: (*, n), int32.
        B: Right-hand sides, (*, n, k).
        hermitian: As it was for ldl_factor.
    """
    where = "torch.linalg.ldl_solve"
    check_square(where, LD, "LD")
    check_matrix(where, B, "B")
    check_same_type(where, LD, B)
    check_fit(where, LD, B)
    return linalg_ldl_solve(LD, pivots, B, hermitian)

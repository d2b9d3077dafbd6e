"""LU factorization with partial pivoting, and what is solved with it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dtrain.errors import DtypeError, OpError
from dtrain.tensor import dtype as dt
from dtrain.tensor.create import eye, zeros
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import INTERNAL, op
from dtrain.tensor.ops.linalg_checks import (
    accepts_outs,
    check_float,
    check_matrix,
    check_same_type,
    check_square,
    raise_for,
    transposed,
)
from dtrain.tensor.ops.linalg_triangular import check_fit, triangle_solve
from dtrain.tensor.results import named_result
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["lu", "lu_factor", "lu_factor_ex", "lu_solve", "lu_unpack"]

# ---- the factorization ----


def factor(xp: Xp, a: Array) -> tuple[Array, Array, Array]:
    """Return (LU, pivots, info) of matrices (*, m, n), as LAPACK's getrf.

    NumPy offers no LU, so this is the column by column form, over the whole batch at once.
    """
    m, n = a.shape[-2:]
    batch, k = a.shape[:-2], min(m, n)
    count = math.prod(batch)
    lu = a.reshape(count, m, n).copy()
    every = xp.arange(count)
    pivots = xp.empty((count, k), "i4")
    info = xp.zeros(count, "i4")
    for j in range(k):
        column = lu[:, j:, j]
        size = abs(column.real) + abs(column.imag) if a.dtype.kind == "c" else abs(column)
        p = size.argmax(1) + j
        pivots[:, j] = p + 1
        row = lu[every, p]
        lu[every, p] = lu[:, j]
        lu[:, j] = row
        d = lu[:, j, j]
        info = xp.where((info == 0) & (d == 0), xp.asarray(j + 1, "i4"), info)
        lu[:, j + 1 :, j] /= xp.where(d == 0, xp.ones((), d.dtype), d)[:, None]
        lu[:, j + 1 :, j + 1 :] -= lu[:, j + 1 :, j, None] * lu[:, j, None, j + 1 :]
    return lu.reshape(a.shape), pivots.reshape(*batch, k), info.reshape(batch)


def order_of(xp: Xp, pivots: Array, m: int) -> Array:
    """Return the permutation that row exchanges make of m rows: (P.T @ A)[i] = A[order[i]]."""
    flat = pivots.reshape(math.prod(pivots.shape[:-1]), pivots.shape[-1])
    every = xp.arange(flat.shape[0])
    order = xp.tile(xp.arange(m), (flat.shape[0], 1))
    for j in range(flat.shape[1]):
        p = flat[:, j].astype("i8") - 1
        held = order[every, p]
        order[every, p] = order[:, j]
        order[:, j] = held
    return order.reshape(*pivots.shape[:-1], m)


@op(INTERNAL, input=lambda F, g, pivots, back: F.permuted_rows(g, pivots, not back))
def permuted_rows(xp: Xp, input: Array, pivots: Array, back: bool) -> Array:
    """Return P.T @ input, or with `back` P @ input, where pivots are the exchanges that make P."""
    order = order_of(xp, pivots, input.shape[-2])
    order = order.argsort(-1) if back else order
    batch = np.broadcast_shapes(order.shape[:-1], input.shape[:-2])
    order = xp.broadcast_to(order[..., None], (*batch, input.shape[-2], input.shape[-1]))
    return xp.take_along_axis(xp.broadcast_to(input, order.shape), order, -2)


def _factor_back(F: Any, g: Any, LU: Any, pivots: Any) -> Any:
    """Return the gradient of A = P L U from that of L and U, packed in one matrix (m, n)."""
    m, n = LU.shape[-2:]
    k = min(m, n)
    head = LU[..., :k, :k]

    def by_lower(y: Any) -> Any:  # inv(L).T @ y
        return F.triangle_solve(transposed(F, head), y, True, True)

    def by_upper(y: Any) -> Any:  # y @ inv(U).T
        return transposed(F, F.triangle_solve(head, transposed(F, y), True, False))

    lower, upper = F.tril(g[..., :k, :k], -1), F.triu(g[..., :k, :k], 0)
    rest = None
    if n > k:  # A = P L [U1 U2], so U2 = inv(L) P.T A2
        rest = by_lower(g[..., :, k:])
        lower = lower - F.tril(rest @ transposed(F, LU[..., :, k:]), -1)
    elif m > k:  # A = P [L1; L2] U, so L2 = P.T A2 inv(U)
        rest = by_upper(g[..., k:, :])
        upper = upper - F.triu(transposed(F, LU[..., k:, :]) @ rest, 0)
    lower = lower + transposed(F, F.tril(head, -1)) @ lower
    inner = F.tril(lower, -1) + F.triu(upper @ transposed(F, F.triu(head, 0)), 0)
    inner = by_upper(by_lower(inner))
    if rest is not None:
        inner = F.cat([inner, rest], -1 if n > k else -2)
    return F.permuted_rows(inner, pivots, True)


@op(
    INTERNAL, returns=("LU", "pivots", "info"), node="LinalgLuFactorExBackward0",
    input=_factor_back,
)  # fmt: skip
def linalg_lu_factor_ex(xp: Xp, input: Array) -> Array:
    """Return (LU, pivots, info); see lu_factor_ex."""
    return factor(xp, input)


def _checked(where: str, A: Tensor, pivot: bool) -> None:
    check_matrix(where, A)
    check_float(where, A)
    if not pivot:
        raise OpError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")


def _zero_on_diagonal(i: int) -> str:
    return (
        f"U[{i},{i}] is zero and using it on lu_solve would result in a division by zero. If you "
        "still want to perform the factorization, consider calling linalg.lu(A, pivot) or "
        "linalg.lu_factor_ex(A, pivot)"
    )


def lu_factor_ex(
    A: Tensor, *, pivot: bool = True, check_errors: bool = False, out: Any = None
) -> Any:
    """Return (LU, pivots, info): the factors of A = P L U packed in one matrix.

    Args:
        A: Matrices, (*, m, n).
        pivot: Exchange rows; torch has no other way on the CPU either.
        check_errors: Raise where U has a zero on its diagonal.
        out: Three tensors to write to.

    Returns:
        LU (*, m, n); pivots (*, min(m, n)), int32: row i was exchanged with row pivots[i] - 1;
        info (*), int32: the first i for which U[i - 1, i - 1] is zero, or 0.
    """
    _checked("torch.linalg.lu_factor_ex", A, pivot)
    made = linalg_lu_factor_ex(A, out=out)
    if check_errors:
        raise_for("torch.linalg.lu_factor_ex", made.info, _zero_on_diagonal)
    return made


_Factored = named_result("linalg_lu_factor", ("LU", "pivots"))


@accepts_outs
def lu_factor(A: Tensor, *, pivot: bool = True) -> Any:
    """Return (LU, pivots); see lu_factor_ex.

    Raises:
        LinAlgError: A matrix is singular.
    """
    _checked("torch.linalg.lu_factor", A, pivot)
    packed, pivots, info = linalg_lu_factor_ex(A)
    raise_for("torch.linalg.lu_factor", info, _zero_on_diagonal)
    return _Factored((packed, pivots))


_Factors = named_result("linalg_lu", ("P", "L", "U"))
_Unpacked = named_result("lu_unpack", ("P", "L", "U"))


@accepts_outs
def lu(A: Tensor, *, pivot: bool = True) -> Any:
    """Return the factors (P, L, U) of A = P @ L @ U, with ones on the diagonal of L."""
    _checked("torch.linalg.lu", A, pivot)
    packed, pivots, _ = linalg_lu_factor_ex(A)
    return _Factors(lu_unpack(packed, pivots))


@accepts_outs
def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True
) -> Any:
    """Return (P, L, U) of a packed factorization, as lu_factor gives it.

    Args:
        LU_data: L and U packed, (*, m, n).
        LU_pivots: The exchanges of rows, (*, min(m, n)), int32.
        unpack_data: Give L and U; they are empty without.
        unpack_pivots: Give P; it is empty without.

    Raises:
        DtypeError: The pivots are not int32.
    """
    if LU_pivots.dtype is not dt.int32:
        raise DtypeError("torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of "
                         "torch.int32 dtype")  # fmt: skip
    m, n = LU_data.shape[-2:]
    k = min(m, n)
    P = zeros(0, dtype=LU_data.dtype, device=LU_data.device)
    L = U = LU_data.reshape(-1)[:0]
    if unpack_data:
        one = eye(m, k, dtype=LU_data.dtype, device=LU_data.device)
        L = LU_data[..., :, :k].tril(-1) + one
        U = LU_data[..., :k, :].triu()
    if unpack_pivots:
        one = eye(m, dtype=LU_data.dtype, device=LU_data.device)
        P = permuted_rows(one.expand(*LU_data.shape[:-2], m, m), LU_pivots, True)
    return _Unpacked((P, L, U))


@accepts_out
def lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False
) -> Any:
    """Return the solution of A @ X = B, given A's packed LU factorization.

    Args:
        LU: L and U packed, (*, n, n).
        pivots: The exchanges of rows, (*, n), int32.
        B: Right-hand sides, (*, n, k), or (*, k, n) where A stands on the right.
        left: A stands on the left.
        adjoint: Solve with A.mH in place of A.
    """
    where = "torch.linalg.lu_solve"
    check_square(where, LU, "LU")
    check_matrix(where, B, "B")
    check_same_type(where, LU, B)
    check_fit("linalg.lu_solve", LU, B, left)
    if pivots.dtype is not dt.int32:
        raise DtypeError("linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32")
    if not left:  # X A = B is A.mH X.mH = B.mH
        return lu_solve(LU, pivots, B.mH, adjoint=not adjoint).mH
    if adjoint:
        y = triangle_solve(LU.mH, triangle_solve(LU.mH, B, False, False), True, True)
        return permuted_rows(y, pivots, True)
    y = triangle_solve(LU, permuted_rows(B, pivots, False), False, True)
    return triangle_solve(LU, y, True, False)

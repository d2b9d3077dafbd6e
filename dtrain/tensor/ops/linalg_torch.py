"""Linear algebra under torch's older names, those without `linalg`: inverse, det, svd, lu, ..."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpValueError, ShapeError
from dtrain.tensor.create import zeros
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import attach, function
from dtrain.tensor.ops.elementary import log
from dtrain.tensor.ops.linalg_checks import accepts_outs, check_square
from dtrain.tensor.ops.linalg_decompose import cholesky as _cholesky
from dtrain.tensor.ops.linalg_decompose import geqrf, orgqr, ormqr
from dtrain.tensor.ops.linalg_decompose import qr as _qr
from dtrain.tensor.ops.linalg_lu import lu_factor, lu_factor_ex, lu_unpack
from dtrain.tensor.ops.linalg_lu import lu_solve as _lu_solve
from dtrain.tensor.ops.linalg_norm import cdist, dist
from dtrain.tensor.ops.linalg_products import matrix_exp, matrix_power
from dtrain.tensor.ops.linalg_solve import det, inv, linalg_slogdet
from dtrain.tensor.ops.linalg_svd import pinv, svdvals
from dtrain.tensor.ops.linalg_svd import svd as _svd
from dtrain.tensor.ops.linalg_triangular import (
    cholesky_inverse,
    cholesky_solve,
    solve_triangular,
)
from dtrain.tensor.random import randn
from dtrain.tensor.results import named_result
from dtrain.tensor.tensor import Tensor

__all__ = [
    "cdist", "cholesky", "cholesky_inverse", "cholesky_solve", "det", "dist", "geqrf", "inverse",
    "logdet", "lu", "lu_solve", "lu_unpack", "matrix_exp", "matrix_power", "orgqr", "ormqr",
    "pca_lowrank", "pinverse", "qr", "slogdet", "svd", "svd_lowrank", "triangular_solve",
]  # fmt: skip

inverse = inv
for _name, _fn in {
    "inverse": inv, "det": det, "matrix_exp": matrix_exp, "matrix_power": matrix_power
}.items():  # fmt: skip
    attach(_name, _fn)


_Slogdet = named_result("slogdet", ("sign", "logabsdet"))


@function
@accepts_outs
def slogdet(input: Tensor) -> Any:
    """Return (sign, logabsdet): the determinants are sign * exp(logabsdet)."""
    check_square("linalg.slogdet", input)
    return _Slogdet(linalg_slogdet(input))


@function
def logdet(input: Tensor) -> Any:
    """Return the logarithms of determinants: nan where one is negative, -inf where it is 0."""
    check_square("logdet", input)
    sign, size = linalg_slogdet(input)
    return size + log(sign)


@function
def pinverse(input: Tensor, rcond: float = 1e-15) -> Any:
    """Return the pseudo-inverses; see linalg.pinv."""
    return pinv(input, rcond)


@function
@accepts_out
def cholesky(input: Tensor, upper: bool = False) -> Any:
    """Return the Cholesky factor; see linalg.cholesky."""
    return _cholesky(input, upper=upper)


_QR = named_result("qr", ("Q", "R"))
_SVD = named_result("svd", ("U", "S", "V"))
_Solved = named_result("triangular_solve", ("solution", "cloned_coefficient"))


@function
@accepts_outs
def qr(input: Tensor, some: bool = True) -> Any:
    """Return (Q, R); without `some` the complete ones. See linalg.qr."""
    return _QR(_qr(input, "reduced" if some else "complete"))


@function
@accepts_outs
def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """Return (U, S, V) of input = U @ diag(S) @ V.mH; see linalg.svd.

    Args:
        input: Matrices, (*, m, n).
        some: As full_matrices=False of linalg.svd.
        compute_uv: Without, U and V are zeros.
    """
    if not compute_uv:
        m, n = input.shape[-2:]
        S = svdvals(input)
        made = [
            zeros(*input.shape[:-2], k, k, dtype=input.dtype, device=input.device) for k in (m, n)
        ]
        return _SVD((made[0], S, made[1]))
    U, S, Vh = _svd(input, not some)
    return _SVD((U, S, Vh.mH))


@function
@accepts_outs
def triangular_solve(
    b: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    """Return (solution, A) of A @ solution = b; see linalg.solve_triangular.

    Args:
        b: Right-hand sides, (*, n, k).
        A: Triangles, (*, n, n).
        upper: A is upper triangular.
        transpose: Solve with A.mT in place of A.
        unitriangular: The diagonal is ones and is not read.
    """
    for name, t in (("b", b), ("A", A)):
        if t.ndim < 2:
            raise ShapeError(
                f"torch.triangular_solve: Expected {name} to have at least 2 dimensions, but it "
                f"has {t.ndim} dimensions instead"
            )
    if transpose:
        solution = solve_triangular(A.mT, b, upper=not upper, unitriangular=unitriangular)
    else:
        solution = solve_triangular(A, b, upper=upper, unitriangular=unitriangular)
    return _Solved((solution, A.expand(*solution.shape[:-2], *A.shape[-2:]).clone()))


# ---- LU ----

_LU = named_result("_lu_with_info", ("LU", "pivots", "info"))


@function
@accepts_outs
def lu(A: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """Return (LU, pivots), and with `get_infos` (LU, pivots, info); see linalg.lu_factor_ex.

    Raises:
        LinAlgError: A matrix is singular, and no infos are asked for.
    """
    if get_infos:
        return _LU(lu_factor_ex(A, pivot=pivot))
    return tuple(lu_factor(A, pivot=pivot))


@function
@accepts_out
def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Any:
    """Return the solution of A @ X = b, given A's packed LU factorization."""
    return _lu_solve(LU_data, LU_pivots, b)


# ---- of low rank ----


def _basis(A: Tensor, q: int, rounds: int, M: Tensor | None) -> Any:
    """Return Q (*, m, q), whose columns nearly span those of A - M.

    Source: Halko, Martinsson and Tropp, Finding structure with randomness, algorithm 4.4.
    """

    def times(x: Any, adjoint: bool) -> Any:
        y = (A.mH if adjoint else A) @ x
        return y if M is None else y - (M.mH if adjoint else M) @ x

    start = randn(A.shape[-1], q, dtype=A.dtype, device=A.device)
    Q = _qr(times(start, False))[0]
    for _ in range(rounds):
        Q = _qr(times(Q, True))[0]
        Q = _qr(times(Q, False))[0]
    return Q


def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Any, Any, Any]:
    """Return (U, S, V) of nearly A - M = U @ diag(S) @ V.mH, of rank q, by random projections.

    Args:
        A: Matrices, (*, m, n).
        q: A rank somewhat larger than that of A.
        niter: How often the basis is refined.
        M: What is subtracted, (*, m, n) or (*, 1, n).
    """
    q, niter = 6 if q is None else q, 2 if niter is None else niter
    m, n = A.shape[-2:]
    if M is not None:
        M = M.expand(A.shape)
    if m < n:
        A, M = A.mH, None if M is None else M.mH
    Q = _basis(A, q, niter, M)
    B = Q.mH @ (A if M is None else A - M)
    U, S, Vh = _svd(B, False)
    U, V = Q @ U, Vh.mH
    return (V, S, U) if m < n else (U, S, V)


def pca_lowrank(
    A: Tensor, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Any, Any, Any]:
    """Return (U, S, V): the principal components of the rows of A are the columns of V.

    Args:
        A: Samples as rows, (*, m, n).
        q: How many components; None for min(6, m, n).
        center: Take the mean off each column first.
        niter: How often the basis is refined.

    Raises:
        OpValueError: `q` or `niter` is out of range.
    """
    m, n = A.shape[-2:]
    q = min(6, m, n) if q is None else q
    if not 0 <= q <= min(m, n):
        raise OpValueError(
            f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}"
        )
    if niter < 0:
        raise OpValueError(f"niter(={niter}) must be non-negative integer")
    if center:
        A = A - A.mean(-2, True)
    return svd_lowrank(A, q, niter)

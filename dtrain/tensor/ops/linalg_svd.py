"""The singular value decomposition and what rests on it: pseudo-inverse, rank, least squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.errors import LinAlgError, OpError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.create import zeros
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import INTERNAL, op
from dtrain.tensor.ops.choose import where
from dtrain.tensor.ops.linalg_checks import (
    accepts_outs,
    adjoined,
    apart,
    check_float,
    check_matrix,
    check_same_type,
    check_square,
    off_diagonal_inverse,
    on_diagonal,
)
from dtrain.tensor.ops.linalg_eigen import eigvalsh, hermitian_parts
from dtrain.tensor.ops.linalg_solve import is_vector
from dtrain.tensor.ops.pointwise import square
from dtrain.tensor.results import named_result
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["lstsq", "matrix_rank", "pinv", "svd", "svdvals"]

# ---- the decomposition ----


def _skew(F: Any, a: Any) -> Any:
    return a - adjoined(F, a)


def _vectors_back(F: Any, gu: Any, gvh: Any, U: Any, S: Any, Vh: Any) -> Any:
    """Return what the gradients of U and Vh add, between U and Vh; 0 where there is none.

    Source: Townsend, Differentiating the singular value decomposition; with the term that complex
    vectors add on the diagonal, in a loss that does not depend on their phase.
    """
    inner: Any = 0
    if gu is None and gvh is None:
        return inner
    gaps = off_diagonal_inverse(F, S * S)
    if gu is not None:
        turn = _skew(F, adjoined(F, U) @ gu)
        inner = turn * gaps * F.unsqueeze(S, -2)
        if gvh is not None and apart(U):
            inner = inner + on_diagonal(F, F.diagonal(turn, 0, -2, -1) / (2 * S))
    if gvh is not None:
        inner = inner + F.unsqueeze(S, -1) * (_skew(F, Vh @ adjoined(F, gvh)) * gaps)
    return inner


def _svd_back(F: Any, g: Any, U: Any, S: Any, Vh: Any) -> Any:
    gu, gs, gvh = g
    m, n = U.shape[-2], Vh.shape[-1]
    k = min(m, n)
    U, Vh = U[..., :k], Vh[..., :k, :]
    gu = None if gu is None else gu[..., :k]
    gvh = None if gvh is None else gvh[..., :k, :]
    inner = _vectors_back(F, gu, gvh, U, S, Vh)
    if gs is not None:
        inner = inner + F.to_dtype(on_diagonal(F, gs), U.dtype)
    y = U @ inner @ Vh
    if m > k and gu is not None:
        part = gu / F.unsqueeze(S, -2)
        y = y + (part - U @ (adjoined(F, U) @ part)) @ Vh
    if n > k and gvh is not None:
        part = gvh / F.unsqueeze(S, -1)
        y = y + U @ (part - (part @ adjoined(F, Vh)) @ Vh)
    return y


@op(
    INTERNAL, returns=("U", "S", "Vh"), node="LinalgSvdBackward0", holomorphic=False,
    input=_svd_back,
)  # fmt: skip
def linalg_svd(xp: Xp, input: Array, full_matrices: bool) -> tuple[Array, Array, Array]:
    """Return (U, S, Vh); see svd."""
    return _parts(xp, input, full_matrices)


def _parts(xp: Xp, input: Array, full_matrices: bool) -> tuple[Array, Array, Array]:
    m, n = input.shape[-2:]
    if not m * n:
        batch, k = input.shape[:-2], 0
        rows, columns = (m, n) if full_matrices else (k, k)
        return (
            xp.zeros((*batch, m, rows), input.dtype) + xp.eye(m, rows, dtype=input.dtype),
            xp.zeros((*batch, k), input.real.dtype),
            xp.zeros((*batch, columns, n), input.dtype) + xp.eye(columns, n, dtype=input.dtype),
        )
    try:
        u, s, vh = xp.linalg.svd(input, full_matrices)
    except np.linalg.LinAlgError:
        raise _stuck(xp, input) from None
    return u, s, vh


def _stuck(xp: Xp, a: Array) -> LinAlgError:
    finite = bool(xp.isfinite(a).all())
    reason = (
        "is ill-conditioned or has too many repeated singular values" if finite
        else "contained non-finite values"
    )  # fmt: skip
    return LinAlgError(
        f"linalg.svd: The algorithm failed to converge because the input matrix {reason}."
    )


def _svdvals_back(F: Any, g: Any, input: Any) -> Any:
    U, _, Vh = F.linalg_svd(input, False)
    return (U * F.unsqueeze(g, -2)) @ Vh


@op(INTERNAL, holomorphic=False, input=_svdvals_back)
def linalg_svdvals(xp: Xp, input: Array) -> Array:
    """Return the singular values; see svdvals."""
    if not input.size:
        return xp.zeros((*input.shape[:-2], min(input.shape[-2:])), input.real.dtype)
    try:
        return xp.linalg.svd(input, compute_uv=False)
    except np.linalg.LinAlgError:
        raise _stuck(xp, input) from None


def _checked(A: Tensor, driver: str | None) -> None:
    check_matrix("linalg.svd", A)
    check_float("linalg.svd", A)
    if driver is not None:
        raise OpError(
            "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with "
            "cuSOLVER backend."
        )


def svd(
    A: Tensor, full_matrices: bool = True, *, driver: str | None = None, out: Any = None
) -> Any:
    """Return (U, S, Vh) of A = U @ diag(S) @ Vh.

    Args:
        A: Matrices, (*, m, n); k = min(m, n).
        full_matrices: U is (*, m, m) and Vh (*, n, n) in place of (*, m, k) and (*, k, n).
        driver: None; torch has others for CUDA.
        out: Three tensors to write to.

    Raises:
        LinAlgError: A matrix has elements that are not finite.
    """
    _checked(A, driver)
    return linalg_svd(A, full_matrices, out=out)


@accepts_out
def svdvals(A: Tensor, *, driver: str | None = None) -> Any:
    """Return the singular values (*, min(m, n)) of matrices (*, m, n), descending."""
    _checked(A, driver)
    return linalg_svdvals(A)


# ---- tolerances ----


def _tolerances(A: Any, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """Return (atol, rtol) with torch's defaults for what is None."""
    if rtol is None:
        rtol = float(np.finfo(A.dtype.np).eps) * max(A.shape[-2:])
        if isinstance(atol, Tensor):
            rtol = where(atol > 0, 0.0, rtol)
        elif atol:
            rtol = 0.0
    return (0.0 if atol is None else atol), rtol


def _above(S: Any, bound: Any) -> Any:
    """Return how many singular values exceed a bound (*), int64."""
    return S.gt(bound.unsqueeze(-1)).sum(-1)


@accepts_out
def matrix_rank(
    A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Any:
    """Return the ranks (*), int64: how many singular values exceed max(atol, rtol * the largest).

    Args:
        A: Matrices, (*, m, n).
        tol: The older spelling of `atol`, with rtol = 0.
        hermitian: A is symmetric or Hermitian; quicker.
        atol: Absolute tolerance, a number or a tensor (*).
        rtol: Relative tolerance; where both are None, max(m, n) times the type's epsilon.
    """
    check_matrix("torch.linalg.matrix_rank", A, "input")
    if tol is not None:
        atol, rtol = tol, 0.0
    atol, rtol = _tolerances(A, atol, rtol)
    A = A.detach()
    S = abs(eigvalsh(A)) if hermitian else svdvals(A)
    if not S.shape[-1]:
        return zeros(A.shape[:-2], dtype=dt.int64, device=A.device)
    bound = rtol * S.amax(-1)
    if isinstance(atol, Tensor) or atol:
        bound = where(bound > atol, bound, atol)
    return _above(S, bound)


# ---- the pseudo-inverse ----


def _pinv_back(F: Any, g: Any, input: Any, result: Any) -> Any:
    """Source: Golub and Pereyra, The differentiation of pseudo-inverses."""
    A, P, gh = input, result, adjoined(F, g)
    Ph = adjoined(F, P)
    if A.shape[-2] <= A.shape[-1]:
        K = gh @ P
        KPh = K @ Ph
        return KPh - adjoined(F, P @ K) - (A @ P) @ KPh + (Ph @ P) @ (gh - K @ A)
    K = P @ gh
    PhK = Ph @ K
    return PhK - adjoined(F, K @ P) + (gh - A @ K) @ P @ Ph - (PhK @ P) @ A


@op(INTERNAL, holomorphic=False, node="LinalgPinvBackward0", input=_pinv_back)
def linalg_pinv(xp: Xp, input: Array, atol: Array, rtol: Array, hermitian: bool) -> Array:
    """Return the pseudo-inverses; see pinv."""
    if not input.size:
        return xp.zeros((*input.shape[:-2], input.shape[-1], input.shape[-2]), input.dtype)
    if hermitian:
        values, vectors = hermitian_parts(xp, input, "L")
        s, u, vh = abs(values), vectors, vectors.swapaxes(-1, -2).conj()
    else:
        u, s, vh = _parts(xp, input, False)
        values = s
    bound = xp.maximum(xp.asarray(atol), xp.asarray(rtol) * s.max(-1))[..., None]
    inverse = xp.where(s > bound, 1 / xp.where(s > bound, values, 1), 0).astype(s.dtype)
    return (vh.swapaxes(-1, -2).conj() * inverse[..., None, :]) @ u.swapaxes(-1, -2).conj()


@accepts_out
def pinv(
    A: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Any:
    """Return the pseudo-inverses (Moore and Penrose), (*, n, m).

    Args:
        A: Matrices, (*, m, n).
        rcond: The older spelling of `rtol`, with atol = 0.
        hermitian: A is symmetric or Hermitian; quicker.
        atol: Singular values up to this count as zero; a number or a tensor (*).
        rtol: The same, relative to the largest; where both are None, max(m, n) times the type's
            epsilon.
    """
    check_matrix("linalg.pinv", A)
    check_float("linalg.pinv", A)
    if hermitian:
        check_square("linalg.pinv", A)
    if rcond is not None:
        atol, rtol = 0.0, rcond
    return linalg_pinv(A, *_tolerances(A, atol, rtol), hermitian)


# ---- least squares ----

_Fitted = named_result("linalg_lstsq", ("solution", "residuals", "rank", "singular_values"))
_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


def _check_system(A: Tensor, B: Tensor, driver: str) -> None:
    check_float("torch.linalg.lstsq", A)
    if A.ndim < 2:
        raise ShapeError("torch.linalg.lstsq: input must have at least 2 dimensions.")
    if B.ndim < 1:
        raise ShapeError("torch.linalg.lstsq: other must have at least 1 dimension.")
    if driver not in _DRIVERS:
        raise OpError(
            f"torch.linalg.lstsq: parameter `driver` should be one of ({', '.join(_DRIVERS)})"
        )
    axis = -1 if is_vector(A, B) else -2
    if B.ndim < -axis or A.shape[-2] != B.shape[axis]:
        raise ShapeError(f"torch.linalg.lstsq: input.size(-2) should match other.size({axis})")
    check_same_type("torch.linalg.lstsq", A, B)


@accepts_outs
def lstsq(A: Tensor, B: Tensor, rcond: Any = None, *, driver: str | None = None) -> Any:
    """Return (solution, residuals, rank, singular_values) of the least squares problem A @ X = B.

    Args:
        A: Matrices, (*, m, n).
        B: Right-hand sides, (*, m, k) or vectors (*, m).
        rcond: Singular values up to rcond times the largest count as zero; None for max(m, n)
            times the type's epsilon.
        driver: What is computed besides: "gelsy" (default) the rank, "gels" nothing, "gelsd" and
            "gelss" the rank and the singular values; residuals come with all but "gelsy".

    Returns:
        The solution of least norm, (*, n, k) or (*, n); the squared residuals (*, k) where m > n
        and every matrix has full rank; what is not computed is empty.

    Note:
        All drivers use the singular value decomposition here; torch's use different routines.
    """
    driver = "gelsy" if driver is None else driver
    _check_system(A, B, driver)
    vector = is_vector(A, B)
    if vector:
        B = B.unsqueeze(-1)
    m, n = A.shape[-2:]
    atol, rtol = (None, None) if rcond is None or rcond < 0 else (0.0, rcond)
    X = pinv(A, atol=atol, rtol=rtol) @ B
    S = svdvals(A.detach())
    if S.shape[-1]:
        rank = _above(S, _tolerances(A, atol, rtol)[1] * S[..., 0])
    else:
        rank = zeros(A.shape[:-2], dtype=dt.int64, device=A.device)
    residuals = abs(X).reshape(-1)[:0]
    if m > n and driver != "gelsy" and (driver == "gels" or bool((rank == n).all())):
        residuals = square(abs(A @ X - B)).sum(-2)
    if driver == "gels":
        rank = zeros(0, dtype=dt.int64, device=A.device)
    if driver not in ("gelsd", "gelss"):
        S = zeros(0, dtype=S.dtype, device=A.device)
    return _Fitted(((X.squeeze(-1) if vector else X), residuals, rank, S))

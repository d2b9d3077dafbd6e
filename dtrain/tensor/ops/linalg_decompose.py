"""Decompositions: Cholesky, QR and Householder reflections."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.errors import GradError, OpError, ShapeError
from dtrain.tensor.create import eye
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import INTERNAL, PLAIN, function, op
from dtrain.tensor.ops.join import cat
from dtrain.tensor.ops.linalg_checks import (
    adjoined,
    check_float,
    check_matrix,
    check_same_type,
    check_square,
    each_matrix,
    on_diagonal,
    raise_for,
)
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = [
    "cholesky", "cholesky_ex", "geqrf", "householder_product", "orgqr", "ormqr", "qr",
]  # fmt: skip

# ---- Cholesky ----


def _cholesky_back(F: Any, g: Any, upper: bool, L: Any) -> Any:
    if upper:
        g, L = adjoined(F, g), adjoined(F, L)
    inner = F.tril(adjoined(F, L) @ g, 0)
    inner = inner + adjoined(F, F.tril(inner, -1))
    y = F.triangle_solve(adjoined(F, L), inner, True, False)
    return adjoined(F, F.triangle_solve(adjoined(F, L), adjoined(F, y), True, False)) * 0.5


def _bad_minor(xp: Xp, a: Array) -> int:
    """Return the order of the first leading minor that is not positive-definite."""
    for k in range(1, a.shape[-1]):
        try:
            sound = bool(xp.isfinite(xp.linalg.cholesky(a[:k, :k])).all())
        except np.linalg.LinAlgError:
            sound = False
        if not sound:
            return k
    return a.shape[-1]


@op(
    INTERNAL, returns=("L", "info"), node="LinalgCholeskyExBackward0", holomorphic=False,
    input=_cholesky_back,
)  # fmt: skip
def linalg_cholesky_ex(xp: Xp, input: Array, upper: bool) -> tuple[Array, Array]:
    """Return (L, info); of `input` only one triangle is read."""
    a = input.swapaxes(-1, -2).conj() if upper else input
    y, info = _cholesky(xp, a)
    return (y.swapaxes(-1, -2).conj() if upper else y), info


def _cholesky(xp: Xp, a: Array) -> tuple[Array, Array]:
    try:
        y = xp.linalg.cholesky(a)
        if not a.size or bool(xp.isfinite(y).all()):
            return y, xp.zeros(a.shape[:-2], "i4")
    except np.linalg.LinAlgError:
        pass
    return each_matrix(xp, xp.linalg.cholesky, lambda m: _bad_minor(xp, m), a, a)


def _not_definite(order: int) -> str:
    return (
        "The factorization could not be completed because the input is not positive-definite (the "
        f"leading minor of order {order} is not positive-definite)."
    )


def cholesky_ex(
    A: Tensor, *, upper: bool = False, check_errors: bool = False, out: Any = None
) -> Any:
    """Return (L, info), and raise only if asked to; see cholesky.

    Returns:
        L (*, n, n), nan where there is none; info (*), int32: 0, or the order of the first leading
        minor that is not positive-definite.
    """
    check_square("linalg.cholesky", A)
    made = linalg_cholesky_ex(A, upper, out=out)
    if check_errors:
        raise_for("linalg.cholesky_ex", made.info, _not_definite)
    return made


@accepts_out
def cholesky(A: Tensor, *, upper: bool = False) -> Any:
    """Return the factor L of A = L @ L.mH, or with `upper` U of A = U.mH @ U.

    Args:
        A: Symmetric or Hermitian positive-definite matrices, (*, n, n); one triangle is read.
        upper: Read the upper triangle and return the upper factor.

    Raises:
        LinAlgError: A matrix is not positive-definite.
    """
    check_square("linalg.cholesky", A)
    L, info = linalg_cholesky_ex(A, upper)
    raise_for("linalg.cholesky", info, _not_definite)
    return L


# ---- QR ----


def _qr_square(F: Any, gq: Any, gr: Any, Q: Any, R: Any) -> Any:
    """Return the gradient of A = Q R with as many columns as R has."""
    inner: Any = 0 if gr is None else R @ adjoined(F, gr)
    if gq is not None:
        inner = inner - adjoined(F, gq) @ Q
    low = F.tril(inner, -1)
    middle = F.to_dtype(F.real(F.diagonal(inner, 0, -2, -1)), inner.dtype)
    y = Q @ (low + adjoined(F, low) + on_diagonal(F, middle))
    y = y if gq is None else y + gq
    return adjoined(F, F.triangle_solve(R, adjoined(F, y), True, False))


def _qr_back(F: Any, g: Any, input_shape: Any, mode: str, Q: Any, R: Any) -> Any:
    gq, gr = g
    m, n = input_shape[-2:]
    if mode == "r":
        raise GradError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please "
            "use linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr."
        )
    if mode == "complete" and m > n:
        raise GradError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols."
        )
    if m >= n:
        return _qr_square(F, gq, gr, Q, R)
    # A = [A1 A2] = Q [R1 R2], where A1 is square and R2 = Q.mH A2
    if gr is None:
        first = _qr_square(F, gq, None, Q, R[..., :m])
        return F.cat([first, F.zeroed(Q @ R[..., m:])], -1)
    right = Q @ R[..., m:]
    more = right @ adjoined(F, gr[..., m:])
    first = _qr_square(F, more if gq is None else gq + more, F.triu(gr[..., :m], 0), Q, R[..., :m])
    return F.cat([first, Q @ gr[..., m:]], -1)


@op(
    INTERNAL, returns=("Q", "R"), node="LinalgQrBackward0", holomorphic=False,
    input=_qr_back,
)  # fmt: skip
def linalg_qr(xp: Xp, input: Array, mode: str) -> tuple[Array, Array]:
    """Return (Q, R); see qr."""
    if mode == "r":
        return xp.zeros((0,), input.dtype), xp.linalg.qr(input, "r")
    q, r = xp.linalg.qr(input, mode)
    return q, r


def qr(A: Tensor, mode: str = "reduced", *, out: Any = None) -> Any:
    """Return (Q, R) of A = Q @ R, where Q has orthonormal columns and R is upper triangular.

    Args:
        A: Matrices, (*, m, n).
        mode: "reduced": Q is (*, m, k) and R (*, k, n) with k = min(m, n); "complete": (*, m, m)
            and (*, m, n); "r": R alone, and Q is empty.
        out: Two tensors to write to.

    Raises:
        OpError: There is no such mode.
    """
    check_matrix("linalg.qr", A)
    check_float("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise OpError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', "
            "or 'complete'"
        )
    return linalg_qr(A, mode, out=out)


# ---- Householder reflections ----


@op(PLAIN, returns=("a", "tau"))
def geqrf(xp: Xp, input: Array) -> tuple[Array, Array]:
    """Return (a, tau): R and, below its diagonal, the reflections whose product is Q."""
    check_matrix("torch.geqrf", input, "input")
    check_float("torch.geqrf", input)
    h, tau = xp.linalg.qr(input, "raw")
    return xp.ascontiguousarray(h.swapaxes(-1, -2)), tau


def _check_reflections(where: str, input: Tensor, tau: Tensor) -> None:
    check_matrix(where, input, "input")
    check_float(where, input)
    m, n = input.shape[-2:]
    if m < n:
        raise ShapeError(
            f"{where}: input.shape[-2] must be greater than or equal to input.shape[-1]"
        )
    if n < tau.shape[-1]:
        raise ShapeError(f"{where}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    if tau.ndim != input.ndim - 1 or tuple(tau.shape[:-1]) != tuple(input.shape[:-2]):
        raise ShapeError(
            f"{where}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got "
            f"{list(tau.shape[:-1])}"
        )
    if input.dtype is not tau.dtype:
        check_same_type(where, input, tau)


def _reflect(y: Tensor, input: Tensor, tau: Tensor, i: int, turned: bool) -> Any:
    """Return (1 - tau v v.mH) @ y for reflection i, or with `turned` its adjoint times y."""
    m = input.shape[-2]
    column = input[..., i + 1 :, i : i + 1]
    lead = eye(i + 1, dtype=input.dtype, device=input.device)[:, i:]
    v = cat([lead.expand(*input.shape[:-2], i + 1, 1), column], -2) if m else column
    factor = tau[..., i : i + 1].unsqueeze(-1)
    return y - (factor.conj() if turned else factor) * v @ (v.mH @ y)


@accepts_out
def householder_product(input: Tensor, tau: Tensor) -> Any:
    """Return the first n columns of a product of Householder reflections: the Q that geqrf packs.

    Args:
        input: The reflections below the diagonal, (*, m, n) with m >= n.
        tau: Their factors, (*, k) with k <= n.
    """
    _check_reflections("torch.linalg.householder_product", input, tau)
    m, n = input.shape[-2:]
    y = eye(m, n, dtype=input.dtype, device=input.device).expand(input.shape)
    for i in reversed(range(tau.shape[-1])):
        y = _reflect(y, input, tau, i, False)
    return y if tau.shape[-1] else y + input.tril(-m)  # zeros, and part of the graph


@function
@accepts_out
def orgqr(input: Tensor, input2: Tensor) -> Any:
    """Return the Q that geqrf packs; see linalg.householder_product."""
    return householder_product(input, input2)


@function
@accepts_out
def ormqr(
    input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False
) -> Any:
    """Return Q @ other, where Q is the full product of Householder reflections.

    Args:
        input: The reflections below the diagonal, (*, m, k).
        tau: Their factors, (*, k).
        other: Matrices, (*, m, n), or (*, n, m) where Q stands on the right.
        left: Q stands on the left.
        transpose: Take Q.mH in place of Q.
    """
    check_matrix("torch.ormqr", input, "input")
    check_matrix("torch.ormqr", other, "other")
    size = other.shape[-2 if left else -1]
    if size != input.shape[-2]:
        raise ShapeError(
            f"torch.ormqr: other.shape[{-2 if left else -1}] must be equal to input.shape[-2]"
        )
    if size < tau.shape[-1]:
        raise ShapeError(
            f"torch.ormqr: other.shape[{-2 if left else -1}] must be greater than or equal to "
            "tau.shape[-1]"
        )
    y, turned = (other, transpose) if left else (other.mH, not transpose)
    order = range(tau.shape[-1])
    for i in order if turned else reversed(order):
        y = _reflect(y, input, tau, i, turned)
    return y if left else y.mH

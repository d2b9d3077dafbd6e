"""Eigenvalues and eigenvectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.backend.module import to_host
from dtrain.errors import LinAlgError, OpError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import INTERNAL, op
from dtrain.tensor.ops.linalg_checks import (
    adjoined,
    apart,
    check_square,
    off_diagonal_inverse,
    real_type,
    with_diagonal,
)
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["eig", "eigh", "eigvals", "eigvalsh"]

_STUCK = (
    "The algorithm failed to converge because the input matrix is ill-conditioned or has too many "
    "repeated eigenvalues"
)

# ---- symmetric and Hermitian matrices ----


def _eigh_back(F: Any, g: Any, eigenvalues: Any, eigenvectors: Any) -> Any:
    gl, gv = g
    V = eigenvectors
    if gv is None:
        return (V * F.unsqueeze(gl, -2)) @ adjoined(F, V)
    turn = adjoined(F, V) @ gv
    inner = 0.5 * (turn - adjoined(F, turn)) * off_diagonal_inverse(F, eigenvalues)
    diagonal = F.zeroed(eigenvalues) if gl is None else gl
    return V @ with_diagonal(F, inner, F.to_dtype(diagonal, inner.dtype)) @ adjoined(F, V)


@op(
    INTERNAL, returns=("eigenvalues", "eigenvectors"), node="LinalgEighBackward0",
    holomorphic=False, input=_eigh_back,
)  # fmt: skip
def linalg_eigh(xp: Xp, input: Array, UPLO: str) -> tuple[Array, Array]:
    """Return (eigenvalues, eigenvectors); see eigh."""
    return hermitian_parts(xp, input, UPLO)


def hermitian_parts(xp: Xp, input: Array, UPLO: str) -> tuple[Array, Array]:
    """Return (eigenvalues, eigenvectors) of bare arrays; all nan where elements are not finite.

    Raises:
        LinAlgError: The iteration does not converge.
    """
    try:
        values, vectors = xp.linalg.eigh(input, UPLO)
    except np.linalg.LinAlgError:
        if bool(xp.isfinite(input).all()):
            raise LinAlgError(f"linalg.eigh: {_STUCK}.") from None
        values = xp.full(input.shape[:-1], np.nan, input.real.dtype)
        vectors = xp.full(input.shape, np.nan, input.dtype)
    return values, vectors


@op(
    INTERNAL, holomorphic=False,
    input=lambda F, g, input, UPLO: _eigh_back(F, (g, None), None, F.linalg_eigh(input, UPLO)[1]),
)  # fmt: skip
def linalg_eigvalsh(xp: Xp, input: Array, UPLO: str) -> Array:
    """Return the eigenvalues; see eigvalsh."""
    try:
        return xp.linalg.eigvalsh(input, UPLO)
    except np.linalg.LinAlgError:
        return hermitian_parts(xp, input, UPLO)[0]


def _check_triangle(A: Tensor, UPLO: str) -> str:
    check_square("linalg.eigh", A)
    if UPLO.upper() not in ("L", "U"):
        raise OpError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return UPLO.upper()


def eigh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Any:
    """Return (eigenvalues, eigenvectors) of symmetric or Hermitian matrices.

    Args:
        A: Matrices, (*, n, n).
        UPLO: Which triangle is read, "L" or "U".
        out: Two tensors to write to.

    Returns:
        The eigenvalues (*, n), real and ascending, and the eigenvectors (*, n, n) as columns.
    """
    UPLO = _check_triangle(A, UPLO)
    return linalg_eigh(A, UPLO, out=out)


@accepts_out
def eigvalsh(A: Tensor, UPLO: str = "L") -> Any:
    """Return the eigenvalues (*, n) of symmetric or Hermitian matrices, ascending; see eigh."""
    return linalg_eigvalsh(A, _check_triangle(A, UPLO))


# ---- any square matrices ----


def _eig_back(F: Any, g: Any, input: Any, eigenvalues: Any, eigenvectors: Any) -> Any:
    gl, gv = g
    V = eigenvectors
    adjoint = adjoined(F, V)
    if gv is None:
        inner = F.unsqueeze(gl, -1) * adjoint
    else:
        inner = adjoint @ gv
        # the columns have length 1: what would change that is taken away
        length = F.to_dtype(F.real(F.diagonal(inner, 0, -2, -1)), V.dtype)
        inner = inner - adjoint @ (V * F.unsqueeze(length, -2))
        inner = inner * F.conj(off_diagonal_inverse(F, eigenvalues))
        inner = with_diagonal(F, inner, F.zeroed(eigenvalues) if gl is None else gl)
        inner = inner @ adjoint
    return real_type(F, F.linalg_solve_ex(adjoint, inner)[0], input)


@op(
    INTERNAL, returns=("eigenvalues", "eigenvectors"), node="LinalgEigBackward0",
    holomorphic=False, input=_eig_back,
)  # fmt: skip
def linalg_eig(xp: Xp, input: Array) -> tuple[Array, Array]:
    """Return (eigenvalues, eigenvectors), computed on the CPU: CuPy has no such routine."""
    target = input.dtype if apart(input) else np.result_type(input.dtype, np.complex64)
    values, vectors = np.linalg.eig(_finite(input))
    return xp.asarray(values.astype(target)), xp.asarray(vectors.astype(target))


@op(
    INTERNAL, holomorphic=False,
    input=lambda F, g, input: _eig_back(F, (g, None), input, *F.linalg_eig(input)),
)  # fmt: skip
def linalg_eigvals(xp: Xp, input: Array) -> Array:
    """Return the eigenvalues."""
    target = input.dtype if apart(input) else np.result_type(input.dtype, np.complex64)
    return xp.asarray(np.linalg.eigvals(_finite(input)).astype(target))


def _finite(a: Array) -> Any:
    host = to_host(a)
    if not np.isfinite(host).all():
        raise OpError("torch.linalg.eig: input tensor should not contain infs or NaNs.")
    return host


def eig(A: Tensor, *, out: Any = None) -> Any:
    """Return (eigenvalues, eigenvectors) of square matrices, both complex.

    Args:
        A: Matrices, (*, n, n).
        out: Two tensors to write to.

    Returns:
        The eigenvalues (*, n), in no order, and the eigenvectors (*, n, n) as columns of length 1.
    """
    check_square("linalg.eig", A)
    return linalg_eig(A, out=out)


@accepts_out
def eigvals(A: Tensor) -> Any:
    """Return the eigenvalues (*, n) of square matrices, complex and in no order."""
    check_square("linalg.eigvals", A)
    return linalg_eigvals(A)

"""Inverses, determinants, and linear systems."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dtrain.errors import OpError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import INTERNAL, op
from dtrain.tensor.ops.linalg_checks import (
    accepts_outs,
    apart,
    check_matrix,
    check_same_type,
    check_square,
    each_matrix,
    raise_for,
    transposed,
)
from dtrain.tensor.ops.linalg_lu import factor
from dtrain.tensor.ops.linalg_triangular import check_fit
from dtrain.tensor.results import named_result
from dtrain.tensor.rules import unbroadcast
from dtrain.tensor.shape_rules import wrap_dim
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Shape, Xp

__all__ = [
    "det", "inv", "inv_ex", "slogdet", "solve", "solve_ex", "tensorinv", "tensorsolve",
]  # fmt: skip

# ---- inverses ----


def _zero_pivot(xp: Xp, a: Array) -> int:
    """Return the first zero on the diagonal of U, counted from 1, of a singular matrix."""
    return int(factor(xp, a)[2]) or a.shape[-1]


@op(
    INTERNAL, returns=("inverse", "info"), node="LinalgInvExBackward0",
    input=lambda F, g, inverse: -(transposed(F, inverse) @ (g @ transposed(F, inverse))),
)  # fmt: skip
def linalg_inv_ex(xp: Xp, input: Array) -> tuple[Array, Array]:
    """Return (inverse, info); see inv_ex."""
    try:
        y = xp.linalg.inv(input)
        if not input.size or bool(xp.isfinite(y).all()):
            return y, xp.zeros(input.shape[:-2], "i4")
    except np.linalg.LinAlgError:
        pass
    return each_matrix(xp, xp.linalg.inv, lambda a: _zero_pivot(xp, a), input, input)


def _not_invertible(i: int) -> str:
    return (
        f"The diagonal element {i} is zero, the inversion could not be completed because the input "
        "matrix is singular."
    )


def inv_ex(A: Tensor, *, check_errors: bool = False, out: Any = None) -> Any:
    """Return (inverse, info), and raise for a singular matrix only if asked to.

    Args:
        A: Matrices, (*, n, n).
        check_errors: Raise LinAlgError where a matrix is singular.
        out: Two tensors to write to.

    Returns:
        The inverses, nan where there is none, and info (*), int32: 0, or the place of the first
        zero pivot.
    """
    check_square("linalg.inv", A)
    made = linalg_inv_ex(A, out=out)
    if check_errors:
        raise_for("linalg.inv_ex", made.info, _not_invertible)
    return made


@accepts_out
def inv(A: Tensor) -> Any:
    """Return the inverses of matrices (*, n, n).

    Raises:
        LinAlgError: A matrix is singular.
    """
    check_square("linalg.inv", A)
    inverse, info = linalg_inv_ex(A)
    raise_for("linalg.inv", info, _not_invertible)
    return inverse


# ---- determinants ----


def _adjugate_input(F: Any, g: Any, input: Any, result: Any) -> Any:
    """Differentiate det(A) * inv(A), the adjugate of an invertible A; nan for a singular one."""
    inverse, _ = F.linalg_inv_ex(input)
    part = F.sum(g * inverse, (-2, -1), True)
    return part * transposed(F, result) - transposed(F, result) @ (g @ transposed(F, inverse))


@op(INTERNAL, input=_adjugate_input)
def adjugate(xp: Xp, input: Array) -> Array:
    """Return the matrices of cofactors, transposed: det(A) * inv(A), of singular matrices too."""
    n = input.shape[-1]
    if not input.size:
        return input.copy()
    u, s, vh = xp.linalg.svd(input)
    others = xp.stack([s[..., [j for j in range(n) if j != i]].prod(-1) for i in range(n)], -1)
    phase = xp.linalg.det(u @ vh)[..., None, None]
    back = phase * ((vh.swapaxes(-1, -2).conj() * others[..., None, :]) @ u.swapaxes(-1, -2).conj())
    return back.astype(input.dtype, copy=False)


@op(
    INTERNAL,
    input=lambda F, g, input: F.reshape(g, (*g.shape, 1, 1)) * transposed(F, F.adjugate(input)),
)  # fmt: skip
def linalg_det(xp: Xp, input: Array) -> Array:
    """Return the determinants."""
    if not input.shape[-1]:
        return xp.ones(input.shape[:-2], input.dtype)
    with np.errstate(over="ignore"):
        return xp.asarray(xp.linalg.det(input)).astype(input.dtype, copy=False)


@accepts_out
def det(A: Tensor) -> Any:
    """Return the determinants of matrices (*, n, n)."""
    check_square("linalg.det", A)
    return linalg_det(A)


def _slogdet_input(F: Any, g: Any, input: Any, sign: Any) -> Any:
    turned, grown = g if isinstance(g, list) else (g, None)
    total = 0 if grown is None else F.reshape(grown, (*grown.shape, 1, 1))
    if turned is not None and apart(input):
        turn = F.imag(F.conj(turned) * sign)
        total = total - 1j * F.reshape(turn, (*turn.shape, 1, 1))
    if isinstance(total, int):
        return F.zeroed(input)
    return total * transposed(F, F.conj(F.linalg_inv_ex(input)[0]))


@op(
    INTERNAL, returns=("sign", "logabsdet"), node="LinalgSlogdetBackward0", holomorphic=False,
    input=_slogdet_input,
)  # fmt: skip
def linalg_slogdet(xp: Xp, input: Array) -> tuple[Array, Array]:
    """Return (sign, logabsdet)."""
    if not input.shape[-1]:
        one = xp.ones(input.shape[:-2], input.dtype)
        return one, xp.zeros(one.shape, one.real.dtype)
    sign, size = xp.linalg.slogdet(input)
    return xp.asarray(sign), xp.asarray(size)


def slogdet(A: Tensor, *, out: Any = None) -> Any:
    """Return (sign, logabsdet): the determinants are sign * exp(logabsdet)."""
    check_square("linalg.slogdet", A)
    return linalg_slogdet(A, out=out)


# ---- systems ----


def _solve_back(F: Any, g: Any, wanted: Any, A: Any, B: Any, result: Any) -> tuple[Any, Any]:
    g_right = F.linalg_solve_ex(transposed(F, A), g)[0]
    left = unbroadcast(F, -(g_right @ transposed(F, result)), A.shape) if wanted[0] else None
    return left, unbroadcast(F, g_right, B.shape) if wanted[1] else None


@op(
    INTERNAL, returns=("result", "info"), node="LinalgSolveExBackward0",
    joint=(("A", "B"), _solve_back),
)  # fmt: skip
def linalg_solve_ex(xp: Xp, A: Array, B: Array) -> tuple[Array, Array]:
    """Return (result, info) for A @ result = B; the batches broadcast."""
    batch = np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
    n, k = B.shape[-2:]
    if not math.prod(batch) * n * k:
        return xp.zeros((*batch, n, k), B.dtype), xp.zeros(batch, "i4")
    a, b = xp.broadcast_to(A, (*batch, n, n)), xp.broadcast_to(B, (*batch, n, k))
    try:
        y = xp.linalg.solve(a, b)
        if bool(xp.isfinite(y).all()):
            return y, xp.zeros(batch, "i4")
    except np.linalg.LinAlgError:
        pass
    both = xp.concatenate([a, b], -1)
    return each_matrix(
        xp, lambda ab: xp.linalg.solve(ab[:, :n], ab[:, n:]),
        lambda ab: _zero_pivot(xp, ab[:, :n]), both, b,
    )  # fmt: skip


_Solved = named_result("linalg_solve_ex", ("result", "info"))


def is_vector(A: Any, B: Any) -> bool:
    """Return whether the right-hand side is vectors and not matrices, as torch decides it."""
    return B.ndim == 1 or (B.ndim == A.ndim - 1 and tuple(B.shape) == tuple(A.shape[:-1]))


def _solved(A: Tensor, B: Tensor, left: bool) -> tuple[Any, Any]:
    check_square("linalg.solve", A)
    check_same_type("linalg.solve", A, B)
    vector = is_vector(A, B)
    if vector:
        if not left:
            raise OpError(
                "linalg.solve: Vector broadcasting of the left hand side is not supported for "
                "left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)"
            )
        B = B.unsqueeze(-1)
    check_matrix("linalg.solve", B, "B")
    check_fit("linalg.solve", A, B, left)
    if not left:
        result, info = linalg_solve_ex(A.mT, B.mT)
        return result.mT, info
    result, info = linalg_solve_ex(A, B)
    return (result.squeeze(-1) if vector else result), info


def _singular(_: int) -> str:
    return "The solver failed because the input matrix is singular."


@accepts_outs
def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """Return (result, info), and raise for a singular matrix only if asked to; see solve."""
    result, info = _solved(A, B, left)
    if check_errors:
        raise_for("torch.linalg.solve_ex", info, _singular)
    return _Solved((result, info))


@accepts_out
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Any:
    """Return the solution X of A @ X = B, or of X @ A = B.

    Args:
        A: Matrices, (*, n, n).
        B: Right-hand sides, (*, n, k), vectors (*, n), or (*, k, n) where A stands on the right.
        left: A stands on the left.

    Raises:
        LinAlgError: A matrix is singular.
    """
    result, info = _solved(A, B, left)
    raise_for("torch.linalg.solve", info, _singular)
    return result


@accepts_out
def tensorinv(A: Tensor, ind: int = 2) -> Any:
    """Return the inverse of tensordot(A, x, x.ndim): the first `ind` dimensions count as rows.

    Raises:
        OpError: Rows and columns are not of one number.
    """
    if ind <= 0:
        raise OpError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    rows, columns = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    n, m = math.prod(columns), math.prod(rows)
    if n != m:
        raise OpError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {n} != {m}"
        )
    inverse, info = linalg_inv_ex(A.reshape(m, n))
    raise_for("linalg.inv", info, _not_invertible)
    return inverse.reshape(columns + rows)


@accepts_out
def tensorsolve(A: Tensor, B: Tensor, dims: Shape | None = None) -> Any:
    """Return the solution X of tensordot(A, X, X.ndim) = B.

    Args:
        A: The shape of B, and then that of X.
        B: The right-hand side.
        dims: Dimensions of A to be moved to its end first.

    Raises:
        OpError: The shapes do not fit.
    """
    if dims is not None:
        moved = [wrap_dim("tensorsolve", d, A.ndim) for d in dims]
        A = A.permute([i for i in range(A.ndim) if i not in moved] + moved)
    rows, columns = tuple(A.shape[: B.ndim]), tuple(A.shape[B.ndim :])
    n, m = math.prod(columns), math.prod(rows)
    if n != m:
        raise OpError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {n} != {m}"
        )
    return solve(A.reshape(m, n), B.reshape(-1)).reshape(columns)

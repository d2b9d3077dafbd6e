"""Products: powers and exponentials of matrices, chains of products, products of vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain.errors import DtypeError, OpError, OpTypeError, ShapeError
from dtrain.tensor.create import eye
from dtrain.tensor.dtype import float32, int64
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import INTERNAL, op
from dtrain.tensor.ops.diagonal import diagonal as diagonal_of
from dtrain.tensor.ops.join import cat
from dtrain.tensor.ops.linalg_checks import check_square, transposed
from dtrain.tensor.ops.linalg_solve import inv
from dtrain.tensor.ops.matmul import cross as cross_along
from dtrain.tensor.ops.matmul import matmul
from dtrain.tensor.shape_rules import wrap_dim
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = [
    "cross", "diagonal", "matmul", "matrix_exp", "matrix_power", "multi_dot", "vander", "vecdot",
]  # fmt: skip

# ---- powers and exponentials ----


@accepts_out
def matrix_power(A: Tensor, n: int) -> Any:
    """Return matrices multiplied by themselves n times, or their inverses where n is negative.

    Args:
        A: Matrices, (*, m, m).
        n: The exponent; 0 gives the identity.
    """
    if not isinstance(n, int):
        raise OpTypeError(
            f"linalg_matrix_power(): argument 'n' (position 2) must be int, not {type(n).__name__}"
        )
    check_square("linalg.matrix_power", A)
    if n == 0:
        m = A.shape[-1]
        return A.tril(-m) + eye(
            m, dtype=A.dtype, device=A.device
        )  # zeros that are part of the graph
    if n < 0:
        A, n = inv(A), -n
    if n == 1:
        return A.clone()
    y: Any = None
    while True:
        if n & 1:
            y = A if y is None else y @ A
        n >>= 1
        if not n:
            return y
        A = A @ A


_PADE = (
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
    10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
)  # fmt: skip
_PADE_REACH = 5.371920351148152
"""The greatest 1-norm for which the approximant of degree 13 is exact in float64."""


def _exp_back(F: Any, g: Any, input: Any) -> Any:
    """Return the derivative at A.T in direction g, a corner of a block matrix's exponential."""
    n = input.shape[-1]
    a = transposed(F, input)
    blocks = F.cat([F.cat([a, g], -1), F.cat([F.zeroed(a), a], -1)], -2)
    return F.linalg_matrix_exp(blocks)[..., :n, n:]


@op(INTERNAL, input=_exp_back)
def linalg_matrix_exp(xp: Xp, input: Array) -> Array:
    """Return the exponentials, by scaling, a Pade approximant, and squaring.

    Source: Higham, The scaling and squaring method for the matrix exponential revisited.
    """
    n = input.shape[-1]
    if not input.size:
        return input.copy()
    size = abs(input).sum(-2).max(-1)
    safe = xp.where(xp.isfinite(size) & (size > 0), size, xp.ones((), size.dtype))
    halvings = xp.maximum(xp.ceil(xp.log2(safe / _PADE_REACH)), 0)[..., None, None]
    a = input * (0.5**halvings).astype(size.dtype)
    one = xp.eye(n, dtype=a.dtype)
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    c = [a.dtype.type(x / _PADE[0]) for x in _PADE]
    odd = a6 @ (c[13] * a6 + c[11] * a4 + c[9] * a2)
    odd = a @ (odd + c[7] * a6 + c[5] * a4 + c[3] * a2 + c[1] * one)
    even = a6 @ (c[12] * a6 + c[10] * a4 + c[8] * a2)
    even = even + c[6] * a6 + c[4] * a4 + c[2] * a2 + c[0] * one
    y = xp.linalg.solve(even - odd, even + odd)
    for i in range(int(halvings.max())):
        y = xp.where(i < halvings, y @ y, y)
    return y


def matrix_exp(A: Tensor) -> Any:
    """Return the exponentials of matrices (*, n, n): the sum of A^k / k!."""
    if A.dtype.category == 2 and A.dtype.itemsize == 2:
        return matrix_exp(A.to(float32)).to(A.dtype)
    check_square("linalg.matrix_exp", A)
    return linalg_matrix_exp(A)


# ---- chains ----


def _check_chain(tensors: Sequence[Tensor]) -> None:
    if len(tensors) < 2:
        raise OpError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    last = len(tensors) - 1
    for i, t in enumerate(tensors):
        if t.ndim != 2 and not (i in (0, last) and t.ndim == 1):
            expected = "1D or 2D" if i in (0, last) else "2D"
            raise ShapeError(f"multi_dot(): tensor {i} must be {expected} but got {t.ndim}D")
        if t.dtype is not tensors[0].dtype:
            raise DtypeError(
                "multi_dot(): all tensors must have be the same dtype but tensor 0 is "
                f"{tensors[0].dtype.name} and tensor {i} {t.dtype.name}"
            )
        if i:
            before = tensors[i - 1]
            if before.shape[-1] != t.shape[0]:
                raise ShapeError(
                    f"multi_dot(): tensors {i - 1} and {i} with shapes {list(before.shape)} and "
                    f"{list(t.shape)} cannot be multiplied"
                )


def _cuts(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """Return where to cut each part (i, j) of a chain, so that it takes the fewest operations."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    cut = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            choices = [
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            ]
            cost[i, j], cut[i, j] = min(choices)
    return cut


@accepts_out
def multi_dot(tensors: Sequence[Tensor]) -> Any:
    """Return the product of several matrices, in the order that takes the fewest operations.

    Args:
        tensors: At least two matrices; the first and the last may be vectors.
    """
    _check_chain(tensors)
    first, last = tensors[0].ndim == 1, tensors[-1].ndim == 1
    chain = list(tensors)
    if first:
        chain[0] = chain[0].unsqueeze(0)
    if last:
        chain[-1] = chain[-1].unsqueeze(-1)
    cut = _cuts([chain[0].shape[0], *[t.shape[1] for t in chain]])

    def part(i: int, j: int) -> Any:
        return chain[i] if i == j else part(i, cut[i, j]) @ part(cut[i, j] + 1, j)

    y = part(0, len(chain) - 1)
    y = y.squeeze(-1) if last else y
    return y.squeeze(0) if first else y


# ---- vectors ----


@accepts_out
def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Any:
    """Return the cross products of the vectors of 3 elements along `dim`; the others broadcast."""
    if input.ndim != other.ndim:
        raise ShapeError("linalg.cross: inputs must have the same number of dimensions.")
    at = wrap_dim("linalg.cross", dim, input.ndim)
    if input.shape[at] != 3 or other.shape[at] != 3:
        raise ShapeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[at]} and "
            f"{other.shape[at]}"
        )
    return cross_along(input, other, at)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Return the view of a diagonal of matrices; see dtrain.diagonal."""
    return diagonal_of(A, offset, dim1, dim2)


@accepts_out
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Any:
    """Return the sums of conj(x) * y along `dim`; the other dimensions broadcast."""
    if x.dtype is not y.dtype:
        raise DtypeError(
            f"linalg.vecdot: Expected x and y to have the same dtype, but found {x.dtype} and "
            f"{y.dtype}"
        )
    return (x.conj() * y).sum(dim)


def vander(x: Tensor, *, N: int | None = None) -> Any:
    """Return the powers 0 to N - 1 of the elements, as a new last dimension.

    Args:
        x: (*, n).
        N: How many powers; None for n.

    Raises:
        OpError: N is less than 2.
    """
    n = (x.shape[-1] if x.ndim else 1) if N is None else N
    if n <= 1:
        raise OpError("N must be greater than 1.")
    if not x.dtype.is_floating_point and not x.dtype.is_complex:
        x = x.to(int64)
    x = (x if x.ndim else x.unsqueeze(0)).unsqueeze(-1)
    powers = x.expand(*x.shape[:-1], n - 1)
    return cat([powers[..., :1] * 0 + 1, powers.cumprod(-1)], -1)

"""Matrix products."""

from __future__ import annotations

import math
from typing import Any

from dtrain.errors import DtypeError, OpError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.numpy_names import numpy_names
from dtrain.tensor.op import Kind, attach, attach_inplace, function, op
from dtrain.tensor.rules import unbroadcast
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Number, Xp

__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "chain_matmul", "cross", "dot", "ger",
    "inner", "kron", "matmul", "mm", "mv", "outer", "tensordot", "vdot",
]  # fmt: skip


# ---- the product of two arrays ----


_PRODUCT = Kind(widen=True, numbers="none", fast="binary")


def _check(where: str, a: Any, b: Any) -> None:
    """Refuse operands that torch does not multiply.

    Raises:
        DtypeError: The types differ.
        ShapeError: The inner sizes differ, or an operand is 0-d.
    """
    if a.dtype != b.dtype:
        raise DtypeError(
            f"{where}: expected m1 and m2 to have the same dtype, but got: "
            f"{dt.of(a.dtype).name} != {dt.of(b.dtype).name}"
        )
    if not a.ndim or not b.ndim:
        raise ShapeError(
            f"both arguments to {where} need to be at least 1D, but they are {a.ndim}D and "
            f"{b.ndim}D"
        )
    inner = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] == inner:
        return
    if a.ndim == b.ndim == 1:
        raise ShapeError(
            f"inconsistent tensor size, expected tensor [{a.size}] and src [{b.size}] to have the "
            f"same number of elements, but got {a.size} and {b.size} elements respectively"
        )
    if b.ndim == 1:
        raise ShapeError(
            f"size mismatch, got input ({a.shape[-2]}), mat ({a.shape[-2]}x{a.shape[-1]}), vec "
            f"({b.size})"
        )
    rows = a.shape[-2] if a.ndim > 1 else 1
    raise ShapeError(
        f"mat1 and mat2 shapes cannot be multiplied ({rows}x{a.shape[-1]} and "
        f"{inner}x{b.shape[-1]})"
    )


def _check_ndim(where: str, a: Any, b: Any, expected: tuple[int, int]) -> None:
    if (a.ndim, b.ndim) != expected:
        raise ShapeError(
            f"{where}: expected operands with {expected[0]} and {expected[1]} dimensions, got "
            f"{a.ndim}D and {b.ndim}D; all of one shape is what matmul takes"
        )


def product(xp: Xp, a: Any, b: Any) -> Any:
    """Return a @ b; half types are multiplied in float32."""
    if a.dtype.itemsize == 2 and a.dtype.kind in "fV":
        return xp.asarray(product(xp, a.astype("f4"), b.astype("f4"))).astype(a.dtype)
    if b.ndim <= 2:
        if a.ndim <= 2:
            return a.dot(b)
        if b.ndim == 2:  # one large product instead of many small ones
            rows = a.reshape(math.prod(a.shape[:-1]), a.shape[-1])
            return rows.dot(b).reshape(*a.shape[:-1], b.shape[1])
    return xp.matmul(a, b)


def _transposed(F: Any, a: Any) -> Any:
    return F.transpose(a, -1, -2)


def _back(F: Any, g: Any, wanted: Any, input: Any, other: Any) -> tuple[Any, Any]:
    """Return g @ other.T and input.T @ g, for vectors, matrices and batches of both."""
    m, n = input.ndim, other.ndim
    if m == n == 1:
        return (g * other if wanted[0] else None), (g * input if wanted[1] else None)
    a = F.unsqueeze(input, 0) if m == 1 else input
    b = F.unsqueeze(other, 1) if n == 1 else other
    if m == 1:
        g = F.unsqueeze(g, -2)
    elif n == 1:
        g = F.unsqueeze(g, -1)
    left = right = None
    if wanted[0]:
        left = unbroadcast(F, F.matmul(g, _transposed(F, b)), a.shape)
        left = F.reshape(left, input.shape) if m == 1 else left
    if wanted[1]:
        if b.ndim == 2 and a.ndim > 2:
            rows = math.prod(a.shape[:-1])
            a, g = F.reshape(a, (rows, a.shape[-1])), F.reshape(g, (rows, g.shape[-1]))
        right = unbroadcast(F, F.matmul(_transposed(F, a), g), b.shape)
        right = F.reshape(right, other.shape) if n == 1 else right
    return left, right


@op(_PRODUCT, joint=(("input", "other"), _back), operator="matmul")
def matmul(xp: Xp, input: Array, other: Array) -> Array:
    """Return input @ other: of vectors, matrices, or batches of matrices, which broadcast."""
    _check("matmul", input, other)
    return product(xp, input, other)


def _back_mat2(F: Any, g: Any, wanted: Any, input: Any, mat2: Any) -> tuple[Any, Any]:
    return _back(F, g, wanted, input, mat2)


def _back_vec(F: Any, g: Any, wanted: Any, input: Any, vec: Any) -> tuple[Any, Any]:
    return _back(F, g, wanted, input, vec)


def _back_tensor(F: Any, g: Any, wanted: Any, input: Any, tensor: Any) -> tuple[Any, Any]:
    return _back(F, g, wanted, input, tensor)


@op(_PRODUCT, joint=(("input", "mat2"), _back_mat2), node="MmBackward0")
def mm(xp: Xp, input: Array, mat2: Array) -> Array:
    """Return the product of two matrices."""
    _check_ndim("mm", input, mat2, (2, 2))
    _check("mm", input, mat2)
    return product(xp, input, mat2)


@op(_PRODUCT, joint=(("input", "mat2"), _back_mat2), node="BmmBackward0")
def bmm(xp: Xp, input: Array, mat2: Array) -> Array:
    """Return the products of two batches of matrices, (B, N, M) and (B, M, P)."""
    _check_ndim("bmm", input, mat2, (3, 3))
    if input.shape[0] != mat2.shape[0] or input.shape[2] != mat2.shape[1]:
        raise ShapeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{input.shape[0]}, {input.shape[2]}] but got: [{mat2.shape[0]}, {mat2.shape[1]}]."
        )
    _check("bmm", input, mat2)
    return product(xp, input, mat2)


@op(_PRODUCT, joint=(("input", "vec"), _back_vec), node="MvBackward0")
def mv(xp: Xp, input: Array, vec: Array) -> Array:
    """Return the product of a matrix and a vector."""
    _check_ndim("mv", input, vec, (2, 1))
    _check("mv", input, vec)
    return product(xp, input, vec)


@op(_PRODUCT, joint=(("input", "tensor"), _back_tensor), node="DotBackward0")
def dot(xp: Xp, input: Array, tensor: Array) -> Array:
    """Return the product of two vectors, a 0-d tensor."""
    if input.ndim != 1 or tensor.ndim != 1:
        raise ShapeError(f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors")
    _check("dot", input, tensor)
    return product(xp, input, tensor)


@function
@accepts_out
def vdot(input: Tensor, other: Tensor) -> Any:
    """Return the product of two vectors, the first one conjugated."""
    return dot(input.conj(), other)


# ---- a product added to something ----

_ADD = Kind(broadcast=True, inplace=True, widen=True)


def _plus(xp: Xp, input: Any, found: Any, beta: Number, alpha: Number) -> Any:
    """Return beta * input + alpha * found; a beta of 0 leaves `input` out, nan or not."""
    found = _times(found, alpha)
    if beta == 0:
        xp.broadcast_to(input, found.shape)
        return found
    return found + _times(input, beta)


def _times(x: Any, factor: Number) -> Any:
    """Return x * factor in the type of x."""
    if factor == 1:
        return x
    name = str(x.dtype)
    if "bool" in name:
        return x & bool(factor)
    return x * (int(factor) if "int" in name else factor)


@op(
    _ADD,
    input=lambda F, g, beta: _times(g, beta),
    mat1=lambda F, g, mat2, alpha: _times(F.matmul(g, _transposed(F, mat2)), alpha),
    mat2=lambda F, g, mat1, alpha: _times(F.matmul(_transposed(F, mat1), g), alpha),
)
def addmm(
    xp: Xp, input: Array, mat1: Array, mat2: Array, beta: Number = 1, alpha: Number = 1
) -> Array:
    """Return beta * input + alpha * (mat1 @ mat2), of matrices."""
    _check_ndim("addmm", mat1, mat2, (2, 2))
    _check("addmm", mat1, mat2)
    return _plus(xp, input, product(xp, mat1, mat2), beta, alpha)


@op(
    _ADD,
    input=lambda F, g, beta: _times(g, beta),
    batch1=lambda F, g, batch2, alpha: _times(F.matmul(g, _transposed(F, batch2)), alpha),
    batch2=lambda F, g, batch1, alpha: _times(F.matmul(_transposed(F, batch1), g), alpha),
)
def baddbmm(
    xp: Xp, input: Array, batch1: Array, batch2: Array, beta: Number = 1, alpha: Number = 1
) -> Array:
    """Return beta * input + alpha * (batch1 @ batch2), of batches of matrices."""
    _check_ndim("baddbmm", batch1, batch2, (3, 3))
    _check("baddbmm", batch1, batch2)
    return _plus(xp, input, product(xp, batch1, batch2), beta, alpha)


def _added(input: Tensor, found: Any, beta: Number, alpha: Number) -> Any:
    found = _times(found, alpha)
    return found if beta == 0 else _times(input, beta) + found


@function
@accepts_out
def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1
) -> Any:
    """Return beta * input + alpha * the sum of batch1 @ batch2 over the batch."""
    return _added(input, bmm(batch1, batch2).sum(0), beta, alpha)


@function
@accepts_out
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Any:
    """Return beta * input + alpha * (mat @ vec)."""
    return _added(input, mv(mat, vec), beta, alpha)


@function
@accepts_out
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Any:
    """Return beta * input + alpha * outer(vec1, vec2)."""
    return _added(input, outer(vec1, vec2), beta, alpha)


for _fn in (addbmm, addmv, addr):
    attach_inplace(_fn)


# ---- products of other shapes ----


@function
@accepts_out
def outer(input: Tensor, vec2: Tensor) -> Any:
    """Return the products of each element of one vector with each of another.

    Raises:
        ShapeError: An operand is no vector.
    """
    for name, t in (("self", input), ("vec2", vec2)):
        if t.ndim != 1:
            raise ShapeError(f"outer: Expected 1-D argument {name}, but got {t.ndim}-D")
    return input.unsqueeze(1) * vec2


ger = outer
attach("ger", outer)


@function
@accepts_out
def inner(input: Tensor, other: Tensor) -> Any:
    """Return the products of vectors along the last dimensions of both.

    Raises:
        ShapeError: The last dimensions differ.
    """
    if not input.ndim or not other.ndim:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise ShapeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    return tensordot(input, other, ([-1], [-1]))


@function
@accepts_out
def kron(input: Tensor, other: Tensor) -> Any:
    """Return the Kronecker product."""
    n = max(input.ndim, other.ndim)
    a_shape = (1,) * (n - input.ndim) + tuple(input.shape)
    b_shape = (1,) * (n - other.ndim) + tuple(other.shape)
    a = input.reshape([s for x in a_shape for s in (x, 1)])
    b = other.reshape([s for x in b_shape for s in (1, x)])
    return (a * b).reshape([x * y for x, y in zip(a_shape, b_shape, strict=True)])


@accepts_out
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Any:
    """Return the product of two tensors, summed over `dims`: a count, or (dims of a, dims of b).

    Raises:
        ShapeError: The sizes of the summed dimensions differ.
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        dims = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    of_a, of_b = ([d % t.ndim for d in ds] for t, ds in zip((a, b), dims, strict=True))
    for i, j in zip(of_a, of_b, strict=True):
        if b.shape[j] == 1:
            a = a.sum(i, keepdim=True)
        elif a.shape[i] == 1:
            b = b.sum(j, keepdim=True)
        elif a.shape[i] != b.shape[j]:
            raise ShapeError(
                "contracted dimensions need to match, but first has size "
                f"{a.shape[i]} in dim {i} and second has size {b.shape[j]} in dim {j}"
            )
    free_a = [i for i in range(a.ndim) if i not in of_a]
    free_b = [i for i in range(b.ndim) if i not in of_b]
    size = math.prod([a.shape[i] for i in of_a])
    left = a.permute(free_a + of_a).reshape(math.prod([a.shape[i] for i in free_a]), size)
    right = b.permute(of_b + free_b).reshape(size, math.prod([b.shape[i] for i in free_b]))
    return mm(left, right).reshape([a.shape[i] for i in free_a] + [b.shape[j] for j in free_b])


@accepts_out
def chain_matmul(*matrices: Any) -> Any:
    """Return the product of several matrices.

    Raises:
        OpError: There is none.
    """
    if len(matrices) == 1 and not isinstance(matrices[0], Tensor):
        matrices = tuple(matrices[0])
    if not matrices:
        raise OpError("chain_matmul(): Expected one or more matrices")
    y = matrices[0]
    for m in matrices[1:]:
        y = mm(y, m)
    return y


@function
@accepts_out
@numpy_names
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Any:
    """Return the cross products of the vectors of 3 elements along `dim`.

    Raises:
        ShapeError: No dimension has size 3.
    """
    shape = tuple(input.shape)
    if dim is None:
        if 3 not in shape:
            raise ShapeError("no dimension of size 3 in input")
        dim = shape.index(3)
    if shape[dim] != 3 or other.shape[dim] != 3:
        raise ShapeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {shape[dim]} and "
            f"{other.shape[dim]}"
        )
    a: Any = input
    b: Any = other
    return a.roll(-1, dim) * b.roll(-2, dim) - a.roll(-2, dim) * b.roll(-1, dim)

"""What the families of linear algebra share: torch's checks and errors, transposes, diagonals."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from dtrain.errors import DtypeError, LinAlgError, OpTypeError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.inplace import write_result
from dtrain.typing import Array, Xp

Fn = TypeVar("Fn", bound=Callable[..., Any])

__all__ = [
    "TITLES", "accepts_outs", "adjoined", "apart", "check_float", "check_matrix", "check_same_type",
    "check_square", "each_matrix", "off_diagonal_inverse", "on_diagonal", "raise_for", "real_type",
    "transposed", "with_diagonal",
]  # fmt: skip

TITLES = {
    "float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16",
    "int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte",
    "bool": "Bool", "complex64": "ComplexFloat", "complex128": "ComplexDouble",
}  # fmt: skip
"""What torch's messages call the data types."""


# ---- checks ----


def _title(a: Any) -> str:
    name = dt.of(getattr(a, "_a", a).dtype).name
    return TITLES.get(name, name)


def check_float(where: str, a: Any, half: bool = False) -> None:
    """Refuse integers, and half types unless `half`.

    Raises:
        DtypeError: The elements are of such a type.
    """
    d = getattr(a, "_a", a).dtype
    if d.kind in "biu":
        raise DtypeError(
            f"{where}: Expected a floating point or complex tensor as input. Got {_title(a)}"
        )
    if not half and d.itemsize == 2:
        raise DtypeError(f"{where}: Low precision dtypes not supported. Got {_title(a)}")


def check_matrix(where: str, a: Any, name: str = "A") -> None:
    """Refuse what has less than two dimensions.

    Raises:
        ShapeError: It has.
    """
    if a.ndim < 2:
        raise ShapeError(f"{where}: The input tensor {name} must have at least 2 dimensions.")


def check_square(where: str, a: Any, name: str = "A") -> None:
    """Refuse what is no square matrix of floating point numbers, nor a batch of them.

    Raises:
        ShapeError: It is not square.
    """
    check_matrix(where, a, name)
    check_float(where, a)
    m, n = a.shape[-2:]
    if m != n:
        raise ShapeError(
            f"{where}: {name} must be batches of square matrices, but they are {m} by {n} matrices"
        )


def check_same_type(where: str, a: Any, b: Any) -> None:
    """Refuse operands of different types.

    Raises:
        DtypeError: They differ.
    """
    if a.dtype != b.dtype:
        raise DtypeError(
            f"{where}: Expected A and B to have the same dtype, but found A of type {_title(a)} "
            f"and B of type {_title(b)} instead"
        )


def raise_for(where: str, info: Any, what: Callable[[int], str]) -> None:
    """Raise for the first matrix of a batch that could not be worked on.

    Args:
        where: torch's name for the function.
        info: Per matrix 0, or what is wrong with it, an integer tensor.
        what: Tells in words what a number means.

    Raises:
        LinAlgError: A number is not 0.
    """
    flat = info.reshape(-1).tolist()
    for i, code in enumerate(flat):
        if code:
            batch = f"(Batch element {i}): " if info.ndim else ""
            raise LinAlgError(f"{where}: {batch}{what(code)}")


def each_matrix(
    xp: Xp, fn: Callable[[Array], Array], diagnose: Callable[[Array], int], a: Array, like: Array
) -> tuple[Array, Array]:
    """Compute matrix by matrix, where some of a batch cannot be worked on.

    Args:
        xp: The array module.
        fn: Computes the result of one item of `a`; raises NumPy's LinAlgError where there is none.
        diagnose: Tells what is wrong with it, a number that is not 0.
        a: The matrices, (*, m, n).
        like: An array of the shape and type of the result.

    Returns:
        The results, nan where there is none, and the numbers, int32 of the batch's shape.
    """
    shape = a.shape[:-2]
    flat = a.reshape(math.prod(shape), *a.shape[-2:])
    found = xp.full((flat.shape[0], *like.shape[-2:]), math.nan, like.dtype)
    info = np.zeros(flat.shape[0], np.int32)
    for i in range(flat.shape[0]):
        try:
            y = fn(flat[i])
            sound = bool(xp.isfinite(y).all()) or not bool(xp.isfinite(flat[i]).all())
        except np.linalg.LinAlgError:
            sound = False
            y = None
        if sound:
            found[i] = y
        else:
            info[i] = diagnose(flat[i])
    return found.reshape(*shape, *like.shape[-2:]), xp.asarray(info.reshape(shape))


def accepts_outs(fn: Fn) -> Fn:
    """Give a composed function with several results the argument out=, a tuple of tensors."""

    @functools.wraps(fn)
    def call(*args: Any, out: Any = None, **kw: Any) -> Any:
        made = fn(*args, **kw)
        if out is None:
            return made
        if not isinstance(out, (tuple, list)) or len(out) != len(made):
            raise OpTypeError(
                f"{fn.__name__}(): expected out= to be a tuple of {len(made)} tensors"
            )
        return type(made)(write_result(fn.__name__, t, o) for t, o in zip(made, out, strict=True))

    return cast("Fn", call)


# ---- for rules: on bare arrays and on tensors alike ----


def transposed(F: Any, a: Any) -> Any:
    """Return the transposed matrices."""
    return F.transpose(a, -1, -2)


def adjoined(F: Any, a: Any) -> Any:
    """Return the transposed and conjugated matrices."""
    return F.conj(F.transpose(a, -1, -2))


def real_type(F: Any, g: Any, like: Any) -> Any:
    """Return the real part of a complex gradient that belongs to something real."""
    return F.real(g) if apart(g) and not apart(like) else g


def apart(a: Any) -> bool:
    """Return True where elements have an imaginary part."""
    return "complex" in str(a.dtype)


def on_diagonal(F: Any, d: Any) -> Any:
    """Return square matrices with vectors on the diagonal."""
    return F.diagonal_grad(d, (*d.shape, d.shape[-1]), 0, -2, -1)


def with_diagonal(F: Any, a: Any, d: Any) -> Any:
    """Return square matrices with another diagonal."""
    return a + on_diagonal(F, d - F.diagonal(a, 0, -2, -1))


def off_diagonal_inverse(F: Any, values: Any) -> Any:
    """Return the matrices of 1 / (values[j] - values[i]), with ones on the diagonal."""
    gaps = F.unsqueeze(values, -2) - F.unsqueeze(values, -1)
    return 1 / with_diagonal(F, gaps, F.zeroed(values) + 1)

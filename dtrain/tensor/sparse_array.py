"""A sparse array in coordinate form, and the array module that computes with it.

A tensor over a SparseArray is an ordinary tensor: the operators find this module through the class
of the array, as they find CuPy, and dense tensors pay nothing for it. What the module has no
function for is refused by `__getattr__`. An element that is listed several times counts as the sum;
`coalesced` says that this does not happen and that the elements stand in order.
"""

from __future__ import annotations

import sys
from math import prod
from typing import Any

import numpy as np

from dtrain.backend.kernels import kernel
from dtrain.backend.module import module_of, register_array_class
from dtrain.errors import OpError, ShapeError
from dtrain.typing import Array

__all__ = ["SparseArray", "add", "multiply", "ndarray", "negative", "subtract", "true_divide"]


class SparseArray:
    """Values at coordinates, zeros elsewhere.

    Args:
        indices: (sparse dimensions, count), int64.
        values: (count, *dense dimensions).
        shape: Sizes of the sparse dimensions, then of the dense ones.
        coalesced: No element appears twice, and they are in order.
    """

    __slots__ = ("__weakref__", "coalesced", "indices", "shape", "values")
    __array_ufunc__ = None  # NumPy leaves dense + sparse to us
    base = None

    def __init__(
        self, indices: Array, values: Array, shape: tuple[int, ...], coalesced: bool = False
    ) -> None:
        self.indices, self.values, self.shape = indices, values, tuple(shape)
        self.coalesced = coalesced

    @property
    def dtype(self) -> Any:
        """NumPy's type of the values."""
        return self.values.dtype

    @property
    def ndim(self) -> int:
        """Sparse and dense dimensions together."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements, zeros included."""
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of one value."""
        return int(self.values.itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes of indices and values."""
        return int(self.values.nbytes + self.indices.nbytes)

    @property
    def strides(self) -> tuple[int, ...]:
        """Zeros, as in torch: there are no steps between elements."""
        return (0,) * len(self.shape)

    @property
    def count(self) -> int:
        """How many values are listed."""
        return int(self.indices.shape[1])

    @property
    def head(self) -> tuple[int, ...]:
        """The sizes of the sparse dimensions."""
        return self.shape[: self.indices.shape[0]]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise OpError(f"{name}: there is no such operation on a sparse tensor; do to_dense() first")

    def __reduce__(self) -> Any:
        return SparseArray, (self.indices, self.values, self.shape, self.coalesced)

    def with_values(self, values: Array) -> SparseArray:
        """Return an array with other values at the same coordinates."""
        return SparseArray(self.indices, values, self.shape, self.coalesced)

    def copy(self, order: str = "C") -> SparseArray:
        """Return a copy in memory of its own."""
        return SparseArray(self.indices.copy(), self.values.copy(), self.shape, self.coalesced)

    def astype(self, dtype: Any, copy: bool = True) -> SparseArray:
        """Return the array in another type."""
        return self.with_values(self.values.astype(dtype, copy=copy))

    def conjugate(self) -> SparseArray:
        """Return the complex conjugate."""
        return self.with_values(self.values.conjugate())

    def flat(self) -> Array:
        """Return where the coordinates lie in the flattened sparse dimensions."""
        total: Any = 0
        for at, n in zip(self.indices, self.head, strict=True):
            total = total * n + at
        return total

    def coalesce(self) -> SparseArray:
        """Return the array with each element once, in order."""
        if self.coalesced:
            return self
        xp = module_of(self.values.__class__)
        if not self.indices.shape[0]:  # a 0-d array of dense values
            count = min(self.count, 1)
            values = self.values.sum(0, dtype=self.dtype)[None][:count]
            return SparseArray(self.indices[:, :count], values, self.shape, True)
        places, first, at = xp.unique(self.flat(), return_index=True, return_inverse=True)
        values = xp.zeros((places.size, *self.values.shape[1:]), self.dtype)
        xp.add.at(values, at.reshape(-1), self.values)
        return SparseArray(self.indices[:, first], values, self.shape, True)

    def dense(self) -> Array:
        """Return the array with its zeros."""
        xp = module_of(self.values.__class__)
        out = xp.zeros(self.shape, self.dtype)
        self.add_to(out)
        return out

    def add_to(self, dense: Array) -> None:
        """Add the values to a dense array, in place."""
        xp = module_of(self.values.__class__)
        if self.dtype.kind == "b":
            dense[tuple(self.indices)] |= self.values
        elif self.coalesced or not self.indices.shape[0]:
            dense[tuple(self.indices)] += self.coalesce().values if self.count else 0
        else:
            xp.add.at(dense, tuple(self.indices), self.values)

    def like(self, other: Any) -> SparseArray:
        """Return the elements of an array of the same shape at these coordinates."""
        if isinstance(other, SparseArray):
            return self.with_values(_looked_up(other.coalesce(), self))
        return self.with_values(other[tuple(self.indices)])

    @property
    def T(self) -> SparseArray:  # noqa: N802 (NumPy's name)
        """The transposed matrix."""
        return SparseArray(self.indices[::-1], self.values, self.shape[::-1])

    def product(self, dense: Array) -> Array:
        """Return the product of this matrix and a dense one."""
        if self.shape[1] != dense.shape[0]:
            raise ShapeError(
                f"mat1 and mat2 shapes cannot be multiplied ({self.shape[0]}x{self.shape[1]} and "
                f"{'x'.join(map(str, dense.shape))})"
            )
        xp = module_of(self.values.__class__)
        out = xp.zeros((self.shape[0], *dense.shape[1:]), self.dtype)
        scale = self.values.reshape(-1, *(1,) * (dense.ndim - 1))
        xp.add.at(out, self.indices[0], scale * dense[self.indices[1]])
        return out

    def __add__(self, other: Any) -> Any:
        return add(self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return multiply(self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return true_divide(self, other)

    def __neg__(self) -> SparseArray:
        return self.with_values(-self.values)


def _looked_up(source: SparseArray, at: SparseArray) -> Array:
    """Return the values of a coalesced array at the coordinates of another."""
    xp = module_of(source.values.__class__)
    out = xp.zeros((at.count, *source.values.shape[1:]), source.dtype)
    if source.count and at.count:
        known, asked = source.flat(), at.flat()
        where = xp.searchsorted(known, asked).clip(0, source.count - 1)
        hit = known[where] == asked
        out[hit] = source.values[where[hit]]
    return out


# ---- the array module: NumPy's names ----

ndarray = SparseArray


def _check_shapes(a: Any, b: Any) -> None:
    if a.shape != b.shape:
        raise ShapeError(
            "add: expected 'self' and 'other' to have same size, but self has size "
            f"{list(a.shape)} while other has size {list(b.shape)}"
        )


def add(a: Any, b: Any, out: Any = None) -> Any:
    """Return a + b: sparse where both are, else dense."""
    if not isinstance(a, SparseArray):
        a, b = b, a
    if not isinstance(b, SparseArray):
        if not getattr(b, "ndim", 0):
            raise OpError("add(sparse, number) is not supported: the result would be dense")
        _check_shapes(a, b)
        total = b + 0 if b.dtype.kind != "b" else b.copy()
        a.add_to(total)
        return total
    _check_shapes(a, b)
    xp = module_of(a.values.__class__)
    if a.indices.shape[0] != b.indices.shape[0]:
        return add(a, b.dense())
    indices = xp.concatenate([a.indices, b.indices], 1)
    made = SparseArray(indices, xp.concatenate([a.values, b.values]), a.shape)
    return made.coalesce() if a.coalesced and b.coalesced else made


def negative(a: SparseArray, out: Any = None) -> SparseArray:
    """Return -a."""
    return -a


def subtract(a: Any, b: Any, out: Any = None) -> Any:
    """Return a - b."""
    return add(a, -b)


def multiply(a: Any, b: Any, out: Any = None) -> Any:
    """Return a * b, sparse: one of them may be a number or a dense array of the same shape."""
    if not isinstance(a, SparseArray):
        a, b = b, a
    if not getattr(b, "ndim", 0):
        factor = b if not isinstance(b, SparseArray) else b.dense()
        return a.with_values(a.values * factor)
    _check_shapes(a, b)
    a = a.coalesce()
    return a.with_values(a.values * a.like(b).values)


def true_divide(a: Any, b: Any, out: Any = None) -> SparseArray:
    """Return a / b for a number or 0-d array b.

    Raises:
        OpError: b has dimensions: zeros would be divided by zeros.
    """
    if getattr(b, "ndim", 0) or not isinstance(a, SparseArray):
        raise OpError("Sparse division requires a scalar or zero-dim dense tensor divisor")
    return a.with_values(a.values / b)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise OpError(
        f"could not run {name!r} with arguments from the 'Sparse' backend; do to_dense() first"
    )


register_array_class(SparseArray, sys.modules[__name__])


# ---- operators with kernels of their own ----


@kernel(__name__, "clone")
def _clone(input: SparseArray, memory_format: Any = None) -> SparseArray:
    return input.copy()


@kernel(__name__, "sum")
def _sum(input: SparseArray, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    if dim not in (None, ()) or keepdim:
        raise OpError("sum(sparse, dim): use torch.sparse.sum")
    values = input.values if dtype is None else input.values.astype(dtype)
    return np.asarray(values.sum(dtype="i8" if values.dtype.kind in "biu" else None))

"""Views under another shape: no element moves, no element is read."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from dtrain.backend.strided import strided
from dtrain.errors import OpError, OpTypeError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.op import VIEW, attach, function, op
from dtrain.tensor.rules import unbroadcast
from dtrain.tensor.shape_rules import dim_error, expanded_size, wrap_dim, wrap_dims
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Shape, Xp

__all__ = [
    "adjoint",
    "broadcast_tensors",
    "broadcast_to",
    "expand",
    "flatten",
    "moveaxis",
    "movedim",
    "permute",
    "ravel",
    "reshape",
    "squeeze",
    "swapaxes",
    "swapdims",
    "t",
    "transpose",
    "unflatten",
    "unsqueeze",
]

_NEW_AXIS = tuple([(slice(None),) * i + (None,) for i in range(65)])


def _reshape_error(input: Array, shape: Sequence[Any]) -> Exception:
    """Return torch's error for a shape that `input` cannot take."""
    if not all(hasattr(n, "__index__") for n in shape):
        return OpTypeError(f"reshape(): argument 'shape' must be tuple of ints, not {shape!r}")
    sizes = [int(n) for n in shape]
    if sizes.count(-1) > 1:
        return ShapeError(f"reshape(shape={sizes}): only one dimension can be inferred")
    if any(n < -1 for n in sizes):
        return ShapeError(
            f"invalid shape dimension {min(sizes)} at index {sizes.index(min(sizes))}"
        )
    if -1 in sizes and input.size == 0 and 0 in sizes:
        return ShapeError(
            f"cannot reshape tensor of 0 elements into shape {sizes} because the unspecified "
            "dimension size -1 can be any value and is ambiguous"
        )
    return ShapeError(f"shape '{sizes}' is invalid for input of size {input.size}")


def _check_sizes(input: Array, shape: Sequence[Any]) -> None:
    """Refuse sizes below -1: NumPy infers any negative one."""
    for n in shape:
        if n < -1:
            raise _reshape_error(input, shape)


@op(
    VIEW, varargs="shape", node="ViewBackward0",
    input=lambda F, g, input_shape: F.reshape(g, input_shape),
)  # fmt: skip
def reshape(xp: Xp, input: Array, shape: Shape) -> Array:
    """View the elements under another shape; a copy only where no view can do it.

    One size may be -1 and is inferred.
    """
    try:
        y = input.reshape(shape)
    except (ValueError, TypeError):
        raise _reshape_error(input, shape) from None
    if y.shape != shape:
        _check_sizes(input, shape)
    return y


def _unview(F: Any, g: Any, input_shape: Shape, shape: Any) -> Any:
    return None if shape and isinstance(shape[0], dt.dtype) else F.reshape(g, input_shape)


@op(
    VIEW, varargs="shape", node="ViewBackward0",
    input=_unview,
)  # fmt: skip
def view(xp: Xp, input: Array, shape: Any) -> Array:
    """View the same memory under another shape, or as another dtype.

    Raises:
        ShapeError: Only a copy could have that shape; reshape makes one.
    """
    try:
        y = input.reshape(shape)
    except (ValueError, TypeError):
        if len(shape) == 1 and isinstance(shape[0], dt.dtype):
            return _view_as_type(xp, input, shape[0])
        raise _reshape_error(input, shape) from None
    if y.shape != shape:
        _check_sizes(input, shape)
    base = y.base
    if base is not input and (base is None or base is not input.base) and y.size:
        raise ShapeError(
            f"view(shape={list(shape)}): view size is not compatible with input tensor's size and "
            "stride (at least one dimension spans across two contiguous subspaces). Use "
            ".reshape(...) instead."
        )
    return y


def _view_as_type(xp: Xp, input: Array, dtype: dt.dtype) -> Array:
    """Read the bytes as another type; the last dimension takes up the difference in size."""
    if dtype.itemsize == input.itemsize:
        return input.view(dtype.np)
    ratio = max(dtype.itemsize, input.itemsize) // min(dtype.itemsize, input.itemsize)
    if input.ndim == 0:
        raise ShapeError(
            f"self.dim() cannot be 0 to view {dt.of(input.dtype)} as {dtype} (different element "
            "sizes)"
        )
    if input.strides[-1] != input.itemsize and input.size > 1:
        raise ShapeError(
            f"self.stride(-1) must be 1 to view {dt.of(input.dtype)} as {dtype} (different element "
            f"sizes), but got {input.strides[-1] // input.itemsize}"
        )
    if dtype.itemsize > input.itemsize and input.shape[-1] % ratio:
        raise ShapeError(
            f"self.size(-1) must be divisible by {ratio} to view {dt.of(input.dtype)} as {dtype} "
            f"(different element sizes), but got {input.shape[-1]}"
        )
    return input.view(dtype.np)


attach("view_as", lambda self, other: view(self, other.shape))
attach("reshape_as", lambda self, other: reshape(self, other.shape))


@op(VIEW, input=lambda F, g, dim0, dim1: F.transpose(g, dim0, dim1))
def transpose(xp: Xp, input: Array, dim0: int, dim1: int) -> Array:
    """Swap two dimensions."""
    if input.ndim == 0:
        wrap_dims("transpose", dim0, 0)
        wrap_dims("transpose", dim1, 0)
        return input.view()
    return input.swapaxes(dim0, dim1)


swapaxes = swapdims = transpose
attach("swapaxes", transpose)
attach("swapdims", transpose)


@op(VIEW, input=lambda F, g: F.t(g))
def t(xp: Xp, input: Array) -> Array:
    """Transpose a matrix; tensors of fewer dimensions stay as they are."""
    if input.ndim > 2:
        raise OpError(
            f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D; use mT or "
            "transpose"
        )
    return input.T


@op(VIEW, varargs="dims", input=lambda F, g, dims: F.permute(g, _inverse(dims)))
def permute(xp: Xp, input: Array, dims: Shape) -> Array:
    """Put the dimensions in another order."""
    try:
        return input.transpose(dims) if input.ndim else input.reshape(()[: len(dims)])
    except ValueError:
        if len(dims) != input.ndim:
            raise ShapeError(
                "permute(sparse_coo): number of dimensions in the tensor input does not match the "
                "length of the desired ordering of dimensions i.e. input.dim() = "
                f"{input.ndim} is not equal to len(dims) = {len(dims)}"
            ) from None
        wrap_dims("permute", dims, input.ndim)
        raise


def _inverse(dims: Shape) -> tuple[int, ...]:
    n = len(dims)
    out = [0] * n
    for i, d in enumerate(dims):
        out[d % n] = i
    return tuple(out)


@op(VIEW, input=lambda F, g, input_shape: F.reshape(g, input_shape))
def unsqueeze(xp: Xp, input: Array, dim: int) -> Array:
    """Insert a dimension of size 1 at `dim`."""
    n = input.ndim
    if not -n - 1 <= dim <= n:
        raise dim_error("unsqueeze", dim, n + 1)
    return input[_NEW_AXIS[dim + n + 1 if dim < 0 else dim]]


@op(VIEW, input=lambda F, g, input_shape: F.reshape(g, input_shape))
def squeeze(xp: Xp, input: Array, dim: int | Shape | None = None) -> Array:
    """Remove the dimensions of size 1: all, or those of `dim` that have it."""
    if dim is None:
        y = input.squeeze()
    else:
        dims = wrap_dims("squeeze", dim, input.ndim)
        y = input.squeeze(tuple([d for d in dims if input.ndim and input.shape[d] == 1]))
    return input.view() if y is input else y


def _unexpand(F: Any, g: Any, input_shape: Shape) -> Any:
    return unbroadcast(F, g, tuple(input_shape))


@op(VIEW, varargs="size", input=_unexpand)
def expand(xp: Xp, input: Array, size: Shape) -> Array:
    """Broadcast to a larger size without copying; -1 keeps a dimension."""
    shape = input.shape
    lead = len(size) - len(shape)
    if lead < 0 or -1 in size:
        size = expanded_size(shape, size)
    steps = [0] * len(size)
    own = input.strides
    for i, n in enumerate(shape):
        m = size[lead + i]
        if n == m:
            steps[lead + i] = own[i]
        elif n != 1:
            expanded_size(shape, size)  # raises
    return strided(input, size, steps)


attach("expand_as", lambda self, other: expand(self, other.shape))


@function
def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """Broadcast to a larger size without copying."""
    return expand(input, tuple(size))


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Expand all tensors to the shape that they broadcast to."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    shape = broadcast_shape("broadcast_tensors", *[t._a.shape for t in tensors])
    return tuple([expand(t, shape) for t in tensors])


def broadcast_shape(where: str, *shapes: Shape) -> tuple[int, ...]:
    """Return the shape that all shapes broadcast to.

    Raises:
        ShapeError: There is none.
    """
    ndim = max(map(len, shapes), default=0)
    out = [1] * ndim
    for shape in shapes:
        for i, n in enumerate(reversed(shape), 1):
            if n != 1 and out[-i] not in (1, n):
                raise ShapeError(
                    f"{where}: The size of tensor a ({out[-i]}) must match the size of tensor b "
                    f"({n}) at non-singleton dimension {ndim - i}"
                )
            out[-i] = n if n != 1 else out[-i]
    return tuple(out)


@function
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Make one dimension of those from `start_dim` to `end_dim`, both included."""
    shape = input._a.shape
    n = len(shape)
    if start_dim == 0 and end_dim == -1 and n > 1:
        return reshape(input, (-1,))
    if n == 0:
        wrap_dims("flatten", start_dim, 0)
        wrap_dims("flatten", end_dim, 0)
        return reshape(input, (1,))
    start, end = wrap_dim("flatten", start_dim, n), wrap_dim("flatten", end_dim, n)
    if start > end:
        raise OpError(f"flatten() has invalid args: start_dim {start} comes after end_dim {end}")
    if start == end:
        return input
    return reshape(input, (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :]))


@function
def ravel(input: Tensor) -> Tensor:
    """Return all elements as one dimension."""
    return reshape(input.contiguous(), (-1,))


@function
def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """Split one dimension into several; one of `sizes` may be -1."""
    shape = input._a.shape
    at = wrap_dim("unflatten", dim, len(shape))
    sizes = (sizes,) if isinstance(sizes, int) else tuple(sizes)
    if not sizes:
        raise OpError("unflatten: sizes must be non-empty")
    known = prod([n for n in sizes if n != -1])
    n = shape[at] if shape else 1
    if (-1 not in sizes and known != n) or (-1 in sizes and (known == 0 or n % known)):
        raise ShapeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {at} "
            f"({n}) in the input tensor"
        )
    sizes = tuple([n // known if m == -1 else m for m in sizes])
    return view(input, (*shape[:at], *sizes, *shape[at + 1 :]))


@function
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Move dimensions to other places; the rest keep their order."""
    n = input._a.ndim
    one, two = wrap_dims("movedim", source, n), wrap_dims("movedim", destination, n)
    if len(one) != len(two):
        raise OpError(
            f"movedim: Invalid source or destination dims: source ({list(one)} dims) should "
            f"contain the same number of dims as destination ({list(two)} dims)"
        )
    order = [d for d in range(n) if d not in one]
    for to, of in sorted(zip(two, one, strict=True)):
        order.insert(to, of)
    return permute(input, tuple(order)) if n else input


moveaxis = movedim
attach("moveaxis", movedim)


def _matrix_dims(input: Tensor, what: str) -> Tensor:
    if input._a.ndim < 2:
        raise OpError(
            f"tensor.{what} is only supported on matrices or batches of matrices. Got "
            f"{input._a.ndim}-D tensor."
        )
    return transpose(input, -2, -1)


@function
def adjoint(input: Tensor) -> Tensor:
    """Return the conjugate transpose of the last two dimensions."""
    y = _matrix_dims(input, "adjoint()")
    return y.conj() if input.is_complex() else y


def _reversed_dims(self: Tensor) -> Tensor:
    """All dimensions in reverse order."""
    n = self._a.ndim
    return permute(self, (1, 0) if n == 2 else tuple(range(n - 1, -1, -1)))


def _matrix_transposed(self: Tensor) -> Tensor:
    """The last two dimensions swapped."""
    return _matrix_dims(self, "mT")


def _conjugate_transposed(self: Tensor) -> Tensor:
    """The conjugate transpose of a matrix."""
    if self._a.ndim not in (0, 2):
        raise OpError(f"tensor.H is only supported on matrices (2-D tensors). Got {self._a.ndim}-D")
    y = t(self)
    return y.conj() if self.is_complex() else y


attach("T", property(_reversed_dims))
attach("mT", property(_matrix_transposed))
attach("H", property(_conjugate_transposed))
attach("mH", property(adjoint))

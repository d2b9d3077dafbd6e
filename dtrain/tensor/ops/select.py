"""Parts of a tensor along one dimension: narrow, select, split and their kin. All are views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dtrain.errors import OpError, OpIndexError, OpTypeError, ShapeError
from dtrain.tensor.call import record
from dtrain.tensor.grad_mode import MODE
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.numpy_names import numpy_names
from dtrain.tensor.op import Kind, attach, function, op
from dtrain.tensor.ops.getitem import basic_select, basic_slice
from dtrain.tensor.shape_rules import at_dim, wrap_dim
from dtrain.tensor.tensor import Tensor
from dtrain.tensor.view_call import view_of
from dtrain.typing import Array, Shape, Xp

__all__ = [
    "chunk",
    "dsplit",
    "hsplit",
    "narrow",
    "narrow_copy",
    "select",
    "split",
    "split_with_sizes",
    "tensor_split",
    "unbind",
    "unsafe_chunk",
    "unsafe_split",
    "vsplit",
]


@function
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """Return `length` positions from `start` on along one dimension; a view.

    Raises:
        OpIndexError: The start lies outside the dimension.
        OpError: The end does.
    """
    shape = input._a.shape
    if not shape:
        raise OpError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, Tensor) and (start._a.ndim or start._a.dtype.kind not in "iu"):
        raise OpError("start must be an 0-dim integral Tensor.")
    dim, start = wrap_dim("narrow", dim, len(shape)), int(start)
    n = shape[dim]
    if length < 0:
        raise OpError(f"narrow(): length must be non-negative, got {length}")
    if not -n <= start <= n:
        raise OpIndexError(
            f"narrow: start out of range (expected to be in range of [{-n}, {n}], but got {start})"
        )
    start += n if start < 0 else 0
    if start + length > n:
        raise OpError(f"start ({start}) + length ({length}) exceeds dimension size ({n}).")
    return basic_slice(input, at_dim(dim, slice(start, start + length)))


@function
@accepts_out
def narrow_copy(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """Return a copy of `length` positions from `start` on along one dimension."""
    return narrow(input, dim, start, length).clone()


@function
@numpy_names
def select(input: Tensor, dim: int, index: Any) -> Tensor:
    """Return one position along a dimension, which goes; a view.

    Raises:
        OpIndexError: The position lies outside the dimension.
    """
    shape = input._a.shape
    if not shape:
        raise OpIndexError("select() cannot be applied to a 0-dim tensor.")
    dim, index = wrap_dim("select", dim, len(shape)), int(index)
    if not -shape[dim] <= index < shape[dim]:
        raise OpIndexError(
            f"select(): index {index} out of range for tensor of size {list(shape)} at dimension "
            f"{dim}"
        )
    return basic_select(input, at_dim(dim, index))


def _filled(F: Any, g: Any, shapes: Sequence[Any]) -> list[Any]:
    """Return the gradients of all parts; zeros for those that have none."""
    parts = g if isinstance(g, list) else [g]
    like = next(p for p in parts if p is not None)
    return [
        F.zeros_of(like, tuple(s)) if p is None else p for p, s in zip(parts, shapes, strict=True)
    ]


def _join_parts(F: Any, g: Any, input_shape: Shape, sizes: Sequence[int], dim: int) -> Any:
    shapes = [(*input_shape[:dim], n, *input_shape[dim + 1 :]) for n in sizes]
    return F.cat(_filled(F, g, shapes), dim)


def _stack_parts(F: Any, g: Any, input_shape: Shape, dim: int) -> Any:
    part = (*input_shape[:dim], *input_shape[dim + 1 :])
    return F.stack(_filled(F, g, [part] * input_shape[dim]), dim)


@op(
    Kind(out=False, method=False), name="split_parts", node="SplitBackward0",
    input=_join_parts,
)  # fmt: skip
def split_parts(xp: Xp, input: Array, sizes: Sequence[int], dim: int) -> Any:
    """Return the parts of the given sizes along a dimension, as a tuple of views."""
    out, start = [], 0
    for n in sizes:
        out.append(input[at_dim(dim, slice(start, start + n))])
        start += n
    return tuple(out)


@op(
    Kind(out=False, method=False), name="unbind_parts", node="UnbindBackward0",
    input=_stack_parts,
)  # fmt: skip
def unbind_parts(xp: Xp, input: Array, dim: int) -> Any:
    """Return the positions along a dimension, as a tuple of views."""
    front = input.swapaxes(0, dim) if dim else input
    if dim > 1:
        front = xp.moveaxis(input, dim, 0)
    return tuple([front[i, ...] for i in range(front.shape[0])])


def _views(record_of: Any, input: Tensor, *options: Any) -> tuple[Tensor, ...]:
    """Call an operator that gives several views."""
    op_ = record_of.op
    a = input._a
    made = tuple([view_of(input, y) for y in op_.kernels[a.__class__](a, *options)])
    if MODE.grad and input._node is not None and made:
        record(op_, [input, *options], [a, *options], made)
    return made


def _split_at(input: Tensor, sizes: Sequence[int], dim: int) -> tuple[Tensor, ...]:
    return _views(split_parts, input, tuple(sizes), dim)


def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Split into parts of a size, the last one smaller where it does not fit, or of given sizes.

    Raises:
        ShapeError: The given sizes do not add up to the dimension.
    """
    if isinstance(split_size_or_sections, (tuple, list)):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    size = int(split_size_or_sections)
    shape = tensor._a.shape
    if not shape:
        raise OpError("split expects at least a 1-dimensional tensor")
    dim = wrap_dim("split", dim, len(shape))
    n = shape[dim]
    if size < 0 or (size == 0 and n):
        raise OpError(
            f"split expects split_size be non-negative, but got split_size={size}"
            if size < 0
            else f"split_size can only be 0 if dimension size is 0, but got dimension size of {n}"
        )
    if n == 0 or size == 0:
        return _split_at(tensor, (n,), dim)
    sizes = [size] * (n // size) + ([n % size] if n % size else [])
    return _split_at(tensor, sizes, dim)


@function
def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Split into parts of the given sizes.

    Raises:
        ShapeError: They do not add up to the dimension.
    """
    shape = input._a.shape
    if not shape:
        raise OpError("split expects at least a 1-dimensional tensor")
    dim = wrap_dim("split", dim, len(shape))
    if sum(split_sizes) != shape[dim] or any(n < 0 for n in split_sizes):
        raise ShapeError(
            f"split_with_sizes expects split_sizes to sum exactly to {shape[dim]} (input tensor's "
            f"size at dimension {dim}), but got split_sizes={list(split_sizes)}"
        )
    return _split_at(input, split_sizes, dim)


unsafe_split = split


def _split_method(self: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Split into parts of a size, or of given sizes."""
    return split(self, split_size, dim)


attach("split", _split_method)
attach("unsafe_split", _split_method)


@function
@numpy_names
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Split into at most `chunks` parts of one size; the last may be smaller."""
    shape = input._a.shape
    if not shape:
        raise OpError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise OpError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    dim = wrap_dim("chunk", dim, len(shape))
    size = -(-shape[dim] // chunks)
    if size == 0:
        return _split_at(input, (0,) * chunks, dim)
    return split(input, size, dim)


unsafe_chunk = chunk
attach("unsafe_chunk", chunk)


@function
@numpy_names
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Return the positions along a dimension as a tuple of views."""
    if not input._a.ndim:
        raise OpIndexError(
            f"Dimension specified as {dim} but tensor has no dimensions; unbind needs one"
        )
    return _views(unbind_parts, input, wrap_dim("unbind", dim, input._a.ndim))


def _iterate(self: Tensor) -> Iterator[Tensor]:
    if not self._a.ndim:
        raise OpTypeError("iteration over a 0-d tensor")
    return iter(unbind(self))


def _contains(self: Tensor, element: Any) -> bool:
    return bool((self == element).any())


attach("__iter__", _iterate)
attach("__contains__", _contains)


@function
@numpy_names
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Split into a number of parts, as equal as can be, or before the given positions."""
    shape = input._a.shape
    if not shape:
        raise OpError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    dim = wrap_dim("tensor_split", dim, len(shape))
    n = shape[dim]
    at = indices_or_sections
    if isinstance(at, Tensor):
        if at._a.ndim > 1 or at._a.dtype.kind != "i":
            raise OpError(
                "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or "
                f"one-dimensional long tensor, but got a tensor with {at._a.ndim} dims"
            )
        at = at.tolist()
    if isinstance(at, int):
        if at <= 0:
            raise OpError(f"number of sections must be larger than 0, got {at}")
        return _split_at(input, [n // at + (i < n % at) for i in range(at)], dim)
    bounds = [slice(None, i).indices(n)[1] for i in at]
    starts, ends = [0, *bounds], [*bounds, n]
    return tuple(
        [
            basic_slice(input, at_dim(dim, slice(s, max(s, e))))
            for s, e in zip(starts, ends, strict=True)
        ]
    )


def _check_split(where: str, input: Tensor, least: int, dim: int, at: Any) -> None:
    if input._a.ndim < least:
        raise OpError(
            f"torch.{where} requires a tensor with at least {least} dimension but got a tensor "
            f"with {input._a.ndim} dimensions!"
        )
    n = input._a.shape[dim]
    if isinstance(at, int) and (at == 0 or n % at):
        raise OpError(
            f"torch.{where} attempted to split along dimension {dim}, but the size of the "
            f"dimension {n} is not divisible by the split_size {at}!"
        )


@function
def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Split along the second dimension; a vector along its only one."""
    dim = 0 if input._a.ndim == 1 else 1
    _check_split("hsplit", input, 1, dim, indices_or_sections)
    return tensor_split(input, indices_or_sections, dim)


@function
def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Split along the first dimension."""
    _check_split("vsplit", input, 2, 0, indices_or_sections)
    return tensor_split(input, indices_or_sections, 0)


@function
def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Split along the third dimension."""
    _check_split("dsplit", input, 3, 2, indices_or_sections)
    return tensor_split(input, indices_or_sections, 2)

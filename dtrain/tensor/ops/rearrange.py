"""Elements in another order, or more than once: flip, roll, repeat, tile, windows."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from dtrain.backend.strided import strided
from dtrain.errors import OpError, OpIndexError, OpTypeError, ShapeError
from dtrain.tensor.numpy_names import numpy_names
from dtrain.tensor.op import VIEW, Kind, attach, function, op
from dtrain.tensor.ops.shape import flatten, transpose
from dtrain.tensor.shape_rules import wrap_dim, wrap_dims
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Shape, Xp

__all__ = [
    "flip",
    "fliplr",
    "flipud",
    "repeat_interleave",
    "roll",
    "rot90",
    "tile",
]

_PLAIN = Kind(out=False)


@op(_PLAIN, varargs="dims", input=lambda F, g, dims: F.flip(g, dims))
def flip(xp: Xp, input: Array, dims: Any) -> Array:
    """Reverse the order of elements along dimensions; a copy."""
    key: list[Any] = [slice(None)] * input.ndim
    for d in wrap_dims("flip", dims, input.ndim):
        if input.ndim:
            key[d] = slice(None, None, -1)
    return input[tuple(key)].copy()


@function
def fliplr(input: Tensor) -> Tensor:
    """Reverse the order of columns."""
    if input._a.ndim < 2:
        raise OpError("fliplr: Input must be >= 2-d.")
    return flip(input, (1,))


@function
def flipud(input: Tensor) -> Tensor:
    """Reverse the order of rows."""
    if input._a.ndim < 1:
        raise OpError("flipud: Input must be >= 1-d.")
    return flip(input, (0,))


@op(_PLAIN, input=lambda F, g, shifts, dims: F.roll(g, _negated(shifts), dims))
def roll(xp: Xp, input: Array, shifts: Any, dims: Any = None) -> Array:
    """Shift the elements along dimensions; what leaves at the end comes in at the front."""
    one = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if not one:
        raise OpError("`shifts` required")
    if dims is None or dims == ():
        if len(one) != 1:
            raise OpError(f"shifts and dimensions must align. shifts: {len(one)}, dims:0")
        return xp.roll(input, one[0])
    at = (dims,) if isinstance(dims, int) else tuple(dims)
    if len(at) != len(one):
        raise OpError(f"shifts and dimensions must align. shifts: {len(one)}, dims:{len(at)}")
    if not input.ndim:
        raise OpIndexError(f"Dimension specified as {at[0]} but tensor has no dimensions")
    at = tuple([wrap_dim("roll", d, input.ndim) for d in at])
    return xp.roll(input, one, at)


def _negated(shifts: Any) -> Any:
    return -shifts if isinstance(shifts, int) else tuple([-s for s in shifts])


@function
def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Rotate by k quarter turns in the plane of two dimensions, from the first to the second."""
    if len(dims) != 2:
        raise OpError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input._a.ndim < 2:
        raise OpError(f"expected total dims >= 2, but got total dims = {input._a.ndim}")
    if dims[0] == dims[1] or abs(dims[0] - dims[1]) == input._a.ndim:
        raise OpError(
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}"
        )
    a, b = wrap_dims("rot90", dims, input._a.ndim)
    turns = k % 4
    if turns == 1:
        return transpose(flip(input, (b,)), a, b)
    if turns == 2:
        return flip(input, (a, b))
    if turns == 3:
        return transpose(flip(input, (a,)), a, b)
    return input.clone()


def _tiled(where: str, shape: Shape, repeats: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return, for each dimension of the input, how often it is repeated, and its size.

    Raises:
        ShapeError: There are fewer repeats than dimensions, or a negative one.
    """
    lead = len(repeats) - len(shape)
    if lead < 0:
        raise ShapeError(
            f"{where}: Number of dimensions of repeat dims can not be smaller than number of "
            f"dimensions of tensor, got {list(repeats)} for {list(shape)}"
        )
    if any(r < 0 for r in repeats):
        raise ShapeError(
            f"{where}: Trying to create tensor with negative dimension: {list(repeats)}"
        )
    return tuple([int(r) for r in repeats]), (1,) * lead + tuple(shape)


def _untile(F: Any, g: Any, input_shape: Shape, repeats: Shape) -> Any:
    times, full = _tiled("repeat", input_shape, repeats)
    if 0 in times:
        return F.zeros_of(g, input_shape)
    between = tuple([n for pair in zip(times, full, strict=True) for n in pair])
    dims = tuple(range(0, len(between), 2))
    y = F.sum(F.reshape(g, between), dims) if dims else g
    return y if y.shape == input_shape else F.reshape(y, input_shape)


@op(
    _PLAIN, varargs="repeats",
    input=_untile,
)  # fmt: skip
def repeat(xp: Xp, input: Array, repeats: Shape) -> Array:
    """Repeat the tensor as a whole along each dimension; a copy."""
    times, shape = _tiled("repeat", input.shape, repeats)
    between = [n for pair in zip(times, shape, strict=True) for n in pair]
    spread = xp.broadcast_to(input.reshape([n for m in shape for n in (1, m)]), between)
    return spread.reshape([t * n for t, n in zip(times, shape, strict=True)]).copy()


def tile(input: Tensor, dims: Any, *more: int) -> Tensor:
    """Repeat the tensor as a whole; dimensions without a number are not repeated."""
    times = (dims, *more) if isinstance(dims, int) else tuple(dims)
    return repeat(input, (1,) * (input._a.ndim - len(times)) + times)


attach("tile", tile)


@numpy_names
def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Repeat each element along a dimension; without `dim`, of the flattened tensor.

    Args:
        input: Any tensor; alone it is `repeats`, and the result the positions 0, 1, ... repeated.
        repeats: A number, or a vector with one for each position.
        dim: The dimension.
        output_size: The size of the result along `dim`, checked where it is given.
    """
    if repeats is None:
        input, repeats = _counting(input), input
    if dim is None:
        input, dim = flatten(input), 0
    a = input._a
    n = a.shape[dim] if a.ndim else 1
    xp = _xp(a)
    if isinstance(repeats, Tensor):
        times = repeats._a
        if times.dtype.kind != "i":
            raise OpError("repeats has to be Long or Int tensor")
        if times.ndim > 1 or (times.ndim == 1 and times.size not in (1, n)):
            raise OpError(
                "repeats must have the same size as input along dim, but got repeats.size(0) = "
                f"{times.size} and input.size({dim}) = {n}"
            )
        times = xp.broadcast_to(times, (n,))
    elif isinstance(repeats, int):
        times = xp.full(n, repeats)
    else:
        raise OpTypeError(
            "repeat_interleave(): argument 'repeats' must be Tensor or int, not "
            f"{type(repeats).__name__}"
        )
    if (times < 0).any():
        raise OpError("repeats can not be negative")
    at = wrap(xp.repeat(xp.arange(n), times))
    if output_size is not None and output_size != at.numel():
        raise OpError(f"allocated size does not match required size: {output_size}, {at.numel()}")
    return input.index_select(dim, at)


attach("repeat_interleave", repeat_interleave)


def _counting(repeats: Tensor) -> Tensor:
    if repeats._a.ndim != 1:
        raise OpError("repeat_interleave only accept 1D vector as repeat")
    return wrap(_xp(repeats._a).arange(repeats.numel()))


def _xp(a: Array) -> Xp:
    from dtrain.backend.module import module_of

    return module_of(a.__class__)


@op(
    VIEW,
    input=lambda F, g, input_shape, dimension, size, step: F.unfold_grad(
        g, input_shape, dimension, size, step
    ),
)
def unfold_dim(xp: Xp, input: Array, dimension: int, size: int, step: int) -> Array:
    """Return the view of all windows of a size along a dimension; they become the last one."""
    dim = wrap_dim("unfold", dimension, input.ndim)
    n = input.shape[dim] if input.ndim else 1
    if size < 0 or size > n:
        raise OpError(f"maximum size for tensor at dimension {dim} is {n} but size is {size}")
    if step <= 0:
        raise OpError(f"step is {step} but must be > 0")
    return _windows(input, dim, size, step)


def _windows(a: Array, dim: int, size: int, step: int) -> Array:
    if a.ndim == 0:
        return a.reshape(1)[:size]
    count = (a.shape[dim] - size) // step + 1
    shape = (*a.shape[:dim], count, *a.shape[dim + 1 :], size)
    steps = (*a.strides[:dim], a.strides[dim] * step, *a.strides[dim + 1 :], a.strides[dim])
    return a.reshape(-1)[:0].reshape(shape) if 0 in shape else strided(a, shape, steps)


@op(
    Kind(out=False, method=False),
    input=lambda F, g, dimension, size, step: F.unfold_dim(g, dimension, size, step),
)
def unfold_grad(xp: Xp, input: Array, shape: Shape, dimension: int, size: int, step: int) -> Array:
    """Return zeros of `shape` with the elements of windows added where they came from."""
    where = _windows(
        xp.arange(prod(shape)).reshape(shape), dimension % (len(shape) or 1), size, step
    )
    flat = xp.zeros(prod(shape), input.dtype)
    xp.add.at(flat, where.reshape(-1), input.reshape(-1))
    return flat.reshape(shape)


attach("unfold", unfold_dim)

"""x[index] and x[index] = value."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.backend.indexed import add_at
from dtrain.backend.module import module_of, to_host
from dtrain.errors import DtypeError, OpError, OpTypeError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.grad_mode import MODE
from dtrain.tensor.graph import WATCHERS, Node, bump, check_inplace, next_seq, watch
from dtrain.tensor.indexing import BASIC, parse, step_error, torch_index_error
from dtrain.tensor.inplace import settle
from dtrain.tensor.op import Kind, attach, function, op
from dtrain.tensor.ops.fill import copy_, fill_
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.tensor.view_call import view_of
from dtrain.typing import Array, Arrays, Shape, Xp

__all__ = ["index_put"]

_ALL = slice(None)

_INTERNAL = Kind(out=False, method=False)
_INTERNAL_VIEW = Kind(out=False, view=True, method=False)
_new = object.__new__


@op(
    _INTERNAL_VIEW, node="SliceBackward0",
    input=lambda F, g, input_shape, index: F.slice_grad(g, input_shape, index),
)  # fmt: skip
def slice_index(xp: Xp, input: Array, index: Any) -> Array:
    """Return the view that a basic index cuts out."""
    return input[index]


@op(
    _INTERNAL_VIEW, node="SelectBackward0",
    input=lambda F, g, input_shape, index: F.slice_grad(g, input_shape, index),
)  # fmt: skip
def select_index(xp: Xp, input: Array, index: Any) -> Array:
    """Return the view that a basic index with an integer cuts out."""
    return input[index]


@op(_INTERNAL, input=lambda F, g, index: F.slice_index(g, index))
def slice_grad(xp: Xp, input: Array, shape: Shape, index: Any) -> Array:
    """Return zeros of `shape` with `input` where a basic index points."""
    out = xp.zeros(shape, input.dtype)
    out[index] = input
    return out


@op(
    _INTERNAL,
    input=lambda F, g, input_shape, indices, dims: F.index_grad(g, indices, input_shape, dims),
)
def index(xp: Xp, input: Array, indices: Arrays, dims: tuple[int, ...]) -> Array:
    """Return the elements that index arrays pick, one array for each dimension of `dims`."""
    if len(dims) == 1:
        (i,) = indices
        if i.ndim == 1 or dims[0] == 0:
            return input.take(i, dims[0])
    y = input[_key(input.ndim, indices, dims)]
    return xp.ascontiguousarray(y) if y.ndim else y


@op(
    _INTERNAL, node="IndexBackward0",
    input=lambda F, g, input_shape, mask: F.mask_grad(g, mask, input_shape),
)  # fmt: skip
def mask_index(xp: Xp, input: Array, mask: Array) -> Array:
    """Return the elements where a mask over the leading dimensions is True."""
    return input[mask]


@op(_INTERNAL, input=lambda F, g, mask: F.mask_index(g, mask))
def mask_grad(xp: Xp, input: Array, mask: Array, shape: Shape) -> Array:
    """Return zeros of `shape` with `input` where the mask is True."""
    out = xp.zeros(shape, input.dtype)
    out[mask] = input
    return out


@op(_INTERNAL, input=lambda F, g, indices, dims: F.index(g, indices, dims))
def index_grad(xp: Xp, input: Array, indices: Arrays, shape: Shape, dims: tuple[int, ...]) -> Array:
    """Return zeros of `shape` with `input` added where the index arrays point."""
    return add_at(xp, tuple(shape), _places(xp, shape, indices, dims), input)


def _key(ndim: int, indices: Any, dims: tuple[int, ...]) -> tuple[Any, ...]:
    key: list[Any] = [slice(None)] * ndim
    for d, i in zip(dims, indices, strict=True):
        key[d] = i
    return tuple(key)


def _places(xp: Xp, shape: Shape, indices: Any, dims: tuple[int, ...]) -> Array:
    """Return the flat positions of the picked elements, in the shape of the result."""
    size = 1
    for n in shape:
        size *= n
    if len(dims) == 1 and dims[0] == 0:
        rest = size // shape[0] if size else 0
        rows = indices[0].reshape(-1)
        rows = xp.where(rows < 0, rows + shape[0], rows)
        if rest > 1:
            rows = rows[:, None] * rest + xp.arange(rest)
        return rows.reshape(indices[0].shape + tuple(shape[1:]))
    return xp.arange(size).reshape(shape)[_key(len(shape), indices, dims)]


def basic_index(x: Tensor, key: Any, record: Any) -> Tensor:
    """Return the view x[key] for a key of integers, slices, None and Ellipsis.

    Raises:
        OpIndexError: The key does not fit the tensor.
    """
    a = x._a
    try:
        y = a[key]
    except (IndexError, TypeError) as error:
        raise torch_index_error(a.shape, error) from None
    if y.__class__ is not a.__class__:  # NumPy gives scalars for 0-d results
        key = (*key, ...) if key.__class__ is tuple else (key, ...)
        y = a[key]
    t = view_of(x, y)
    if x._node is not None and MODE.grad:
        node: Node = _new(record.node_class)
        node.plan = record.plan((True,))
        node.edges = (x._node,)
        node.hooks = node.meta = node.shapes = None
        node.checks = ()
        node.seq = next_seq()
        node.saved = (a.shape, key)
        t._node = node
        if WATCHERS:
            watch(node)
    return t


_SLICE: Any = slice_index.op  # type: ignore[attr-defined]
_SELECT: Any = select_index.op  # type: ignore[attr-defined]


def basic_slice(x: Tensor, key: Any) -> Tensor:
    """Return x[key] for a key of slices."""
    return basic_index(x, key, _SLICE)


def basic_select(x: Tensor, key: Any) -> Tensor:
    """Return x[key] for a key that ends in an integer."""
    return basic_index(x, key, _SELECT)


def _is_basic(key: tuple[Any, ...]) -> bool:
    """Return True for a tuple of what makes a view; refuse slices that go backward."""
    for k in key:
        c = k.__class__
        if c not in BASIC:
            return False
        if c is slice and k.step is not None and k.step <= 0:
            raise step_error()
    return key.count(...) < 2


def _cut(x: Tensor, index: Any) -> tuple[Tensor, tuple[Tensor, ...], tuple[int, ...]]:
    """Take the basic step of an index; return its view and what the advanced step takes."""
    basic, arrays, dims = parse(index, x._a)
    if arrays and all(k == _ALL for k in basic):
        return x, arrays, dims
    ends_in_int = basic and isinstance(basic[-1], int)
    return basic_index(x, basic, _SELECT if ends_in_int else _SLICE), arrays, dims


def getitem(self: Tensor, key: Any) -> Tensor:
    """Return x[key]: a view for integers, slices, None and Ellipsis, else a copy.

    Raises:
        OpIndexError: The key does not fit the tensor.
        OpValueError: A slice has a step that is not positive.
    """
    c = key.__class__
    if c is int:
        return basic_index(self, key, _SELECT)
    if c is tuple:
        if _is_basic(key):
            return basic_index(self, key, _SELECT if key and key[-1].__class__ is int else _SLICE)
    elif c is slice and (key.step is None or key.step > 0):
        return basic_index(self, key, _SLICE)
    elif c is Tensor:
        if _is_row_index(key._a, self._a):
            return index(self, (key,), (0,))
        if _is_mask(key._a, self._a):
            return mask_index(self, key)
    view, arrays, dims = _cut(self, key)
    return index(view, arrays, dims) if arrays else view


def _is_row_index(i: Array, a: Array) -> bool:
    return i.dtype.kind == "i" and i.ndim > 0 and a.ndim > 0 and i.__class__ is a.__class__


def _is_mask(m: Array, a: Array) -> bool:
    fits = m.dtype.kind == "b" and m.ndim > 0 and m.shape == a.shape[: m.ndim]
    return fits and m.__class__ is a.__class__


def setitem(self: Tensor, key: Any, value: Any) -> None:
    """Write `value`, broadcast and converted, where `key` points.

    Raises:
        OpIndexError: The key does not fit the tensor.
        ShapeError: The value does not broadcast to the region.
        GradError: The tensor is a leaf that requires grad, or a view of one.
    """
    a = self._a
    c = key.__class__
    if c is int or c is slice or (c is tuple and _is_basic(key)):
        records = MODE.grad and (self._node is not None or _requires(value))
        if not records and (c is not slice or key.step is None or key.step > 0):
            _write(a, key, value)
            bump(self)
            return
        view = getitem(self, key)
        arrays: tuple[Tensor, ...] = ()
        dims: tuple[int, ...] = ()
    elif c is Tensor and _is_row_index(key._a, a):
        view, arrays, dims = self, (key,), (0,)
    elif c is Tensor and _is_mask(key._a, a) and key._a.shape == a.shape and not _has_dims(value):
        value = value.to(self.dtype) if isinstance(value, Tensor) else _number(value, a)
        self.masked_fill_(key, value)
        return
    else:
        view, arrays, dims = _cut(self, key)
    if not arrays:
        if isinstance(value, Tensor):
            copy_(view, _without_leading_ones(value, view._a.shape))
        else:
            fill_(view, _number(value, a))
        return
    _put(view, arrays, dims, value if isinstance(value, Tensor) else _as_tensor(value, a), False)


def _has_dims(value: Any) -> bool:
    return isinstance(value, Tensor) and value._a.ndim > 0


def _requires(value: Any) -> bool:
    return isinstance(value, Tensor) and value._node is not None


def _number(value: Any, like: Array) -> Any:
    """Return a number as it is.

    Raises:
        OpTypeError: It is none.
    """
    if isinstance(value, (bool, int, float, complex, np.generic)):
        return value
    raise OpTypeError(
        f"can't assign a {type(value).__name__} to a tensor of type {dt.of(like.dtype)}; expected "
        "a tensor or a number; do torch.tensor(...) before"
    )


def _as_tensor(value: Any, like: Array) -> Tensor:
    """Return a number as a 0-d tensor of the type and place of an array."""
    return wrap(module_of(like.__class__).asarray(_number(value, like)).astype(like.dtype))


def _without_leading_ones(value: Tensor, shape: Shape) -> Tensor:
    extra = value._a.ndim - len(shape)
    if extra <= 0 or value._a.shape[:extra] != (1,) * extra:
        return value
    return value.reshape(value._a.shape[extra:])


def _write(a: Array, key: Any, value: Any) -> None:
    """Write without recording, with torch's errors."""
    if isinstance(value, Tensor):
        value = value._a
        if value.__class__ is not a.__class__:
            value = module_of(a.__class__).asarray(to_host(value))
        if value.dtype.kind == "c" and a.dtype.kind != "c":
            value = value.real
    else:
        _number(value, a)
    try:
        a[key] = value
    except (IndexError, ValueError, OverflowError, TypeError) as error:
        if isinstance(error, (OverflowError, TypeError)):
            raise DtypeError(
                f"value cannot be converted to type {a.dtype.name} without overflow: {value}"
            ) from None
        if not getattr(a.flags, "writeable", True):  # CuPy has no such flag
            raise OpError("the memory of the tensor is read-only; clone() it first") from None
        if isinstance(error, ValueError):
            raise _misfit(value, a[key]) from None
        raise torch_index_error(a.shape, error) from None


def _misfit(value: Any, region: Any) -> ShapeError:
    return ShapeError(
        f"shape mismatch: value tensor of shape {list(np.shape(value))} cannot be broadcast to "
        f"indexing result of shape {list(region.shape)}"
    )


def _put(
    x: Tensor, arrays: tuple[Tensor, ...], dims: tuple[int, ...], values: Tensor, accumulate: bool
) -> Tensor:
    """Write values where index arrays point, in place."""
    check_inplace(x, "index_put_")
    if values._a.dtype != x._a.dtype:
        values = values.to(x.dtype)
    if MODE.grad and (x._node is not None or values._node is not None):
        return settle(x, put_at(x, arrays, values, accumulate, dims))
    bare = [i._a for i in arrays]
    if accumulate:
        put: Any = put_at
        x._a[...] = put.op.kernels[x._a.__class__](x._a, bare, values._a, True, dims)
    else:
        _assign_at(x._a, _key(x._a.ndim, bare, dims), values._a)
    bump(x)
    return x


def _assign_at(out: Array, key: Any, values: Array) -> None:
    try:
        out[key] = values
    except IndexError as error:
        raise torch_index_error(out.shape, error) from None
    except ValueError:
        raise _misfit(values, out[key]) from None


@op(
    Kind(out=False, broadcast=True, method=False), node="IndexPutBackward0",
    input=lambda F, g, indices, accumulate, dims: (
        g if accumulate else F.put_at(g, indices, F.zeros_of(g, ()), False, dims)
    ),
    values=lambda F, g, indices, dims: F.index(g, indices, dims),
)  # fmt: skip
def put_at(
    xp: Xp, input: Array, indices: Arrays, values: Array, accumulate: bool, dims: tuple[int, ...]
) -> Array:
    """Return the elements with `values` written, or added, where index arrays point."""
    if not accumulate:
        out = input.copy()
        _assign_at(out, _key(input.ndim, indices, dims), values)
        return out
    places = _places(xp, input.shape, indices, dims)
    return input + add_at(xp, input.shape, places, xp.broadcast_to(values, places.shape))


@op(Kind(out=False, method=False))
def zeros_of(xp: Xp, input: Array, shape: Shape) -> Array:
    """Return zeros of the type of a tensor."""
    return xp.zeros(shape, input.dtype)


def _put_args(input: Tensor, indices: Any, values: Any) -> tuple[Any, ...]:
    if not isinstance(indices, (tuple, list)):
        raise OpTypeError(
            "index_put_(): argument 'indices' must be tuple of Tensors, not "
            f"{type(indices).__name__}"
        )
    key = tuple([_ALL if i is None else i for i in indices])
    _, arrays, dims = parse(key, input._a)
    return arrays, dims, values


def index_put_(self: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """Write values, or add them, where the index tensors (None: the whole dimension) point."""
    arrays, dims, values = _put_args(self, indices, values)
    return _put(self, arrays, dims, values, accumulate)


@function
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """Return a copy with values written, or added, where the index tensors point."""
    arrays, dims, values = _put_args(input, indices, values)
    return put_at(input, arrays, values, accumulate, dims)


attach("index_put_", index_put_)
attach("__getitem__", getitem)
attach("__setitem__", setitem)

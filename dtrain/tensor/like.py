"""Making tensors like others: *_like functions and new_* methods."""

from __future__ import annotations

from typing import Any

from dtrain.backend.strided import strided
from dtrain.errors import OpTypeError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.create import (
    beside,
    check_fill,
    empty,
    fill_number,
    finish,
    named_size,
    np_type,
    on,
    sizes,
)
from dtrain.tensor.from_data import tensor
from dtrain.tensor.legacy import legacy_tensor
from dtrain.tensor.memory_format import memory_format as MemoryFormat
from dtrain.tensor.memory_format import preserve_format
from dtrain.tensor.op import attach
from dtrain.tensor.storage import check_region
from dtrain.tensor.tensor import Tensor

__all__ = [
    "empty_like", "empty_permuted", "empty_strided", "full_like", "ones_like", "zeros_like",
]  # fmt: skip


def _like(
    input: Tensor, name: str, value: Any, dtype: Any, device: Any, requires_grad: bool,
    memory_format: MemoryFormat | None,
) -> Tensor:  # fmt: skip
    if not isinstance(input, Tensor):
        raise OpTypeError(f"{name}(): argument 'input' must be Tensor, not {type(input).__name__}")
    a = input._a
    target = a.dtype if dtype is None else dt.np_dtype(dtype)
    if memory_format is not None and memory_format is not preserve_format:
        where = input.device if device is None else device
        made = empty(a.shape, dtype=dt.of(target), device=where, memory_format=memory_format)._a
    elif device is not None:
        made = on(device, lambda xp: xp.empty(a.shape, target))
    elif 0 in a.strides:
        made = beside(a, lambda xp: xp.empty(a.shape, target))
    else:
        made = beside(a, lambda xp: xp.empty_like(a, target))  # keeps the order of dimensions
    if value is not None:
        made[...] = value
    return finish(made, requires_grad)


def empty_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None, memory_format: MemoryFormat | None = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return an uninitialised tensor of the shape, type and device of `input`."""
    return _like(input, "empty_like", None, dtype, device, requires_grad, memory_format)


def zeros_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None, memory_format: MemoryFormat | None = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return zeros of the shape, type and device of `input`."""
    return _like(input, "zeros_like", 0, dtype, device, requires_grad, memory_format)


def ones_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None, memory_format: MemoryFormat | None = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return ones of the shape, type and device of `input`."""
    return _like(input, "ones_like", 1, dtype, device, requires_grad, memory_format)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, layout: Any = None, memory_format: MemoryFormat | None = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return a tensor of the shape, type and device of `input` filled with `fill_value`."""
    value = fill_number("full_like", fill_value)[1]
    if isinstance(input, Tensor):
        check_fill(value, input._a.dtype if dtype is None else dt.np_dtype(dtype))
    return _like(input, "full_like", value, dtype, device, requires_grad, memory_format)


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return an uninitialised tensor with this shape and these strides (counted in elements).

    Raises:
        ShapeError: There are not as many strides as sizes, or one is negative.
    """
    shape, steps, target = sizes("empty_strided", (tuple(size),)), tuple(stride), np_type(dtype)
    reach = 0 if 0 in shape else 1 + sum((n - 1) * s for n, s in zip(shape, steps, strict=False))
    check_region(shape, steps, 0, reach)
    flat = on(device, lambda xp: xp.empty(reach, target))
    return finish(strided(flat, shape, tuple([s * target.itemsize for s in steps])), requires_grad)


def empty_permuted(
    size: Any, physical_layout: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return an uninitialised tensor whose dimensions lie in memory in the order given.

    Args:
        size: The shape.
        physical_layout: The dimensions, from the one with the largest steps to the closest one.
        dtype: The type.
        device: Where it lies.
        requires_grad: Whether it is a leaf that requires a gradient.
        layout: Accepted.
        pin_memory: Accepted.

    Raises:
        ShapeError: `physical_layout` is no permutation of the dimensions.
    """
    shape, target = sizes("empty_permuted", (tuple(size),)), np_type(dtype)
    order = list(physical_layout)
    if sorted(order) != list(range(len(shape))):
        raise ShapeError(
            f"empty_permuted(size={list(shape)}, physical_layout={order}): expected each dimension "
            "once (duplicate, missing or out of range)"
        )
    laid = tuple([shape[d] for d in order])
    back = tuple([order.index(d) for d in range(len(order))])
    return finish(on(device, lambda xp: xp.empty(laid, target).transpose(back)), requires_grad)


# ---- methods ----
def _new(
    self: Tensor, where: str, size: Any, value: Any, /, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False, **named: Any,
) -> Tensor:  # fmt: skip
    shape = named_size(where, size, named)
    target = self._a.dtype if dtype is None else dt.np_dtype(dtype)
    if device is None:
        made = beside(self._a, lambda xp: xp.empty(shape, target))
    else:
        made = on(device, lambda xp: xp.empty(shape, target))
    if value is not None:
        check_fill(value, target)
        made[...] = value
    return finish(made, requires_grad)


def _new_empty(self: Tensor, *size: Any, **kw: Any) -> Tensor:
    """Return an uninitialised tensor of the type and device of this one."""
    return _new(self, "new_empty", size, None, **kw)


def _new_zeros(self: Tensor, *size: Any, **kw: Any) -> Tensor:
    """Return zeros of the type and device of this tensor."""
    return _new(self, "new_zeros", size, 0, **kw)


def _new_ones(self: Tensor, *size: Any, **kw: Any) -> Tensor:
    """Return ones of the type and device of this tensor."""
    return _new(self, "new_ones", size, 1, **kw)


def _new_full(self: Tensor, size: Any, fill_value: Any, **kw: Any) -> Tensor:
    """Return a tensor of the type and device of this one, filled with `fill_value`."""
    return _new(self, "new_full", (size,), fill_number("new_full", fill_value)[1], **kw)


def _new_tensor(
    self: Tensor, data: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a copy of `data` as a tensor of the type and device of this one."""
    target = self.dtype if dtype is None else dtype
    where = self.device if device is None else device
    return tensor(data, dtype=target, device=where, requires_grad=requires_grad)


def _new_legacy(self: Tensor, *args: Any) -> Tensor:
    """Return what the constructor of old makes of the arguments, in the type of this tensor."""
    return legacy_tensor(*args, dtype=self.dtype, device=self.device)


def _new_empty_strided(self: Tensor, size: Any, stride: Any, **kw: Any) -> Tensor:
    """Return an uninitialised tensor with these strides, of the type and device of this one."""
    kw.setdefault("dtype", self.dtype)
    kw.setdefault("device", self.device)
    return empty_strided(size, stride, **kw)


for _name, _fn in {
    "new_empty": _new_empty, "new_empty_strided": _new_empty_strided, "new_full": _new_full,
    "new_ones": _new_ones, "new_tensor": _new_tensor, "new_zeros": _new_zeros, "new": _new_legacy,
}.items():  # fmt: skip
    attach(_name, _fn)

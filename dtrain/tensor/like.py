"""Making tensors like others: *_like functions, new_* methods, and the legacy constructors."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.errors import OpTypeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.create import finish, infer, module_for, sizes
from dtrain.tensor.op import attach
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor, wrap

__all__ = [
    "empty_like", "empty_strided", "full_like", "ones_like", "zeros_like",
]  # fmt: skip


def _like(
    input: Tensor, maker: str, value: Any, dtype: Any, device: Any, requires_grad: bool
) -> Tensor:
    if not isinstance(input, Tensor):
        raise OpTypeError(
            f"{maker}_like(): argument 'input' must be Tensor, not {type(input).__name__}"
        )
    a = input._a
    xp = module_for(input.device if device is None else device)
    target = a.dtype if dtype is None else dt.np_dtype(dtype)
    if xp is np and isinstance(a, np.ndarray) and 0 not in a.strides:
        made = np.empty_like(a, target)  # keeps the order of a dense tensor's dimensions
    else:
        made = xp.empty(a.shape, target)
    if value is not None:
        made[...] = value
    return finish(made, requires_grad)


def empty_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None, memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return an uninitialised tensor of the shape, type and device of `input`."""
    return _like(input, "empty", None, dtype, device, requires_grad)


def zeros_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None, memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return zeros of the shape, type and device of `input`."""
    return _like(input, "zeros", 0, dtype, device, requires_grad)


def ones_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None, memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return ones of the shape, type and device of `input`."""
    return _like(input, "ones", 1, dtype, device, requires_grad)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, layout: Any = None, memory_format: Any = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return a tensor of the shape, type and device of `input` filled with `fill_value`."""
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    return _like(input, "full", value, dtype, device, requires_grad)


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return an uninitialised tensor with this shape and these strides (counted in elements)."""
    xp = module_for(device)
    target = dt.get_default_dtype().np if dtype is None else dt.np_dtype(dtype)
    reach = 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) if 0 not in size else 0
    flat = xp.empty(reach, target)
    steps = tuple(s * flat.itemsize for s in stride)
    return finish(xp.lib.stride_tricks.as_strided(flat, tuple(size), steps), requires_grad)


# ---- methods ----
def _new(self: Tensor, maker: str, size: Any, value: Any, kw: dict[str, Any]) -> Tensor:
    shape = sizes(maker, size)
    device, dtype = kw.pop("device", None), kw.pop("dtype", None)
    requires_grad = kw.pop("requires_grad", False)
    for name in ("layout", "pin_memory"):
        kw.pop(name, None)
    if kw:
        raise OpTypeError(f"{maker}() got an unexpected keyword argument '{next(iter(kw))}'")
    xp = module_for(self.device if device is None else device)
    made = xp.empty(shape, self._a.dtype if dtype is None else dt.np_dtype(dtype))
    if value is not None:
        made[...] = value
    return finish(made, requires_grad)


def _new_empty(self: Tensor, *size: Any, **kw: Any) -> Tensor:
    """Return an uninitialised tensor of the type and device of this one."""
    return _new(self, "new_empty", size or (kw.pop("size"),), None, kw)


def _new_zeros(self: Tensor, *size: Any, **kw: Any) -> Tensor:
    """Return zeros of the type and device of this tensor."""
    return _new(self, "new_zeros", size or (kw.pop("size"),), 0, kw)


def _new_ones(self: Tensor, *size: Any, **kw: Any) -> Tensor:
    """Return ones of the type and device of this tensor."""
    return _new(self, "new_ones", size or (kw.pop("size"),), 1, kw)


def _new_full(self: Tensor, size: Any, fill_value: Any, **kw: Any) -> Tensor:
    """Return a tensor of the type and device of this one, filled with `fill_value`."""
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    return _new(self, "new_full", (size,), value, kw)


def _new_tensor(
    self: Tensor, data: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a copy of `data` as a tensor of the type and device of this one."""
    array = data._a if isinstance(data, Tensor) else infer(data, copy=True)
    xp = module_for(self.device if device is None else device)
    target = self._a.dtype if dtype is None else dt.np_dtype(dtype)
    return finish(xp.array(array, target), requires_grad)


def _new_empty_strided(self: Tensor, size: Any, stride: Any, **kw: Any) -> Tensor:
    """Return an uninitialised tensor with these strides, of the type and device of this one."""
    kw.setdefault("dtype", self.dtype)
    kw.setdefault("device", self.device)
    return empty_strided(size, stride, **kw)


for _name, _fn in {
    "new_empty": _new_empty, "new_empty_strided": _new_empty_strided, "new_full": _new_full,
    "new_ones": _new_ones, "new_tensor": _new_tensor, "new_zeros": _new_zeros, "new": _new_tensor,
}.items():  # fmt: skip
    attach(_name, _fn)


# ---- legacy ----
def legacy_tensor(*args: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Return what `torch.Tensor(...)` gives: an uninitialised shape, or a copy of a sequence."""
    target = dt.get_default_dtype().np if dtype is None else dt.np_dtype(dtype)
    xp = module_for(device)
    if len(args) == 1 and not isinstance(args[0], int):
        data = args[0]
        if isinstance(data, Size):
            return wrap(xp.empty(data, target))
        if isinstance(data, Tensor):
            if data._a.dtype != target:
                raise OpTypeError(f"expected {dt.of(target).name} (got {data.dtype.name})")
            return data.detach()
        if isinstance(data, (np.ndarray, np.generic, list, tuple)):
            array = infer(data, copy=True) if len(np.shape(data)) else np.asarray([data])
            return wrap(xp.asarray(array.astype(target)))
        raise OpTypeError(f"new(): data must be a sequence (got {type(data).__name__})")
    if not args:
        return wrap(xp.empty(0, target))
    return wrap(xp.empty(sizes("Tensor", args), target))

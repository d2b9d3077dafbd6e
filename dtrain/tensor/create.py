"""Making tensors that are empty or filled with one value."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from dtrain.backend.module import module_of
from dtrain.backend.transfer import device_module, device_scope
from dtrain.errors import DtypeError, OpError, OpTypeError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.device import DEFAULT
from dtrain.tensor.device import device as Device
from dtrain.tensor.graph import bump
from dtrain.tensor.infer import check_range
from dtrain.tensor.memory_format import memory_format as MemoryFormat
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Xp

__all__ = [
    "empty", "eye", "full", "get_default_device", "ones", "scalar_tensor", "set_default_device",
    "zeros",
]  # fmt: skip


_MOST = 2**47  # bytes that a process can address


def set_default_device(device: Any) -> None:
    """Put new tensors on `device` where no other is named; None for the CPU."""
    DEFAULT[-1] = None if device is None else Device(device)


def get_default_device() -> Device:
    """Return the device of new tensors."""
    return DEFAULT[-1] or Device("cpu")


def module_for(device: Any) -> Xp:
    """Return the array module for `device` (None for the default device)."""
    if device is None:
        device = DEFAULT[-1]
        if device is None:
            return np
    return device_module(Device(device).type)


def on(device: Any, make: Callable[[Xp], Array]) -> Any:
    """Return `make(xp)`, run while `device` (None for the default device) is the current one."""
    if device is None:
        device = DEFAULT[-1]
        if device is None:
            return allocated(np, make)
    where = Device(device)
    with device_scope(where.type, where.index):
        return allocated(device_module(where.type), make)


def allocated(xp: Xp, make: Callable[[Xp], Array]) -> Any:
    """Return `make(xp)`.

    Raises:
        OpError: There is not as much memory; torch has a RuntimeError here, not a MemoryError.
    """
    try:
        return make(xp)
    except MemoryError as error:
        raise OpError(f"DefaultCPUAllocator: can't allocate memory: {error}") from None


def beside(array: Array, make: Callable[[Xp], Array]) -> Any:
    """Return `make(xp)`, run while the device of an array is the current one."""
    if array.__class__ is np.ndarray:
        return make(np)
    with array.device:
        return make(module_of(array.__class__))


def np_type(dtype: Any) -> Any:
    """Return the NumPy type for a dtype argument; the default floating type for None."""
    return dt.get_default_dtype().np if dtype is None else dt.np_dtype(dtype)


def finish(array: Array, requires_grad: bool = False, names: Any = None) -> Tensor:
    """Return a new leaf over `array`, with names for its dimensions where they are given."""
    made = wrap(array)
    if names is not None:
        from dtrain.tensor.named import with_names

        made = with_names(made, names)
    return made.requires_grad_() if requires_grad else made


def fill_out(where: str, array: Array, out: Any, dtype: Any = None) -> Tensor:
    """Put the values of a new array into the tensor given as out=, which takes its shape.

    Raises:
        OpTypeError: `out` is no tensor.
        DtypeError: A dtype was asked for that is not the type of `out`.
    """
    if not isinstance(out, Tensor):
        raise OpTypeError(f"{where}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if dtype is not None and dt.np_dtype(dtype) != out._a.dtype:
        raise DtypeError(
            f"{where}(): dtype {dt.of(dt.np_dtype(dtype))} does not match dtype of out parameter "
            f"({out.dtype}); leave dtype away"
        )
    if out._a.shape == array.shape:
        out._a[...] = array
    else:
        out._a = array.astype(out._a.dtype)
    bump(out)
    return out


def sizes(where: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """Return a shape from `zeros(2, 3)`, `zeros((2, 3))` or `zeros([2, 3])`.

    Raises:
        OpTypeError: An item is no integer.
        ShapeError: An item is negative.
        OpError: No machine can hold so many elements.
    """
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    out = []
    for n in size:
        if n.__class__ is not int:
            n = _whole(where, n)
        if n < 0:
            raise ShapeError(
                f"{where}(): Trying to create tensor with negative dimension {n}: {list(size)}"
            )
        out.append(n)
    if prod(out) > _MOST:
        raise OpError(
            f"{where}(): can't allocate memory: Storage size calculation overflowed with "
            f"sizes={out}; expected at most {_MOST} elements"
        )
    return tuple(out)


def _whole(where: str, n: Any) -> int:
    if isinstance(n, (bool, float, complex, str)) or not hasattr(n, "__index__"):
        raise OpTypeError(
            f"{where}(): argument 'size' must be tuple of ints, but found element of type "
            f"{type(n).__name__}"
        )
    return int(n.__index__())


def named_size(where: str, size: tuple[Any, ...], named: dict[str, Any]) -> tuple[int, ...]:
    """Return the shape from `zeros(2, 3)` or `zeros(size=(2, 3))`.

    Raises:
        OpTypeError: The size is missing, or a keyword is unknown.
    """
    if "size" in named and not size:
        size = (named.pop("size"),)
    if named:
        raise OpTypeError(f"{where}() got an unexpected keyword argument '{next(iter(named))}'")
    if not size:
        raise OpTypeError(f'{where}() missing 1 required positional arguments: "size"')
    return sizes(where, size)


def scalar_tensor(
    s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return a 0-d tensor, of the default type where none is given."""
    target = np_type(dtype)
    return finish(on(device, lambda xp: xp.asarray(s, target)), requires_grad)


def empty(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
    memory_format: MemoryFormat | None = None, names: Any = None, **named: Any,
) -> Tensor:  # fmt: skip
    """Return a tensor of this shape with whatever the memory holds."""
    shape, target = named_size("empty", size, named), np_type(dtype)
    if memory_format is not None and memory_format.order is not None:
        order = memory_format.order
        if len(shape) != len(order):
            raise ShapeError(f"required rank {len(order)} tensor to use {memory_format} format")
        back = tuple([order.index(i) for i in range(len(order))])
        laid = tuple([shape[i] for i in order])
        return finish(on(device, lambda xp: xp.empty(laid, target).transpose(back)), requires_grad)
    array = on(device, lambda xp: xp.empty(shape, target))
    if out is not None:
        return fill_out("empty", array, out, dtype)
    return finish(array, requires_grad, names)


def zeros(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, names: Any = None,
    **named: Any,
) -> Tensor:  # fmt: skip
    """Return a tensor of this shape filled with 0."""
    shape, target = named_size("zeros", size, named), np_type(dtype)
    array = on(device, lambda xp: xp.zeros(shape, target))
    if out is not None:
        return fill_out("zeros", array, out, dtype)
    return finish(array, requires_grad, names)


def ones(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, names: Any = None,
    **named: Any,
) -> Tensor:  # fmt: skip
    """Return a tensor of this shape filled with 1."""
    shape, target = named_size("ones", size, named), np_type(dtype)
    array = on(device, lambda xp: xp.ones(shape, target))
    if out is not None:
        return fill_out("ones", array, out, dtype)
    return finish(array, requires_grad, names)


def full(
    size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
    names: Any = None,
) -> Tensor:  # fmt: skip
    """Return a tensor of this shape filled with `fill_value`, whose type it takes."""
    if not isinstance(size, (tuple, list)):
        raise OpTypeError(
            f"full(): argument 'size' must be tuple of ints, not {type(size).__name__}"
        )
    kind, value = fill_number("full", fill_value)
    target = (
        kind.np if dtype is None and out is None else np_type(dtype or getattr(out, "dtype", None))
    )
    check_fill(value, target)
    shape = sizes("full", (tuple(size),))
    array = on(device, lambda xp: xp.full(shape, value, target))
    if out is not None:
        return fill_out("full", array, out, dtype)
    return finish(array, requires_grad, names)


def fill_number(where: str, value: Any) -> tuple[dt.dtype, Any]:
    """Return the type that a fill value stands for, and the value as a Python number.

    Raises:
        OpTypeError: It is no number.
    """
    if isinstance(value, (Tensor, np.generic)):
        value = value.item()
    if isinstance(value, bool):
        return dt.bool_, value
    if isinstance(value, int):
        return dt.int64, value
    default = dt.get_default_dtype()
    if isinstance(value, float):
        return default, value
    if isinstance(value, complex):
        return default.to_complex(), value
    raise OpTypeError(
        f"{where}(): argument 'fill_value' must be Number, not {type(value).__name__}"
    )


def check_fill(value: Any, target: Any) -> None:
    """Refuse a fill value that a type cannot hold.

    Raises:
        DtypeError: It cannot.
    """
    if isinstance(value, complex):
        if target.kind != "c":
            name = dt.of(target).name
            raise DtypeError(f"value cannot be converted to type {name} without overflow: {value}")
    elif target.kind in "iu" and not isinstance(value, bool):
        check_range(np.asarray(value), target)


def eye(
    n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return an n x m matrix with ones on the diagonal."""
    shape, target = sizes("eye", (n, n if m is None else m)), np_type(dtype)
    array = on(device, lambda xp: xp.eye(*shape, dtype=target))
    return finish(array, requires_grad) if out is None else fill_out("eye", array, out, dtype)

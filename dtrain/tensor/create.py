"""Making tensors: from data and filled."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from dtrain.backend.transfer import device_module
from dtrain.errors import OpTypeError, OpValueError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.device import device as Device
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Xp

__all__ = [
    "arange", "as_tensor", "asarray", "empty", "eye", "from_numpy", "frombuffer", "full",
    "get_default_device", "linspace", "logspace", "ones", "range", "scalar_tensor",
    "set_default_device", "tensor", "zeros",
]  # fmt: skip

_default_device: list[Device | None] = [None]


def set_default_device(device: Any) -> None:
    """Put new tensors on `device` where no other is named; None for the CPU."""
    _default_device[0] = None if device is None else Device(device)


def get_default_device() -> Device:
    """Return the device of new tensors."""
    return _default_device[0] or Device("cpu")


def module_for(device: Any) -> Xp:
    """Return the array module that makes arrays on `device` (None for the default device)."""
    if device is None:
        device = _default_device[0]
        if device is None:
            return np
    where = Device(device)
    xp = device_module(where.type)
    if where.index is not None and xp is not np:
        xp.cuda.Device(where.index).use()
    return xp


def np_type(dtype: Any) -> Any:
    """Return the NumPy type for a dtype argument; the default floating type for None."""
    return dt.get_default_dtype().np if dtype is None else dt.np_dtype(dtype)


def finish(array: Array, requires_grad: bool = False) -> Tensor:
    """Return a new leaf over `array`."""
    made = wrap(array)
    return made.requires_grad_() if requires_grad else made


def sizes(where: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """Return a shape from `zeros(2, 3)`, `zeros((2, 3))` or `zeros([2, 3])`.

    Raises:
        OpTypeError: An item is no integer.
        ShapeError: An item is negative.
    """
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    out = []
    for n in size:
        if isinstance(n, (float, complex, str)) or not hasattr(n, "__index__"):
            raise OpTypeError(
                f"{where}(): argument 'size' must be tuple of ints, but found element of type "
                f"{type(n).__name__}"
            )
        k = n.__index__()
        if k < 0:
            raise ShapeError(
                f"{where}(): Trying to create tensor with negative dimension {k}: {list(size)}"
            )
        out.append(k)
    return tuple(out)


# ---- from data ----
def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a new tensor with a copy of `data` (numbers, nested lists, an array, a tensor).

    Raises:
        OpTypeError: The data is no numbers.
        OpValueError: Nested lists differ in length.
    """
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use "
            "sourceTensor.detach().clone() or sourceTensor.detach().clone().requires_grad_(True), "
            "rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
        array = data._a.copy()
    else:
        array = infer(data, copy=True)
    return _place(array, dtype, device, requires_grad)


def _place(array: Array, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    if dtype is not None:
        target = dt.np_dtype(dtype)
        if array.dtype != target:
            array = array.astype(target)
    if device is not None or _default_device[0] is not None:
        xp = module_for(device)
        if xp is not np:
            array = xp.asarray(array)
    return finish(array, requires_grad)


def infer(data: Any, copy: bool) -> Any:
    """Return `data` as an array of the type that torch infers."""
    if isinstance(data, (np.ndarray, np.generic)):
        dt.of(data.dtype)
        return np.array(data, copy=True) if copy else np.asarray(data)
    try:
        array = np.array(data)
    except ValueError:
        raise _ragged(data) from None
    except (TypeError, OverflowError, RuntimeError):
        array = np.empty(0, object)
    kind = array.dtype.kind
    if kind == "f":
        if array.dtype == np.float64:
            return array.astype(dt.get_default_dtype().np, copy=False)
        return array
    if kind in "ib":
        return array
    if kind == "c":
        return array.astype(dt.get_default_dtype().to_complex().np, copy=False)
    if kind == "O" and isinstance(data, (list, tuple)):
        return _from_items(data)
    if kind == "u" and isinstance(data, (int, list, tuple)):
        raise OpValueError("tensor(): Overflow when unpacking long long")
    name = next((type(x).__name__ for x in array.flat), type(data).__name__)
    raise OpTypeError(f"new(): invalid data type '{name}'")


def _from_items(data: Any) -> Any:
    """Build from nested lists that hold tensors."""

    def plain(x: Any) -> Any:
        if isinstance(x, Tensor):
            return x.tolist()
        if isinstance(x, (list, tuple)):
            return [plain(y) for y in x]
        if isinstance(x, (bool, int, float, complex, np.ndarray, np.generic)):
            return x
        raise OpTypeError(f"new(): invalid data type '{type(x).__name__}'")

    return infer(plain(data), copy=True)


def _ragged(data: Any) -> Exception:
    def lengths(x: Any, depth: int) -> tuple[int, int, int] | None:
        if not isinstance(x, (list, tuple)) or not x:
            return None
        first = len(x[0]) if isinstance(x[0], (list, tuple)) else -1
        for y in x[1:]:
            n = len(y) if isinstance(y, (list, tuple)) else -1
            if n != first:
                return depth + 1, first, n
        return next((r for y in x if (r := lengths(y, depth + 1)) is not None), None)

    found = lengths(data, 0)
    if found is None:
        return OpValueError("tensor(): the data is no rectangular array of numbers")
    dim, expected, got = found
    return OpValueError(f"expected sequence of length {expected} at dim {dim} (got {got})")


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Return `data` as a tensor, sharing memory (and history) where that is possible."""
    if isinstance(data, Tensor):
        out: Tensor = data.to(dtype=dtype, device=device)
        return out
    if isinstance(data, np.ndarray):
        return _place(from_numpy(data)._a, dtype, device, False)
    return _place(infer(data, copy=False), dtype, device, False)


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return `obj` as a tensor; copy=True always copies."""
    made = as_tensor(obj, dtype, device)
    if copy and made is obj:
        made = made.clone()
    return made.detach().requires_grad_() if requires_grad else made


class _Memory:
    """Hands memory on without a chain of bases, so that its storage begins where it begins."""

    def __init__(self, array: Any) -> None:
        self.__array_interface__ = array.__array_interface__
        self.owner = array


def from_numpy(ndarray: Any) -> Tensor:
    """Return a tensor over the memory of a numpy.ndarray.

    Raises:
        OpTypeError: It is no ndarray, or of a type that torch does not have.
        OpValueError: A stride is negative.
    """
    if not isinstance(ndarray, np.ndarray):
        raise OpTypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    dt.of(ndarray.dtype)
    if any(s < 0 for s in ndarray.strides):
        raise OpValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().)"
        )
    if not ndarray.flags.writeable:
        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable "
            "tensors. This means writing to this tensor will result in undefined behavior.",
            UserWarning,
            stacklevel=2,
        )
    if ndarray.base is not None and ndarray.dtype.kind != "V":
        return wrap(np.asarray(_Memory(ndarray)))
    return wrap(ndarray.view(np.ndarray))


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """Return a tensor over the bytes of a buffer."""
    return finish(np.frombuffer(buffer, dt.np_dtype(dtype), count, offset), requires_grad)


def scalar_tensor(value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return a 0-d tensor, of the default type where none is given."""
    return wrap(module_for(device).asarray(value, np_type(dtype)))


# ---- filled ----
def empty(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, out: Any = None,
    layout: Any = None, pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Return a tensor of this shape with whatever the memory holds."""
    return _filled("empty", "empty", size, None, dtype, device, requires_grad, out)


def zeros(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, out: Any = None,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return a tensor of this shape filled with 0."""
    return _filled("zeros", "zeros", size, None, dtype, device, requires_grad, out)


def ones(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, out: Any = None,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return a tensor of this shape filled with 1."""
    return _filled("ones", "ones", size, None, dtype, device, requires_grad, out)


def _filled(
    where: str, maker: str, size: tuple[Any, ...], value: Any, dtype: Any, device: Any,
    requires_grad: bool, out: Any,
) -> Tensor:  # fmt: skip
    shape = sizes(where, size)
    xp = module_for(device)
    args = (shape,) if value is None else (shape, value)
    if out is not None:
        out._a = getattr(xp, maker)(*args, dtype=out._a.dtype if dtype is None else np_type(dtype))
        return out  # type: ignore[no-any-return]
    return finish(getattr(xp, maker)(*args, dtype=np_type(dtype)), requires_grad)


def full(
    size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, out: Any = None, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return a tensor of this shape filled with `fill_value`, whose type it takes."""
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    if dtype is None and out is None:
        dtype = _number_type(fill_value)
    size = (size,) if isinstance(size, int) else size
    return _filled("full", "full", (tuple(size),), fill_value, dtype, device, requires_grad, out)


def _number_type(value: Any) -> dt.dtype:
    if isinstance(value, (bool, np.bool_)):
        return dt.bool_
    if isinstance(value, (int, np.integer)):
        return dt.int64
    default = dt.get_default_dtype()
    return default.to_complex() if isinstance(value, complex) else default


def eye(
    n: int, m: int | None = None, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, out: Any = None, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return an n x m matrix with ones on the diagonal."""
    shape = sizes("eye", (n, n if m is None else m))
    made = finish(module_for(device).eye(*shape, dtype=np_type(dtype)), requires_grad)
    if out is None:
        return made
    out._a = made._a.astype(out._a.dtype)
    return out  # type: ignore[no-any-return]


def arange(
    *args: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, out: Any = None,
    layout: Any = None, pin_memory: bool = False, **kw: Any,
) -> Tensor:  # fmt: skip
    """Return the values from start (0) up to, without, end in steps of step (1)."""
    from dtrain.tensor.series import arange_array, place_series

    return place_series(arange_array(args, kw, dtype, module_for(device)), requires_grad, out)


def range(*args: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return the values from start up to end inclusive."""
    from dtrain.tensor.series import range_array

    return finish(range_array(args, dtype, module_for(device)), requires_grad)


def linspace(
    start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, out: Any = None, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return `steps` evenly spaced values from start to end, both included."""
    from dtrain.tensor.series import linspace_array, place_series

    array = linspace_array(start, end, steps, dtype, module_for(device))
    return place_series(array, requires_grad, out)


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, out: Any = None, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return `steps` values from base**start to base**end, evenly spaced in the exponent."""
    from dtrain.tensor.series import logspace_array, place_series

    array = logspace_array(start, end, steps, base, dtype, module_for(device))
    return place_series(array, requires_grad, out)

"""Conversions of type, device and memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dtrain.backend.transfer import move
from dtrain.errors import OpTypeError, OpValueError
from dtrain.tensor import dtype as dt
from dtrain.tensor.device import device as Device
from dtrain.tensor.memory_format import arrange, is_arranged, memory_format
from dtrain.tensor.op import VIEW, Kind, attach, function, op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["clone"]

_INTERNAL = Kind(out=False, method=False)


@op(Kind(out=False), input=lambda F, g: g)
def clone(xp: Xp, input: Array, memory_format: Any = None) -> Array:
    """Return a copy in memory of its own, in the same order of dimensions where that is dense."""
    if memory_format is not None and memory_format.name != "preserve_format":
        made = arrange(xp, input, memory_format)
        return made.copy("K") if made is input else made
    return input.copy("C" if 0 in input.strides else "K")


@op(VIEW, node="CloneBackward0", input=lambda F, g: g)
def contiguous(xp: Xp, input: Array, memory_format: Any = None) -> Array:
    """Return the tensor itself where it is contiguous, else a contiguous copy."""
    if memory_format is None:
        return input if input.flags.c_contiguous else xp.ascontiguousarray(input)
    return arrange(xp, input, memory_format)


def _is_contiguous(self: Tensor, memory_format: memory_format | None = None) -> bool:
    """Return True where the elements lie densely in the order of the dimensions."""
    return is_arranged(self._a, memory_format)


attach("is_contiguous", _is_contiguous)


@op(
    _INTERNAL, node="ToCopyBackward0",
    input=lambda F, g, input_dtype: F.to_dtype(g, input_dtype),
)  # fmt: skip
def to_dtype(xp: Xp, input: Array, dtype: Any) -> Array:
    """Convert to another type; always a copy."""
    target = dtype if hasattr(dtype, "newbyteorder") else dt.np_dtype(dtype)
    if input.dtype.kind == "c" and target.kind != "c":
        input = input.real
    return input.astype(target)


@op(
    _INTERNAL, node="ToCopyBackward0",
    input=lambda F, g, device, origin: F.device_copy(g, origin, device),
)  # fmt: skip
def device_copy(xp: Xp, input: Array, device: Any, origin: Any) -> Array:
    """Copy to another device; the gradient goes back to `origin`."""
    return move(input, str(device))


def to_device(input: Tensor, device: Any) -> Tensor:
    """Copy to another device."""
    return device_copy(input, device, input.device)


@function
def to(self: Tensor, *args: Any, **kw: Any) -> Tensor:
    """Return the tensor with another dtype and/or on another device; itself if nothing changes.

    Spellings: to(dtype), to(device), to(device, dtype), to(other), each with non_blocking, copy.

    Raises:
        OpTypeError: An argument is none of these.
    """
    target, where, copy, order = _to_arguments(args, kw)
    out = self
    if where is not None and not _same(Device(where), self.device):
        out = to_device(out, where)
    if target is not None and dt.np_dtype(target) != out._a.dtype:
        out = to_dtype(out, target)
    if order is not None and order.order is not None:
        out = contiguous(out, order)
    return clone(self) if copy and out is self else out


def _to_arguments(args: tuple[Any, ...], kw: dict[str, Any]) -> tuple[Any, Any, bool, Any]:
    """Return (dtype, device, copy, memory_format) of a call of `to`."""
    unknown = kw.keys() - {"dtype", "device", "other", "non_blocking", "copy", "memory_format"}
    if unknown:
        raise OpTypeError(f"to() got an unexpected keyword argument '{min(unknown)}'")
    target, where, copy = kw.get("dtype"), kw.get("device"), kw.get("copy", False)
    if "other" in kw:
        args = (kw["other"], *args)
    flags: list[bool] = []
    for a in args:
        if isinstance(a, bool):
            flags.append(a)
        elif isinstance(a, dt.dtype) or a in _PYTHON_TYPES:
            target = a
        elif isinstance(a, Tensor):
            target, where = a.dtype, a.device
        elif isinstance(a, (str, Device, int)):
            where = Device(a)
        elif a is not None:
            raise OpTypeError(f"to(): expected a dtype, a device or a tensor, not {a!r}")
    if len(flags) > 1:
        copy = flags[1]
    return target, where, bool(copy), kw.get("memory_format")


_PYTHON_TYPES = (float, int, bool, complex)


def _same(a: Device, b: Device) -> bool:
    return a.type == b.type and (a.index is None or a.index == b.index)


@function
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """Return the tensor with the dtype of another."""
    return to(self, other.dtype)


@function
def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """Return the tensor in the host's memory."""
    return to(self, "cpu")


@function
def cuda(
    self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None
) -> Tensor:
    """Return the tensor in the memory of a CUDA device."""
    return to(self, Device("cuda" if device is None else device))


_CONVERTERS = {
    "bfloat16": dt.bfloat16, "bool": dt.bool_, "byte": dt.uint8, "cdouble": dt.complex128,
    "cfloat": dt.complex64, "char": dt.int8, "double": dt.float64, "float": dt.float32,
    "half": dt.float16, "int": dt.int32, "long": dt.int64, "short": dt.int16,
}  # fmt: skip


def _converter(name: str, target: dt.dtype) -> Callable[..., Tensor]:
    def convert(self: Tensor, memory_format: Any = None) -> Tensor:
        return self if self._a.dtype == target.np else to_dtype(self, target)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"Return the tensor as {target.name}; itself where it is."
    return convert


for _name, _target in _CONVERTERS.items():
    attach(_name, _converter(_name, _target))


_TYPE_NAMES = {
    "Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16",
    "Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8",
    "Bool": "bool", "ComplexFloat": "complex64", "ComplexDouble": "complex128",
}  # fmt: skip


def _type(
    self: Tensor, dtype: Any = None, non_blocking: bool = False, *, dst_type: Any = None
) -> Any:
    """Return the type's name, as "torch.FloatTensor", or the tensor as another type.

    Raises:
        OpValueError: There is no type of that name.
    """
    dtype = dst_type if dtype is None else dtype
    if dtype is None:
        of = {v: k for k, v in _TYPE_NAMES.items()}
        place = "torch" if self._a.dtype is None or not self.is_cuda else "torch.cuda"
        return f"{place}.{of.get(self.dtype.name, self.dtype.name)}Tensor"
    if not isinstance(dtype, str):
        legacy = hasattr(dtype, "dtype") and hasattr(dtype, "device")  # torch.FloatTensor
        return to(self, dtype.device, dtype.dtype) if legacy else to(self, dtype)
    place, _, name = dtype.rpartition(".")
    found = _TYPE_NAMES.get(name.removesuffix("Tensor"))
    if found is None or place not in ("torch", "torch.cuda"):
        raise OpValueError(f"invalid type: '{dtype}'")
    out = to(self, next(d for d in dt.DTYPES if d.name == found))
    return to(out, "cuda" if place == "torch.cuda" else "cpu")


attach("type", _type)

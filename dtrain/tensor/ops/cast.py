"""Conversions of type, device and memory."""

from __future__ import annotations

from typing import Any

from dtrain.backend.transfer import move
from dtrain.errors import OpTypeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.device import device as Device
from dtrain.tensor.op import PLAIN, VIEW, attach, function, op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["clone", "contiguous", "to", "to_device", "to_dtype"]


@op(PLAIN, node="CloneBackward0", input=lambda F, g: g)
def clone(xp: Xp, input: Array, memory_format: Any = None) -> Array:
    """Return a copy in memory of its own."""
    return input.copy("K" if 0 not in input.strides else "C")


@op(VIEW, node="CloneBackward0", input=lambda F, g: g)
def contiguous(xp: Xp, input: Array, memory_format: Any = None) -> Array:
    """Return the tensor itself where it is contiguous, else a contiguous copy."""
    return input if input.flags.c_contiguous else xp.ascontiguousarray(input)


@op(PLAIN, node="ToCopyBackward0", input=lambda F, g, input_dtype: F.to_dtype(g, input_dtype))
def to_dtype(xp: Xp, input: Array, dtype: Any) -> Array:
    """Convert to another type; always a copy."""
    target = dtype if hasattr(dtype, "newbyteorder") else dt.np_dtype(dtype)
    if input.dtype.kind == "c" and target.kind != "c":
        input = input.real
    return input.astype(target)


@op(
    PLAIN, node="ToCopyBackward0",
    input=lambda F, g, input: F.to_device(g, input.device),
)  # fmt: skip
def to_device(xp: Xp, input: Array, device: Any) -> Array:
    """Copy to another device."""
    return move(input, str(device))


@function
def to(self: Tensor, *args: Any, **kw: Any) -> Tensor:
    """Return the tensor with another dtype and/or on another device; itself if nothing changes.

    Spellings: to(dtype), to(device), to(device, dtype), to(other), each with non_blocking, copy.

    Raises:
        OpTypeError: An argument is none of these.
    """
    target, where, copy = kw.get("dtype"), kw.get("device"), kw.get("copy", False)
    for a in args:
        if isinstance(a, dt.dtype) or a in (float, int, bool, complex):
            target = a
        elif isinstance(a, Tensor):
            target, where = a.dtype, a.device
        elif isinstance(a, (str, Device)) or (isinstance(a, int) and not isinstance(a, bool)):
            where = Device(a)
        elif a is not None and not isinstance(a, bool):
            raise OpTypeError(f"to(): expected a dtype, a device or a tensor, not {a!r}")
    if len(args) >= 2 and args[-1] is True and isinstance(args[-2], bool):
        copy = True
    out = self
    if where is not None and not _same(Device(where), self.device):
        out = to_device(out, where)
    if target is not None and dt.np_dtype(target) != out._a.dtype:
        out = to_dtype(out, target)
    return clone(self) if copy and out is self else out


def _same(a: Device, b: Device) -> bool:
    return a.type == b.type and (a.index is None or a.index == b.index)

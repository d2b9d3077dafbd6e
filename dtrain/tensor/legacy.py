"""The constructors of old: torch.Tensor(...), torch.FloatTensor(...), torch.LongTensor(...)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from dtrain.errors import OpTypeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.create import on, sizes
from dtrain.tensor.infer import array_of
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor, wrap

__all__ = [
    "BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor",
    "HalfTensor", "IntTensor", "LongTensor", "ShortTensor", "legacy_tensor",
    "set_default_tensor_type",
]  # fmt: skip


def legacy_tensor(*args: Any, dtype: dt.dtype | None = None, device: Any = None) -> Tensor:
    """Return what `torch.Tensor(...)` gives: an uninitialised shape, or a copy of a sequence.

    Args:
        *args: Sizes, a Size, a sequence of numbers, an array, or a tensor (whose memory is shared).
        dtype: The type; the default floating type for None.
        device: Where the memory is to be.

    Raises:
        OpTypeError: The argument is none of these, or a tensor of another type.
    """
    target = (dt.get_default_dtype() if dtype is None else dtype).np
    if len(args) == 1 and not isinstance(args[0], int):
        data = args[0]
        if isinstance(data, Size):
            return wrap(on(device, lambda xp: xp.empty(data, target)))
        if isinstance(data, Tensor):
            if data._a.dtype != target and dtype is not None:
                raise OpTypeError(f"expected {dt.of(target)} (got {data.dtype})")
            return data.detach()
        if isinstance(data, (np.ndarray, list, tuple)):
            array = array_of(data, dt.of(target))
            return wrap(on(device, lambda xp: xp.asarray(array)))
        raise OpTypeError(f"new(): data must be a sequence (got {type(data).__name__})")
    shape = sizes("Tensor", args) if args else (0,)
    return wrap(on(device, lambda xp: xp.empty(shape, target)))


class TypedTensor(type):
    """The class of FloatTensor and its kin: a call makes a tensor, isinstance asks for its type."""

    dtype: dt.dtype
    device: str

    def __new__(cls, name: str, dtype: dt.dtype, device: str = "cpu") -> TypedTensor:
        made = super().__new__(cls, name, (), {"__doc__": f"Tensors of {dtype} on {device!r}."})
        made.dtype, made.device = dtype, device
        return made

    def __init__(cls, name: str, dtype: dt.dtype, device: str = "cpu") -> None:
        super().__init__(name, (), {})

    def __call__(cls, *args: Any, **kw: Any) -> Tensor:
        return legacy_tensor(*args, dtype=cls.dtype, **{"device": cls.device, **kw})

    def __instancecheck__(cls, instance: Any) -> bool:
        if not isinstance(instance, Tensor) or instance.dtype is not cls.dtype:
            return False
        return instance.device.type == cls.device


BFloat16Tensor = TypedTensor("BFloat16Tensor", dt.bfloat16)
BoolTensor = TypedTensor("BoolTensor", dt.bool_)
ByteTensor = TypedTensor("ByteTensor", dt.uint8)
CharTensor = TypedTensor("CharTensor", dt.int8)
DoubleTensor = TypedTensor("DoubleTensor", dt.float64)
FloatTensor = TypedTensor("FloatTensor", dt.float32)
HalfTensor = TypedTensor("HalfTensor", dt.float16)
IntTensor = TypedTensor("IntTensor", dt.int32)
LongTensor = TypedTensor("LongTensor", dt.int64)
ShortTensor = TypedTensor("ShortTensor", dt.int16)

_TYPED = {
    f"torch.{t.__name__}": t for t in (
        BFloat16Tensor, BoolTensor, ByteTensor, CharTensor, DoubleTensor, FloatTensor, HalfTensor,
        IntTensor, LongTensor, ShortTensor,
    )
}  # fmt: skip


def set_default_tensor_type(t: Any) -> None:
    """Set the default floating type by a class of old, or by its name, as "torch.DoubleTensor".

    Raises:
        OpTypeError: There is no such class, or its type is not floating point.
    """
    warnings.warn(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use "
        "torch.set_default_dtype() and torch.set_default_device() as alternatives.",
        UserWarning,
        stacklevel=2,
    )
    kind = _TYPED.get(t) if isinstance(t, str) else t
    if not isinstance(kind, TypedTensor):
        raise OpTypeError(f"invalid type object: {t!r}; expected one as torch.FloatTensor")
    dt.set_default_dtype(kind.dtype)

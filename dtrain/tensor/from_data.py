"""Making tensors from data: numbers, nested sequences, arrays, buffers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from dtrain.backend.transfer import move
from dtrain.errors import OpTypeError, OpValueError
from dtrain.tensor import dtype as dt
from dtrain.tensor.create import finish
from dtrain.tensor.device import DEFAULT
from dtrain.tensor.device import device as Device
from dtrain.tensor.infer import array_of, check_array_type
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array

__all__ = ["as_tensor", "asarray", "from_numpy", "frombuffer", "tensor"]


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    names: Any = None,
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
        return _place(data._a.copy(), dtype, device, requires_grad, names)
    return _place(array_of(data, dtype), None, device, requires_grad, names)


def _place(array: Array, dtype: Any, device: Any, requires_grad: bool, names: Any = None) -> Tensor:
    if dtype is not None:
        target = dt.np_dtype(dtype)
        if array.dtype != target:
            array = array.astype(target)
    if device is not None or DEFAULT[-1] is not None:
        array = move(array, str(Device(device) if device is not None else DEFAULT[-1]), copy=False)
    return finish(array, requires_grad, names)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Return `data` as a tensor, sharing memory (and history) where that is possible."""
    if isinstance(data, Tensor):
        return data.to(dtype=dtype, device=device)
    if isinstance(data, np.ndarray):
        return _place(from_numpy(data)._a, dtype, device, False)
    return _place(array_of(data, dtype), None, device, False)


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None,
    requires_grad: bool | None = None,
) -> Tensor:  # fmt: skip
    """Return `obj` as a tensor: the same memory where that is possible.

    Args:
        obj: A tensor, an array, a buffer, an object that speaks DLPack, or nested sequences.
        dtype: The type of the result; for a buffer, what its bytes mean.
        device: Where the result is to be.
        copy: True copies in any case, False never.
        requires_grad: Whether the result is a leaf that requires grad; None keeps a tensor's
            history.

    Raises:
        OpValueError: copy=False, and only a copy can have the type and device.
    """
    made, shared = _shared(obj, dtype)
    placed = made.to(dtype=dtype, device=device)
    if copy is False and not (shared and placed is made):
        what = f"tensor with dtype '{made.dtype}' into dtype '{placed.dtype}'"
        raise OpValueError(f"can't alias {what if shared else 'arbitrary sequence into a tensor'}.")
    if copy and shared and placed is made:
        placed = made.clone()
    if requires_grad is not None:
        return placed.detach().requires_grad_(requires_grad)
    if placed._node is not None:
        warnings.warn(
            "torch.asarray: unspecified requires_grad now defaults to obj.requires_grad instead of "
            "False. Pass requires_grad=False explicitly to get the old behavior.",
            UserWarning,
            stacklevel=2,
        )
    return placed


def _shared(obj: Any, dtype: Any) -> tuple[Tensor, bool]:
    """Return `obj` as a tensor, and whether it still has the memory of `obj`."""
    if isinstance(obj, Tensor):
        return obj, True
    if isinstance(obj, np.ndarray):
        return from_numpy(obj), True
    if isinstance(obj, (bytes, bytearray, memoryview)):
        return frombuffer(obj, dtype=dt.get_default_dtype() if dtype is None else dtype), True
    if hasattr(obj, "__dlpack__") and hasattr(obj, "__dlpack_device__"):
        from dtrain.tensor.interop import from_dlpack

        return from_dlpack(obj), True
    return wrap(array_of(obj, dtype)), False


class _Memory:
    """Hands memory on without a chain of bases, so that its storage begins where it begins."""

    def __init__(self, array: Any) -> None:
        self.__array_interface__ = {**array.__array_interface__, "strides": array.strides}
        self.owner = array


def _warn_not_writable(what: str) -> None:
    warnings.warn(
        f"The given {what} is not writable, and PyTorch does not support non-writable tensors. "
        "This means you can write to the underlying (supposedly non-writable) memory using the "
        "tensor; here NumPy refuses it. Copy the data before converting it to a tensor.",
        UserWarning,
        stacklevel=3,
    )


def from_numpy(ndarray: Any) -> Tensor:
    """Return a tensor over the memory of a numpy.ndarray.

    Raises:
        OpTypeError: It is no ndarray, or of a type that torch does not have.
        OpValueError: A stride is negative.
    """
    if not isinstance(ndarray, np.ndarray):
        raise OpTypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    check_array_type(ndarray)
    if any(s < 0 for s in ndarray.strides):
        raise OpValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().)"
        )
    if not ndarray.flags.writeable:
        _warn_not_writable("NumPy array")
    if ndarray.base is not None and ndarray.dtype.kind != "V":
        return wrap(np.asarray(_Memory(ndarray)))
    return wrap(ndarray.view(np.ndarray))


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """Return a tensor over the bytes of a buffer.

    Args:
        buffer: Any object with the buffer protocol.
        dtype: What the bytes mean.
        count: How many elements to read; -1 for all.
        offset: How many bytes to skip.
        requires_grad: Whether the result is a leaf that requires grad.

    Raises:
        OpValueError: The buffer is empty or too short.
    """
    try:
        array = np.frombuffer(buffer, dt.np_dtype(dtype), count, offset)
    except ValueError as error:
        raise OpValueError(f"frombuffer(): {error}") from error
    if not array.size:
        raise OpValueError(
            f"both buffer length ({memoryview(buffer).nbytes}) and count ({count}) must not be 0"
        )
    if not array.flags.writeable:
        _warn_not_writable("buffer")
    return finish(array, requires_grad)

"""Conversions of a module: its parameters and buffers on another device or of another type."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from dtrain.errors import OpTypeError
from dtrain.nn.tree import Tree
from dtrain.tensor import dtype as dt
from dtrain.tensor.create import empty
from dtrain.tensor.device import device as Device
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.tensor import Tensor, wrap

__all__ = ["Convertible"]

M = TypeVar("M", bound="Convertible")


class Convertible(Tree):
    """The part of a module that changes all its tensors in place."""

    def _apply(self: M, fn: Callable[[Any], Any], recurse: bool = True) -> M:
        """Replace the memory of each parameter, gradient and buffer by `fn` of it.

        Parameters stay the same objects, so that optimizers keep them.
        """
        if recurse:
            for module in self.children():
                module._apply(fn)
        for param in self._parameters.values():
            if param is None:
                continue
            with no_grad():
                param.data = fn(wrap(param._a))
            if param.grad is not None:
                with no_grad():
                    param.grad.data = fn(wrap(param.grad._a))
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self: M, *args: Any, **kwargs: Any) -> M:
        """Move to another device and/or convert the floating point tensors to another type.

        Spellings: to(device, dtype, non_blocking), to(dtype, non_blocking),
        to(tensor, non_blocking), each with memory_format=.

        Raises:
            OpTypeError: The type is neither floating point nor complex.
        """
        device, dtype, non_blocking = _parse_to(*args, **kwargs)
        if dtype is not None:
            if dtype.category < 2:
                raise OpTypeError(
                    "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                    f"dtype={dtype}"
                )
            if dtype.is_complex:
                warnings.warn(
                    "Complex modules are a new feature under active development whose design may "
                    "change, and some modules might not work as expected when using complex "
                    "tensors as parameters or buffers.",
                    stacklevel=2,
                )

        def convert(t: Tensor) -> Any:
            target = dtype if t.dtype.category >= 2 else None
            return t.to(device=device, dtype=target, non_blocking=non_blocking)

        return self._apply(convert)

    def to_empty(self: M, *, device: Any, recurse: bool = True) -> M:
        """Move to another device without copying: the values are undefined."""
        return self._apply(
            lambda t: empty(t.shape, dtype=t.dtype, device=device or t.device), recurse=recurse
        )

    def cuda(self: M, device: Any = None) -> M:
        """Move to a CUDA device, the current one by default."""
        return self._apply(lambda t: t.cuda(device))

    def cpu(self: M) -> M:
        """Move to the host."""
        return self._apply(lambda t: t.cpu())

    def type(self: M, dst_type: Any) -> M:
        """Convert all parameters and buffers to a type."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self: M) -> M:
        """Convert the floating point tensors to float32."""
        return _floating(self, dt.float32)

    def double(self: M) -> M:
        """Convert the floating point tensors to float64."""
        return _floating(self, dt.float64)

    def half(self: M) -> M:
        """Convert the floating point tensors to float16."""
        return _floating(self, dt.float16)

    def bfloat16(self: M) -> M:
        """Convert the floating point tensors to bfloat16."""
        return _floating(self, dt.bfloat16)

    def share_memory(self: M) -> M:
        """Move to memory that processes can share."""
        return self._apply(lambda t: t.share_memory_())


def _floating(module: M, dtype: dt.dtype) -> M:
    return module._apply(lambda t: t.to(dtype) if t.is_floating_point() else t)


def _parse_to(
    *args: Any,
    device: Any = None,
    dtype: Any = None,
    tensor: Any = None,
    non_blocking: bool = False,
    memory_format: Any = None,
) -> tuple[Device | None, dt.dtype | None, bool]:
    """Return (device, dtype, non_blocking) from any spelling of to().

    Note: memory_format is a hint on strides that NumPy's layout does not take.

    Raises:
        OpTypeError: The arguments are of no spelling.
    """
    first, *rest = args or (None,)
    if isinstance(first, Tensor):
        tensor = first
    elif isinstance(first, dt.dtype):
        dtype = first
    elif first is not None:
        device = first
        if rest:
            dtype, *rest = rest
    elif rest:  # to(None, dtype)
        dtype, *rest = rest
    if rest:
        non_blocking, *rest = rest
    if isinstance(tensor, Tensor):
        device, dtype = tensor.device, tensor.dtype
    if len(rest) > 1 or not (dtype is None or isinstance(dtype, dt.dtype)):
        given = ", ".join(type(a).__name__ for a in args)
        raise OpTypeError(f"to() received an invalid combination of arguments - got ({given})")
    return (None if device is None else Device(device)), dtype, bool(non_blocking)

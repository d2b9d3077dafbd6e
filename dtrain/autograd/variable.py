"""Variable: the tensor with a gradient of old, today a plain tensor."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpTypeError
from dtrain.tensor.tensor import Tensor

__all__ = ["Variable"]


class _Variable(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)

    def __call__(cls, data: Any, requires_grad: bool = False) -> Tensor:
        if not isinstance(data, Tensor):
            raise OpTypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return data.detach().requires_grad_(requires_grad)


class Variable(metaclass=_Variable):
    """`Variable(tensor, requires_grad)` is a leaf over the tensor's memory; each tensor is one."""

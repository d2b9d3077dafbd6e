"""Parameters and buffers: tensors that a module takes in when they are assigned to it."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from dtrain.errors import OpTypeError
from dtrain.tensor.create import empty
from dtrain.tensor.tensor import Tensor, wrap, wrap_as

__all__ = ["Buffer", "Parameter"]

T = TypeVar("T", bound=Tensor)


class Parameter(Tensor):
    """A tensor that is trained: assigned to a module, it shows up in `module.parameters()`.

    Args:
        data: The values; their memory is shared.
        requires_grad: Whether backward gives it a gradient.

    Raises:
        OpTypeError: `data` is no tensor.
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:  # noqa: D102
        made = wrap_as(cls, _data_of(cls, data)._a)
        if requires_grad:
            made.requires_grad_(True)
        return made

    def __repr__(self) -> str:  # type: ignore[override]  # Tensor's takes an option of torch's
        return f"Parameter containing:\n{super().__repr__()}"

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = _twin(self, type(self)(_copy_of(self), self.requires_grad))
        return cast(Parameter, memo[id(self)])


class _BufferType(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and getattr(instance, "_is_buffer", False)


class Buffer(Tensor, metaclass=_BufferType):
    """A tensor that belongs to a module's state but is not trained.

    Args:
        data: The values; their memory is shared.
        persistent: Whether it is part of the module's state_dict.
    """

    __slots__ = ()
    persistent: bool
    _is_buffer: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Buffer:  # noqa: D102
        made = wrap_as(cls, _data_of(cls, data)._a)
        made.persistent = persistent
        made._is_buffer = True
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        if id(self) not in memo:
            memo[id(self)] = _twin(self, type(self)(_copy_of(self)))
        return cast(Buffer, memo[id(self)])


def _data_of(cls: type, data: Any) -> Tensor:
    if data is None:
        return empty(0)
    if not isinstance(data, Tensor):
        raise OpTypeError(f"{cls.__name__}(): expected a Tensor as data, got {type(data).__name__}")
    return data


def _copy_of(tensor: Tensor) -> Tensor:
    return wrap(tensor._a.copy("K"))


def _twin(source: Tensor, made: T) -> T:
    """Give `made` the attributes that a user has hung on `source`."""
    made.__dict__.update(source.__dict__)
    return made

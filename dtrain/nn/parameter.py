"""Parameters and buffers: tensors that a module takes in when they are assigned to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from dtrain.errors import OpError, OpTypeError
from dtrain.tensor.create import empty
from dtrain.tensor.tensor import Tensor, wrap, wrap_as

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "UninitializedTensorMixin",
    "is_lazy",
]

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


if TYPE_CHECKING:  # the mixin stands beside a tensor: type checkers are to know what that has
    _Base = Tensor
else:
    _Base = object


class UninitializedTensorMixin(_Base):
    """A tensor whose shape is not known yet; `materialize` gives it one."""

    __slots__ = ()
    cls_to_become: type[Tensor]

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become a common parameter or buffer with undefined values.

        Args:
            shape: The shape.
            device: Where it is to lie; as so far by default.
            dtype: Its type; as so far by default.
        """
        data = self.data
        self.data = empty(shape, device=device or data.device, dtype=dtype or data.dtype)
        self.__class__ = self.cls_to_become  # type: ignore[assignment]

    @property
    def shape(self) -> Any:
        """Refuse: there is none yet."""
        raise OpError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )

    def share_memory_(self) -> Any:
        """Refuse: there is no memory yet."""
        raise OpError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to "
            "initialize the parameters before calling `module.share_memory()`."
        )

    def __repr__(self) -> str:  # type: ignore[override]  # Tensor's takes an option of torch's
        return f"<{type(self).__name__}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = self.__reduce_ex__(4)[0](*self.__reduce_ex__(4)[1])
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        own: Any = self
        return type(self), (own.requires_grad, own.data.device, own.data.dtype)


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter whose shape is not known yet.

    Args:
        requires_grad: Whether backward gives it a gradient.
        device: Where it is to lie.
        dtype: Its type.
    """

    __slots__ = ()
    cls_to_become = Parameter

    def __new__(  # noqa: D102
        cls, requires_grad: bool = True, device: Any = None, dtype: Any = None
    ) -> UninitializedParameter:
        made = wrap_as(cls, empty(0, device=device, dtype=dtype)._a)
        return made.requires_grad_(requires_grad)


class UninitializedBuffer(UninitializedTensorMixin, Tensor):
    """A buffer whose shape is not known yet.

    Args:
        requires_grad: Whether backward gives it a gradient.
        device: Where it is to lie.
        dtype: Its type.
        persistent: Whether it is part of the module's state_dict.
    """

    __slots__ = ()
    cls_to_become = Tensor
    persistent: bool
    _is_buffer: bool

    def __new__(  # noqa: D102
        cls,
        requires_grad: bool = False,
        device: Any = None,
        dtype: Any = None,
        persistent: bool = True,
    ) -> UninitializedBuffer:
        made = wrap_as(cls, empty(0, device=device, dtype=dtype)._a)
        made.persistent, made._is_buffer = persistent, True
        return made.requires_grad_(requires_grad)


def is_lazy(param: Any) -> bool:
    """Return True for a parameter or buffer whose shape is not known yet."""
    return isinstance(param, UninitializedTensorMixin)


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

"""torch's rebuild functions over arrays: how a pickle describes its tensors and parameters."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from dtrain.backend.module import module_of
from dtrain.checkpoint.loading import FileStorage, Loading
from dtrain.nn.parameter import Parameter
from dtrain.tensor.dtype import dtype
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array

__all__ = [
    "REBUILD",
    "rebuild_from_type_v2",
    "rebuild_parameter",
    "rebuild_parameter_with_state",
    "rebuild_plain_parameter",
    "rebuild_tensor",
    "rebuild_tensor_v2",
    "rebuild_tensor_v3",
]


def _view(storage: FileStorage, offset: Any, size: Any, stride: Any, kind: dtype) -> Array:
    """Cut a strided view from a storage.

    Raises:
        ValueError: numbers of another type, or a view outside of the storage.
    """
    if type(size) is not tuple or type(stride) is not tuple or len(size) != len(stride):
        raise ValueError(f"a tensor of size {size!r} and stride {stride!r}")
    if any(type(n) is not int or n < 0 for n in (offset, *size, *stride)):
        raise ValueError(f"a tensor of size {size}, stride {stride} and offset {offset!r}")
    reach = offset
    if 0 not in size:
        reach += 1 + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    itemsize = kind.itemsize
    if reach * itemsize > storage.bytes.size:
        raise ValueError(
            f"a tensor of size {size}, stride {stride} and offset {offset} in a storage of "
            f"{storage.bytes.size // itemsize} elements"
        )
    if 0 in size:
        offset = 0
    base = storage.bytes
    strides = tuple(step * itemsize for step in stride)
    if isinstance(base, np.ndarray):
        return np.ndarray(size, kind.np, base, offset * itemsize, strides)
    ndarray = module_of(type(base)).ndarray
    return ndarray(size, kind.np, memptr=base.data + offset * itemsize, strides=strides)


def _finish_tensor(
    loading: Loading, array: Array, requires_grad: Any, hooks: Any, metadata: Any
) -> Tensor:
    if metadata:
        array = _resolve(loading, array, metadata)
    tensor = wrap(array)
    if requires_grad:
        tensor.requires_grad_(True)
    if hooks:
        raise ValueError("a tensor with backward hooks")
    return tensor


def _resolve(loading: Loading, array: Array, metadata: Any) -> Array:
    """Carry out torch's lazy conjugation and negation, which NumPy does not know."""
    if type(metadata) is not dict or metadata.keys() - {"conj", "neg"}:
        raise ValueError(f"a tensor with metadata {metadata!r}")
    loading.budget.take(prod(array.shape) * array.itemsize)
    xp = module_of(type(array))
    result = xp.empty(array.shape, array.dtype)

    def fill() -> None:
        result[...] = array
        if metadata.get("conj"):
            xp.conjugate(result, out=result)
        if metadata.get("neg"):
            xp.negative(result, out=result)

    loading.after_bytes(fill)
    return result


def _storage(value: Any) -> FileStorage:
    if type(value) is not FileStorage:
        raise TypeError(f"a tensor over a {type(value).__name__}")
    return value


def rebuild_tensor(storage: Any, storage_offset: Any, size: Any, stride: Any) -> Tensor:
    """Return a tensor of the storage's type."""
    return rebuild_tensor_v2(storage, storage_offset, size, stride, False, None)


def rebuild_tensor_v2(
    storage: Any,
    storage_offset: Any,
    size: Any,
    stride: Any,
    requires_grad: Any,
    backward_hooks: Any,
    metadata: Any = None,
) -> Tensor:
    """Return a tensor of the storage's type."""
    storage = _storage(storage)
    if storage.dtype is None:
        raise TypeError("a tensor without a type")
    array = _view(storage, storage_offset, size, stride, storage.dtype)
    return _finish_tensor(storage.loading, array, requires_grad, backward_hooks, metadata)


def rebuild_tensor_v3(
    storage: Any,
    storage_offset: Any,
    size: Any,
    stride: Any,
    requires_grad: Any,
    backward_hooks: Any,
    kind: Any,
    metadata: Any = None,
) -> Tensor:
    """Return a tensor of a type that has no storage class, as uint16."""
    storage = _storage(storage)
    if not isinstance(kind, dtype):
        raise TypeError(f"a tensor of type {kind!r}")
    array = _view(storage, storage_offset, size, stride, kind)
    storage.loading.swap_untyped(storage, kind)
    return _finish_tensor(storage.loading, array, requires_grad, backward_hooks, metadata)


def rebuild_parameter(data: Any, requires_grad: Any, backward_hooks: Any) -> Parameter:
    """Return a parameter over a tensor's memory."""
    return rebuild_parameter_with_state(data, requires_grad, backward_hooks, None)


def rebuild_parameter_with_state(
    data: Any, requires_grad: Any, backward_hooks: Any, state: Any
) -> Parameter:
    """Return a parameter with attributes of its own."""
    if not isinstance(data, Tensor) or backward_hooks:
        raise TypeError(f"a parameter over a {type(data).__name__}")
    parameter = Parameter(data, bool(requires_grad))
    _set_attributes(parameter, state)
    return parameter


def rebuild_from_type_v2(call: Any, cls: Any, args: Any, state: Any) -> Tensor:
    """Return a tensor with attributes of its own."""
    if call not in REBUILD.values() or cls not in (Tensor, Parameter) or type(args) is not tuple:
        raise TypeError(f"a tensor of class {cls!r}")
    tensor = call(*args)
    if type(tensor) is not cls:
        tensor = Parameter(tensor, tensor.requires_grad)
    _set_attributes(tensor, state)
    return tensor


def rebuild_plain_parameter(data: Any = None, requires_grad: Any = True) -> Parameter:
    """Return a parameter as old files make it: the class called with a tensor."""
    return rebuild_parameter(data, requires_grad, None)


def _set_attributes(tensor: Tensor, state: Any) -> None:
    if not state:
        return
    if type(state) is tuple:
        state, slots = state
        if slots:
            raise ValueError("a tensor with slots")
    for name, value in state.items():
        if type(name) is not str or hasattr(type(tensor), name):
            raise ValueError(f"a tensor's attribute {name!r}")
        tensor.__dict__[name] = value


REBUILD: dict[str, Callable[..., Any]] = {
    "torch._tensor._rebuild_from_type_v2": rebuild_from_type_v2,
    "torch._utils._rebuild_parameter": rebuild_parameter,
    "torch._utils._rebuild_parameter_with_state": rebuild_parameter_with_state,
    "torch._utils._rebuild_tensor": rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": rebuild_tensor_v2,
    "torch._utils._rebuild_tensor_v3": rebuild_tensor_v3,
}
"""torch's name of each function."""

"""Pickle objects as torch does: tensors by storage and stride, torch's names for our classes.

Python's own pickler does the walking (the one written in Python: the one in C checks that each name
it writes can be imported here, and torch's names cannot).
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from types import FunctionType
from typing import Any, ClassVar

from dtrain.checkpoint.allowed import TABLE
from dtrain.checkpoint.names import StorageType
from dtrain.checkpoint.rebuild import (
    rebuild_from_type_v2,
    rebuild_parameter,
    rebuild_parameter_with_state,
    rebuild_tensor_v2,
    rebuild_tensor_v3,
)
from dtrain.checkpoint.storages import StorageRef, StorageTable
from dtrain.nn.parameter import Parameter
from dtrain.tensor.device import device
from dtrain.tensor.dtype import dtype
from dtrain.tensor.tensor import Tensor, wrap

__all__ = ["dump"]

# id of our object -> torch's name; a name's place is taken by the first entry that has it
_TORCH_NAMES = {
    id(entry.value): tuple(name.rsplit(".", 1))
    for name, entry in TABLE.items()
    if name.startswith("torch.")
}


def dump(obj: Any, protocol: int) -> tuple[bytes, StorageTable]:
    """Pickle an object.

    Args:
        obj: what is to be saved.
        protocol: version of the pickle format, 2 to 5.

    Returns:
        the pickle, and the storages that it refers to.
    """
    buffer = io.BytesIO()
    storages = StorageTable()
    _TorchPickler(buffer, protocol, storages).dump(obj)
    return buffer.getvalue(), storages


_PythonPickler: Any = pickle._Pickler  # its stubs leave out what a subclass needs


class _TorchPickler(_PythonPickler):  # type: ignore[misc]
    """Writes our tensors and classes the way torch writes its own."""

    def __init__(self, file: io.BytesIO, protocol: int, storages: StorageTable) -> None:
        super().__init__(file, protocol)
        self._storages = storages

    def persistent_id(self, obj: Any) -> Any:
        """Refer to a storage: its bytes go to a record of their own."""
        if type(obj) is not StorageRef:
            return None
        return "storage", obj.kind, obj.key, obj.location, obj.numel

    def reducer_override(self, obj: Any) -> Any:
        """Say how our own types are built again; all others as usual."""
        if isinstance(obj, Tensor):
            return self._reduce_tensor(obj)
        if type(obj) is device:
            return device, (obj.type,) if obj.index is None else (obj.type, obj.index)
        return NotImplemented

    def _reduce_tensor(self, tensor: Tensor) -> Any:
        state = tensor.__dict__
        hooks: OrderedDict[str, Any] = OrderedDict()  # torch's place for hooks, never saved
        if type(tensor) is Parameter:
            data, requires_grad = wrap(tensor._a), tensor.requires_grad
            if state:
                return rebuild_parameter_with_state, (data, requires_grad, hooks, dict(state))
            return rebuild_parameter, (data, requires_grad, hooks)
        call, arguments = self._reduce_array(tensor)
        if type(tensor) is Tensor and not state:
            return call, arguments
        return rebuild_from_type_v2, (call, type(tensor), arguments, dict(state))

    def _reduce_array(self, tensor: Tensor) -> tuple[Any, tuple[Any, ...]]:
        ref, offset, stride = self._storages.add(tensor._a)
        size = tuple(tensor._a.shape)
        hooks: OrderedDict[str, Any] = OrderedDict()
        common = (ref, offset, size, stride, tensor.requires_grad, hooks)
        if ref.kind.dtype is None:
            return rebuild_tensor_v3, (*common, tensor.dtype)
        return rebuild_tensor_v2, common

    def save_global(self, obj: Any, name: str | None = None) -> None:
        """Write torch's name for what is torch's, else the name of the object itself."""
        if id(obj) not in _TORCH_NAMES:
            super().save_global(obj, name)
            return
        module, short = _TORCH_NAMES[id(obj)]
        self.write(pickle.GLOBAL + f"{module}\n{short}\n".encode())
        self.memoize(obj)

    dispatch: ClassVar[dict[type, Any]] = {
        **_PythonPickler.dispatch,
        FunctionType: save_global,
        StorageType: save_global,
        dtype: save_global,
    }

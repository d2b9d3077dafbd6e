"""Tensors in other hands: copy, pickle, DLPack."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from dtrain.backend.module import module_of, to_host
from dtrain.backend.strided import strided
from dtrain.backend.transfer import move
from dtrain.errors import GradError, OpError
from dtrain.tensor.op import attach
from dtrain.tensor.storage import Storage, root_of
from dtrain.tensor.tensor import Tensor, wrap, wrap_as
from dtrain.typing import Array

__all__ = ["copy_array", "from_dlpack", "rebuild", "to_dlpack"]


class _ExportError(GradError, BufferError):
    """A tensor with a history was to be given away."""


def rebuild(cls: type[Tensor], array: Any, device: str, requires_grad: bool, extra: Any) -> Tensor:
    """Return the tensor that was pickled."""
    made = wrap_as(cls, array if device == "cpu" else move(array, device))
    if extra:
        made.__dict__.update(extra)
    return made.requires_grad_() if requires_grad else made


def _reduce_ex(self: Tensor, protocol: Any) -> Any:
    extra = self.__dict__ or None
    return rebuild, (type(self), to_host(self._a), str(self.device), self.requires_grad, extra)


def _copy(self: Tensor) -> Tensor:
    """Return another tensor over the same memory, without history."""
    made = wrap_as(type(self), self._a)
    made.__dict__.update(self.__dict__)
    return made.requires_grad_(self.requires_grad)


def copy_array(a: Array, memo: dict[int, Any]) -> Any:
    """Return a copy of an array within a copy of all its memory.

    Args:
        a: Any array.
        memo: deepcopy's; arrays that share memory give copies that share memory.
    """
    root = root_of(a)
    dense = bool(root.flags.forc)
    if id(root) not in memo:
        memo[id(root)] = root.copy("K") if dense else Storage(root, None).clone()
        memo.setdefault(id(memo), []).append(root)  # or its id could be given to another
    twin = memo[id(root)]
    if dense and a is root:
        return twin
    if not a.size:
        return module_of(a.__class__).empty(a.shape, a.dtype)
    flat = (Storage(twin, None) if dense else twin).bytes()
    start = Storage(a, None).data_ptr() - Storage(root, None).data_ptr()
    inside = flat[start : start + Storage(a, None).nbytes()].view(a.dtype)
    return strided(inside, a.shape, a.strides)


def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    """Return a copy with memory of its own; views in one structure stay views of one memory."""
    if id(self) in memo:
        return memo[id(self)]
    if not self.is_leaf:
        raise GradError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
            "protocol at the moment. If you were attempting to deepcopy a module, this may be "
            "because of a torch.nn.utils.weight_norm usage; use detach() first"
        )
    made = wrap_as(type(self), copy_array(self._a, memo))
    memo[id(self)] = made
    made.requires_grad_(self.requires_grad)
    if self.__dict__:
        made.__dict__.update(copy.deepcopy(self.__dict__, memo))
    if self._more is not None and self._more.grad is not None:
        made.grad = copy.deepcopy(self._more.grad, memo)
    return made


def _dlpack(self: Tensor, **kw: Any) -> Any:
    """Return a DLPack capsule over the memory.

    Raises:
        GradError: The tensor requires grad; it is a BufferError as well.
    """
    if self.requires_grad:
        raise _ExportError("Can't export tensors that require gradient, use tensor.detach()")
    return self._a.__dlpack__(**kw)


def _dlpack_device(self: Tensor) -> Any:
    return self._a.__dlpack_device__()


def to_dlpack(tensor: Tensor) -> Any:
    """Return a DLPack capsule over the memory of a tensor."""
    if tensor.is_cpu:
        return _dlpack(tensor, max_version=(1, 0))  # older capsules cannot say: you may write
    return _dlpack(tensor)


class _Capsule:
    """Gives a bare capsule, which is always the host's, the methods that NumPy asks for."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **kw: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def from_dlpack(ext_tensor: Any) -> Tensor:
    """Return a tensor over the memory of any object that speaks DLPack, or of a host capsule.

    Raises:
        OpError: It does not.
    """
    if type(ext_tensor).__name__ == "PyCapsule":
        ext_tensor = _Capsule(ext_tensor)
    if not hasattr(ext_tensor, "__dlpack_device__"):
        raise OpError(
            "from_dlpack received an invalid capsule: expected an object with __dlpack__, got "
            f"{type(ext_tensor).__name__}"
        )
    if ext_tensor.__dlpack_device__()[0] == 1:
        return wrap(np.from_dlpack(ext_tensor))
    from dtrain.backend.cupy_ import load

    return wrap(load().from_dlpack(ext_tensor))


for _name, _fn in {
    "__copy__": _copy, "__deepcopy__": _deepcopy, "__dlpack__": _dlpack,
    "__dlpack_device__": _dlpack_device, "__reduce_ex__": _reduce_ex,
}.items():  # fmt: skip
    attach(_name, _fn)

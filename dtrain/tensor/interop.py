"""Tensors in other hands: copy, pickle, DLPack, the array interfaces."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.backend.module import to_host
from dtrain.backend.transfer import move
from dtrain.errors import GradError
from dtrain.tensor.op import attach
from dtrain.tensor.tensor import Tensor, wrap, wrap_as

__all__ = ["from_dlpack", "rebuild"]


def rebuild(cls: type[Tensor], array: Any, device: str, requires_grad: bool, extra: Any) -> Tensor:
    """Return the tensor that was pickled."""
    made = wrap_as(cls, array if device == "cpu" else move(array, device))
    if extra:
        made.__dict__.update(extra)
    return made.requires_grad_() if requires_grad else made


def _reduce_ex(self: Tensor, protocol: int) -> Any:
    if not self.is_leaf:
        raise GradError(
            "Only Tensors created explicitly by the user (graph leaves) support pickling or the "
            "deepcopy protocol; use detach() first"
        )
    extra = self.__dict__ or None
    return rebuild, (type(self), to_host(self._a), str(self.device), self.requires_grad, extra)


def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    """Return a copy with memory of its own; views in one structure stay views of one memory."""
    if id(self) in memo:
        return memo[id(self)]  # type: ignore[no-any-return]
    if not self.is_leaf:
        raise GradError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
            "protocol at the moment. If you were attempting to deepcopy a module, this may be "
            "because of a torch.nn.utils.weight_norm usage"
        )
    import copy

    made = wrap_as(type(self), self._a.copy("K" if 0 not in self._a.strides else "C"))
    memo[id(self)] = made
    made.requires_grad_(self.requires_grad)
    if self.__dict__:
        made.__dict__.update(copy.deepcopy(self.__dict__, memo))
    if self._more is not None and self._more.grad is not None:
        made.grad = copy.deepcopy(self._more.grad, memo)
    return made


def _dlpack(self: Tensor, **kw: Any) -> Any:
    """Return a DLPack capsule over the memory."""
    if self.requires_grad:
        raise GradError("Can't export tensors that require gradient, use tensor.detach()")
    return self._a.__dlpack__(**kw)


def _dlpack_device(self: Tensor) -> Any:
    return self._a.__dlpack_device__()


def from_dlpack(ext_tensor: Any) -> Tensor:
    """Return a tensor over the memory of any object that speaks DLPack."""
    kind = ext_tensor.__dlpack_device__()[0] if hasattr(ext_tensor, "__dlpack_device__") else 1
    if kind == 1:
        return wrap(np.from_dlpack(ext_tensor))
    from dtrain.backend.cupy_ import load

    return wrap(load().from_dlpack(ext_tensor))


for _name, _fn in {
    "__reduce_ex__": _reduce_ex, "__deepcopy__": _deepcopy, "__dlpack__": _dlpack,
    "__dlpack_device__": _dlpack_device,
}.items():  # fmt: skip
    attach(_name, _fn)


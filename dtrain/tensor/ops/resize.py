"""Tensors that change their own shape or memory: squeeze_, t_, resize_, set_."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from math import prod
from typing import Any

from dtrain.backend.module import module_of
from dtrain.backend.strided import strided
from dtrain.errors import GradError, OpError, OpTypeError
from dtrain.tensor.graph import bump, check_inplace
from dtrain.tensor.op import attach
from dtrain.tensor.ops.shape import reshape, squeeze, t, transpose, unsqueeze
from dtrain.tensor.ops.strided import as_strided
from dtrain.tensor.storage import extent, offset_of, root_of
from dtrain.tensor.tensor import Tensor

__all__: list[str] = []


def _turn(name: str, view: Callable[..., Tensor]) -> None:
    """Make the method `name`, by which a tensor becomes a view of what it was."""

    def change(self: Tensor, *args: Any, **kw: Any) -> Tensor:
        check_inplace(self, name)
        made = view(self, *args, **kw)
        self._a, self._node = made._a, made._node
        bump(self)
        return self

    change.__name__ = change.__qualname__ = name
    change.__doc__ = view.__doc__
    attach(name, change)


for _name, _view in {
    "as_strided_": as_strided, "squeeze_": squeeze, "swapaxes_": transpose,
    "swapdims_": transpose, "t_": t, "transpose_": transpose, "unsqueeze_": unsqueeze,
}.items():  # fmt: skip
    _turn(_name, _view)


def resize_(self: Tensor, *sizes: Any, memory_format: Any = None) -> Tensor:
    """Give the tensor another size in the same memory, or in more where that is too small.

    Elements keep their places in memory; new ones have any value.

    Raises:
        GradError: The tensor requires grad.
    """
    shape = tuple(sizes[0]) if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
    if self._node is not None and tuple(self._a.shape) != tuple(shape):
        raise GradError("cannot resize variables that require grad")
    if any(n < 0 for n in shape):
        raise OpError(f"resize_: Trying to create tensor with negative dimension: {list(shape)}")
    a = self._a
    if a.shape == tuple(shape):
        return self
    root, start, total = root_of(a), offset_of(a), prod(shape)
    steps, step = [], int(a.itemsize)
    for n in reversed(shape):
        steps.append(step)
        step *= max(n, 1)
    if root.dtype == a.dtype and start + total <= extent(root) and total:
        self._a = strided(root, shape, steps[::-1], start)
    else:
        xp = module_of(a.__class__)
        made = xp.zeros(total, a.dtype)
        kept = min(total, a.size)
        made[:kept] = a.reshape(-1)[:kept]
        self._a = made.reshape(shape)
    bump(self)
    return self


def resize_as_(self: Tensor, the_template: Tensor, memory_format: Any = None) -> Tensor:
    """Give the tensor the size of another."""
    return resize_(self, the_template._a.shape)


def set_(
    self: Tensor, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = None
) -> Tensor:
    """Make the tensor look at the memory of another, or of a storage.

    Raises:
        OpError: The source has another type.
        OpTypeError: It is neither a tensor nor a storage.
    """
    check_inplace(self, "set_")
    if source is None:
        self._a = module_of(self._a.__class__).empty(0, self._a.dtype)
    elif isinstance(source, Tensor):
        if source._a.dtype != self._a.dtype:
            raise OpError(
                f"Could not set tensor of type {source.dtype} to a tensor of type {self.dtype}"
            )
        view = source if size is None else as_strided(
            source, size, stride or _dense(size), storage_offset
        )  # fmt: skip
        self._a = view._a
    elif hasattr(source, "_flat"):
        flat = source._flat()
        flat = flat if flat.dtype == self._a.dtype else flat.view(self._a.dtype)
        shape = (flat.size,) if size is None else tuple(size)
        steps = [s * flat.itemsize for s in (stride or _dense(shape))]
        self._a = strided(flat, shape, steps, storage_offset)
    else:
        raise OpTypeError(f"set_(): argument 'source' must be Tensor, not {type(source).__name__}")
    bump(self)
    return self


def _dense(shape: Any) -> list[int]:
    out, step = [], 1
    for n in reversed(tuple(shape)):
        out.append(step)
        step *= max(n, 1)
    return out[::-1]


def is_same_size(self: Tensor, other: Tensor) -> bool:
    """Return True where another tensor has the same size."""
    return bool(self._a.shape == other._a.shape)


attach("is_same_size", is_same_size)
attach("resize_", resize_)
attach("resize_as_", resize_as_)
attach("set_", set_)


def _resized(self: Tensor, *sizes: Any) -> Tensor:
    """Return the elements in another shape, which must hold as many.

    Raises:
        OpError: It does not.
    """
    warnings.warn("non-inplace resize is deprecated", stacklevel=2)
    shape = sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
    if prod(shape) != self._a.size:
        raise OpError(
            f"requested resize to {'x'.join(map(str, shape))} ({prod(shape)} elements in total), "
            f"but the given tensor has a size of {'x'.join(map(str, self._a.shape))} "
            f"({self._a.size} elements); resize can only change the shape of a given tensor"
        )
    return reshape(self, shape)


attach("resize", _resized)

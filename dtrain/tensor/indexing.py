"""What stands between the brackets of `x[...]`, read as torch reads it.

An index is taken apart into two steps. The basic step (integers, slices, None, Ellipsis) is a view;
the advanced step picks elements of that view by index arrays and masks, one for each dimension it
names. That order is torch's: an integer beside an index array is no index array, as it is in NumPy.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dtrain.backend.module import module_of, to_host
from dtrain.errors import OpIndexError, OpValueError
from dtrain.tensor.tensor import Tensor, wrap

__all__ = ["BASIC", "Parsed", "parse", "step_error", "torch_index_error"]

BASIC = frozenset({int, slice, type(None), type(Ellipsis)})
"""The classes of index elements that make a view."""

ALL = slice(None)


class Parsed(NamedTuple):
    """An index, taken apart.

    Attributes:
        basic: The key of the first step, for the whole tensor.
        arrays: The index arrays of the second step, as tensors; empty where there is none.
        dims: For each of them the dimension of the first step's result that it indexes.
    """

    basic: tuple[Any, ...]
    arrays: tuple[Tensor, ...]
    dims: tuple[int, ...]


def step_error() -> OpValueError:
    """Return the error for a slice that does not go forward."""
    return OpValueError("step must be greater than zero")


def torch_index_error(shape: tuple[int, ...], error: Exception) -> Exception:
    """Return what to raise for NumPy's error on a basic index of a tensor of `shape`."""
    if isinstance(error, IndexError) and not shape:
        return OpIndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` "
            "in C++ to convert a 0-dim tensor to a number"
        )
    if "too many indices" in str(error):
        return OpIndexError(f"too many indices for tensor of dimension {len(shape)}")
    return OpIndexError(str(error).replace(" axis ", " dimension "))


def parse(index: Any, array: Any) -> Parsed:
    """Take apart the index of a tensor.

    Raises:
        OpIndexError: It has too many elements, or one that can be no index.
        OpValueError: A slice has a step that is not positive.
    """
    items = index if isinstance(index, tuple) else (index,)
    items = tuple([_plain(item, array) for item in items])
    used = sum(_width(item) for item in items)
    if used > array.ndim:
        if array.ndim == 0:
            raise torch_index_error((), IndexError())
        raise OpIndexError(f"too many indices for tensor of dimension {array.ndim}")
    basic: list[Any] = []
    arrays: list[Any] = []
    dims: list[int] = []
    source = target = 0  # the next dimension of the tensor, and of the first step's result
    for item in items:
        if item is Ellipsis:
            gap = array.ndim - used
            used = array.ndim  # a second Ellipsis stands for nothing
            basic += [ALL] * gap
            source, target = source + gap, target + gap
        elif item is None or isinstance(item, bool):
            basic.append(None)
            if item is not None:
                arrays.append(_truth(item, array))
                dims.append(target)
            target += 1
        elif isinstance(item, int):
            basic.append(item)
            source += 1
        elif isinstance(item, slice):
            basic.append(item)
            source, target = source + 1, target + 1
        else:
            mask = isinstance(item, _Mask)
            picked = _positions(item, array.shape, source) if mask else [item]
            for a in picked:
                arrays.append(a)
                dims.append(target)
                basic.append(ALL)
                source, target = source + 1, target + 1
    return Parsed(tuple(basic), tuple([_tensor(a) for a in arrays]), tuple(dims))


def _tensor(a: Any) -> Tensor:
    return a if isinstance(a, Tensor) else wrap(a)


def _truth(item: bool, array: Any) -> Any:
    """Return the index of the dimension of size 1 that True keeps and False drops."""
    return module_of(array.__class__).zeros(int(item), np.int64)


class _Mask:
    """A boolean index."""

    __slots__ = ("array", "ndim")

    def __init__(self, array: Any) -> None:
        self.array, self.ndim = array, array.ndim


def _plain(item: Any, array: Any) -> Any:
    """Return an index element as int, bool, slice, None, Ellipsis, Tensor of integers or _Mask.

    Raises:
        OpIndexError: It is nothing of that.
    """
    if item is None or item is Ellipsis or isinstance(item, (bool, int)):
        return item
    if isinstance(item, slice):
        if item.step is not None and item.step <= 0:
            raise step_error()
        return item
    if isinstance(item, np.bool_):
        return bool(item)
    if isinstance(item, Tensor):
        return _from_array(item._a, item, array)
    if isinstance(item, (np.ndarray, list, tuple, range, np.integer)):
        made = _to_array(item)
        if module_of(array.__class__) is not np:
            made = module_of(array.__class__).asarray(made)
        return _from_array(made, None, array)
    if hasattr(item, "__index__"):
        return int(item)
    raise OpIndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
        f"indices (got {type(item).__name__})"
    )


def _to_array(item: Any) -> Any:
    if isinstance(item, (list, tuple)):
        item = [to_host(t._a) if isinstance(t, Tensor) else t for t in item]
    made = np.asarray(item)
    if isinstance(item, list) and not made.size:
        return made.astype(np.int64)
    return made


def _from_array(a: Any, tensor: Tensor | None, array: Any) -> Any:
    kind = a.dtype.kind
    if kind == "b" or a.dtype == np.uint8:
        if a.ndim == 0:
            return bool(a)
        return _Mask(a if kind == "b" else a != 0)
    if kind not in "iu":
        raise OpIndexError(
            f"tensors used as indices must be long, int, byte or bool tensors, not {a.dtype.name}"
        )
    if a.ndim == 0:
        return int(a)
    if a.__class__ is not array.__class__:
        return wrap(module_of(array.__class__).asarray(a))
    return wrap(a) if tensor is None else tensor


def _width(item: Any) -> int:
    """Return how many dimensions of the tensor an element takes."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    return item.ndim if isinstance(item, _Mask) else 1


def _positions(mask: Any, shape: tuple[int, ...], at: int) -> tuple[Any, ...]:
    """Return the index arrays that pick what a mask over the dimensions from `at` on picks.

    Raises:
        OpIndexError: The mask has another shape than these dimensions.
    """
    a = mask.array
    for i, n in enumerate(a.shape):
        if n != shape[at + i]:
            raise OpIndexError(
                f"The shape of the mask {list(a.shape)} at index {i} does not match the shape of "
                f"the indexed tensor {list(shape)} at index {at + i}"
            )
    return tuple(a.nonzero())

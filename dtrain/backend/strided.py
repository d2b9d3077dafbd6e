"""Windows into an array's memory, for views that NumPy makes slowly or not at all.

A view made here has the memory's owner as its base, like every other view: that is how views are
told from copies. The `as_strided` of the array modules hides it behind a helper object.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.backend.module import module_of
from dtrain.typing import Array, Shape

__all__ = ["strided"]


def strided(array: Array, shape: Shape, steps: Shape, offset: int = 0) -> Any:
    """Return a view that begins `offset` elements after the first of `array`.

    The caller has made sure that the view stays inside the memory.

    Args:
        array: Any array.
        shape: The shape of the view.
        steps: The bytes between elements, for each dimension.
        offset: Counted in elements; negative where `array` is itself a view.
    """
    if array.__class__ is not np.ndarray:
        return _elsewhere(array, shape, steps, offset)
    if offset == 0 and array.flags.forc:
        return np.ndarray(shape, array.dtype, array, 0, steps)  # a tenth of as_strided's time
    root = array
    while root.base.__class__ is np.ndarray:
        root = root.base
    flat = root.transpose(sorted(range(root.ndim), key=lambda d: -root.strides[d]))
    if not flat.flags.c_contiguous:  # foreign memory with gaps
        return _elsewhere(array, shape, steps, offset)
    start = _address(array) - _address(root) + offset * array.itemsize
    return np.ndarray(shape, array.dtype, flat, start, steps)


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _elsewhere(array: Array, shape: Shape, steps: Shape, offset: int) -> Any:
    as_strided = module_of(array.__class__).lib.stride_tricks.as_strided
    if offset:
        step = int(array.itemsize)
        array = as_strided(array, (abs(offset) + 1,), (step if offset > 0 else -step,))
        array = array[abs(offset) :]
    return as_strided(array, shape, steps)

"""Windows into an array's memory, for views that NumPy makes slowly or not at all."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.backend.module import module_of
from dtrain.typing import Array, Shape

__all__ = ["strided", "strided_in_root"]


def strided(array: Array, shape: Shape, steps: Shape) -> Any:
    """Return a view of `array` from its first element on, with `steps` between elements in bytes.

    The caller has made sure that the view stays inside the memory.
    """
    if array.__class__ is np.ndarray and array.flags.forc:
        return np.ndarray(shape, array.dtype, array, 0, steps)  # a tenth of as_strided's time
    return module_of(array.__class__).lib.stride_tricks.as_strided(array, shape, steps)


def strided_in_root(root: Array, shape: Shape, steps: Shape, offset: int) -> Any:
    """Return a view that begins `offset` elements into `root`, an array that owns its memory."""
    step = int(root.itemsize)
    if root.__class__ is np.ndarray and root.flags.forc:
        return np.ndarray(shape, root.dtype, root, offset * step, steps)
    xp = module_of(root.__class__)
    flat = xp.lib.stride_tricks.as_strided(root, (offset + 1,), (step,))[offset:]
    return xp.lib.stride_tricks.as_strided(flat, shape, steps)

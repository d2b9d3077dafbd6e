"""From the class of an array to the module that computes with it.

NumPy is always there. Any other array class is looked up by the module that defines it, so CuPy is
known the moment its first array arrives and never imported before.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from dtrain.typing import Array, Xp

__all__ = ["module_of", "register_array_class", "to_host"]

_BY_CLASS: dict[type, Xp] = {np.ndarray: np}


def register_array_class(cls: type, module: Xp) -> None:
    """Make arrays of class `cls` compute with `module` (an array module with NumPy's names)."""
    _BY_CLASS[cls] = module


def module_of(cls: type) -> Xp:
    """Return the array module that computes with arrays of class `cls`.

    NumPy's scalars belong to NumPy; other classes to the top package that defines them.

    Raises:
        TypeError: `cls` is no array class.
    """
    module = _BY_CLASS.get(cls)
    if module is None:
        if issubclass(cls, (np.ndarray, np.generic)):
            module = np
        else:
            module = sys.modules.get(cls.__module__.partition(".")[0])
            if module is None or not hasattr(module, "ndarray"):
                raise TypeError(f"{cls.__module__}.{cls.__qualname__} is not an array class")
        _BY_CLASS[cls] = module
    return module


def to_host(array: Array) -> Any:
    """Return `array` as a numpy.ndarray: itself on the CPU, a copy from a device."""
    if isinstance(array, (np.ndarray, np.generic)):
        return array
    return array.get()

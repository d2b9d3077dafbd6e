"""Arrays on their way to and from a driver.

Drivers see C-contiguous arrays only. Data that is merely moved (not reduced) travels in its own
dtype where every MPI knows it, and as bytes otherwise.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dtrain.errors import OpTypeError, OpValueError

__all__ = ["Array", "Incoming", "check_array", "describe", "outgoing", "overlap"]

Array: TypeAlias = NDArray[Any]

_MOVED_AS_IS = frozenset("bBhHiIlLqQfdFD")


def describe(array: Array) -> str:
    """Return dtype and shape in the form of error messages.

    Example:
        >>> describe(np.zeros((2, 3), np.float32))
        'float32[2, 3]'
    """
    return f"{array.dtype}{list(array.shape)}"


def check_array(where: str, array: Array | None, *, writable: bool = False) -> Array:
    """Return `array` if it can be sent, or received into when `writable`.

    Raises:
        OpTypeError: no array at all, or one of Python objects.
        OpValueError: a target that is read-only.
    """
    if array is None or not hasattr(array, "dtype"):
        raise OpTypeError(
            f"{where}({type(array).__name__}): not an array; expected a NumPy array; "
            "pass numpy.asarray(value), or use the _obj form for objects"
        )
    if array.dtype.hasobject:
        raise OpTypeError(
            f"{where}({describe(array)}): python objects have no bytes to send; "
            "expected a numeric dtype; use the _obj form"
        )
    if writable and not array.flags.writeable:
        raise OpValueError(
            f"{where}({describe(array)}): the array is read-only; "
            "expected one that can receive the result; pass a copy"
        )
    return array


def outgoing(array: Array) -> Array:
    """Return a C-contiguous form of `array` that every driver can send; a view where possible."""
    wire = array if array.flags.c_contiguous else array.copy(order="C")
    if wire.dtype.char in _MOVED_AS_IS and wire.dtype.isnative:
        return wire
    return wire.reshape(-1).view(np.uint8)


class Incoming:
    """The receiving side of `outgoing`: `wire` takes the data, `store` brings it into the array."""

    __slots__ = ("_array", "_staged", "wire")

    def __init__(self, array: Array) -> None:
        self._array = array
        self._staged = array if array.flags.c_contiguous else array.copy(order="C")
        self.wire = outgoing(self._staged)

    def store(self) -> None:
        """Write what arrived into the array, unless it arrived there directly."""
        if self._staged is not self._array:
            self._array[...] = self._staged


def overlap(first: Array, second: Array) -> bool:
    """Return whether two arrays may share memory (MPI forbids that for input and output)."""
    return bool(np.may_share_memory(first, second))

"""Kernels on integer indices that NumPy has no quick function for."""

from __future__ import annotations

import numpy as np

from dtrain.errors import OpIndexError
from dtrain.typing import Array, Xp

__all__ = ["add_at", "check_index"]


def check_index(xp: Xp, index: Array, size: int, what: str) -> None:
    """Refuse indices outside [0, size).

    A device's indices are not looked at: the host would have to wait for them.

    Raises:
        OpIndexError: One is outside.
    """
    if xp is not np or not index.size:
        return
    unsigned = index.view(_UNSIGNED[index.itemsize])  # negative ones become the greatest
    if np.maximum.reduce(unsigned, axis=None) >= size:
        wrong = index[(index < 0) | (index >= size)]
        raise OpIndexError(what.format(index=wrong.reshape(-1)[0]))


_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


def add_at(xp: Xp, shape: tuple[int, ...], where: Array, values: Array) -> Array:
    """Return zeros of `shape` with `values` added at the flat positions `where`.

    One flat index is the only form of add.at that NumPy computes quickly (measured: 4-20 times
    quicker than an index along a dimension).
    """
    size = 1
    for n in shape:
        size *= n
    flat = xp.zeros(size, values.dtype)
    xp.add.at(flat, where.reshape(-1), values.reshape(-1))
    return flat.reshape(shape)

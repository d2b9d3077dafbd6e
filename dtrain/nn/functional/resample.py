"""Linear maps along one dimension: what averaging over regions and interpolation are made of.

Such a map is a small matrix (out, in). It is made once for each pair of sizes and applied as one
matrix product, forward and, transposed, backward.
"""

from __future__ import annotations

from functools import lru_cache
from math import floor, prod
from typing import Any

import numpy as np

from dtrain.backend.transfer import device_module
from dtrain.nn.functional.kinds import FUNCTION, widened
from dtrain.tensor.op import op
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Xp

__all__ = ["along", "area_matrix", "filter_matrix", "tap_matrix"]

Matrix = Any


@op(
    FUNCTION,
    input=lambda F, g, matrix, dim: F.along_dim(g, F.transpose(matrix, 0, 1), dim),
)
@widened
def along_dim(xp: Xp, input: Array, matrix: Array, dim: int) -> Array:
    """Multiply each line along `dim` by `matrix`, (out, in)."""
    shape = input.shape
    if dim == input.ndim - 1:
        return input @ matrix.T
    made = matrix @ input.reshape(*shape[: dim + 1], prod(shape[dim + 1 :]))
    return made.reshape(*shape[:dim], matrix.shape[0], *shape[dim + 1 :])


def along(input: Tensor, matrix: Matrix, dim: int) -> Any:
    """Multiply each line along `dim` by a host matrix, in the type and on the device of `input`."""
    kind = input._a.dtype
    array = matrix.astype(kind if kind.kind == "f" and kind.itemsize > 2 else np.float32)
    if not input.is_cpu:
        array = device_module("cuda").asarray(array)
    if array.dtype != kind:
        array = array.astype(kind)
    return along_dim(input, wrap(array), dim)


@lru_cache(maxsize=256)
def area_matrix(size: int, out: int) -> Matrix:
    """Return the means over `out` regions that together cover `size` elements."""
    made = np.zeros((out, size))
    for i in range(out):
        start, end = i * size // out, -(-(i + 1) * size // out)
        made[i, start:end] = 1 / (end - start)
    return made


def _cubic(x: Any, a: float) -> Any:
    """Return Keys's cubic kernel at distance x."""
    x = abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * a * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


@lru_cache(maxsize=256)
def tap_matrix(size: int, out: int, cubic: bool, align_corners: bool, scale: float) -> Matrix:
    """Return linear or cubic interpolation of `size` points at `out` places.

    Args:
        size: Points that are there.
        out: Points that are wanted.
        cubic: Four neighbours instead of two.
        align_corners: The first and last points of both coincide, instead of the outer edges.
        scale: Input points for each output point, without `align_corners`.
    """
    places = np.arange(out, dtype=np.float64)
    if align_corners:
        places = places * ((size - 1) / (out - 1) if out > 1 else 0.0)
    else:
        places = (places + 0.5) * scale - 0.5
        if not cubic:
            places = places.clip(0, None)
    start = np.floor(places).astype(np.int64)
    if not cubic:
        start = start.clip(None, size - 1)
    part = places - start
    made = np.zeros((out, size))
    rows = np.arange(out)
    for step in (-1, 0, 1, 2) if cubic else (0, 1):
        weight = _cubic(part - step, -0.75) if cubic else (1 - part if step == 0 else part)
        np.add.at(made, (rows, (start + step).clip(0, size - 1)), weight)
    return made


@lru_cache(maxsize=256)
def filter_matrix(size: int, out: int, cubic: bool, align_corners: bool, scale: float) -> Matrix:
    """Return interpolation whose kernel widens with the reduction, so that nothing is skipped."""
    if align_corners:
        scale = (size - 1) / (out - 1) if out > 1 else 0.0
    wide = max(scale, 1.0)
    support = (2.0 if cubic else 1.0) * wide
    made = np.zeros((out, size))
    for i in range(out):
        centre = scale * (i + 0.5)
        start = max(floor(centre - support + 0.5), 0)
        end = min(floor(centre + support + 0.5), size)
        x = (np.arange(start, end) - centre + 0.5) / wide
        weights = _cubic(x, -0.5) if cubic else (1 - abs(x)).clip(0, None)
        made[i, start:end] = weights / weights.sum()
    return made

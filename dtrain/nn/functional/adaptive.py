"""Pooling whose windows follow from the size of the result."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

from dtrain.errors import OpError, OpTypeError, ShapeError
from dtrain.nn.functional.kinds import FUNCTION
from dtrain.nn.functional.resample import along, area_matrix
from dtrain.nn.functional.spatial import within
from dtrain.nn.functional.window import avg_pool, pool_gather
from dtrain.tensor.op import op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d", "adaptive_max_pool3d_with_indices",
]  # fmt: skip

Sizes = tuple[int, ...]


def _output(where: str, dims: int, input: Tensor, output_size: Any) -> Sizes:
    """Return the size of the result; None stands for the input's size.

    Raises:
        ShapeError: The input has other dimensions.
        OpError: The sizes are no sizes.
    """
    shape = input._a.shape
    if len(shape) not in (dims + 1, dims + 2):
        raise ShapeError(
            f"{where}(): Expected {dims + 1}D or {dims + 2}D tensor, but got {list(shape)}"
        )
    if 0 in shape[-dims - 1 :]:
        raise ShapeError(
            f"{where}(): Expected input to have non-zero size for non-batch dimensions, but input "
            f"has sizes {list(shape)}"
        )
    if not isinstance(output_size, Sequence):
        output_size = (output_size,) * dims
    if len(output_size) != dims:
        raise OpError(f"{where}: output_size must be {dims}, got {list(output_size)}")
    sizes = []
    for n, wanted in zip(shape[-dims:], output_size, strict=True):
        if wanted is not None and not isinstance(wanted, int):
            raise OpTypeError(f"{where}(): output_size must be ints, not {wanted!r}")
        if wanted is not None and wanted < 0:
            raise OpError(
                f"{where}(): elements of output_size must be greater than or equal to 0 but "
                f"received {list(output_size)}"
            )
        sizes.append(n if wanted is None else wanted)
    return tuple(sizes)


def _avg(where: str, dims: int, input: Tensor, output_size: Any) -> Any:
    out = _output(where, dims, input, output_size)
    size = input._a.shape[-dims:]
    if 0 in out:
        return input.new_empty((*input._a.shape[:-dims], *out))
    if all(n % m == 0 for n, m in zip(size, out, strict=True)):
        kernel = tuple([n // m for n, m in zip(size, out, strict=True)])
        return avg_pool(input, kernel, kernel, (0,) * dims, False, True, None)
    made: Any = input
    for d, (n, m) in enumerate(zip(size, out, strict=True), input._a.ndim - dims):
        if n != m:
            made = along(made, area_matrix(n, m), d)
    return made


@op(FUNCTION)
def adaptive_max_indices(xp: Xp, input: Array, regions: Sizes) -> Array:
    """Return where the maxima of the regions lie, as flat positions in the plane (int64)."""
    dims = len(regions)
    lead, size = input.shape[: input.ndim - dims], input.shape[input.ndim - dims :]
    made = xp.empty((*lead, *regions), "int64")
    for cell in product(*[range(m) for m in regions]):
        starts = [i * n // m for i, n, m in zip(cell, size, regions, strict=True)]
        ends = [-(-(i + 1) * n // m) for i, n, m in zip(cell, size, regions, strict=True)]
        region = within(input, [slice(a, b) for a, b in zip(starts, ends, strict=True)])
        best = region.reshape(*lead, prod(region.shape[len(lead) :])).argmax(-1)
        flat, scale = xp.zeros_like(best), 1
        for d in range(dims - 1, -1, -1):
            best, inside = divmod(best, ends[d] - starts[d])
            flat += (inside + starts[d]) * scale
            scale *= size[d]
        within(made, cell)[...] = flat
    return made


def _max(where: str, dims: int, input: Tensor, output_size: Any, return_indices: bool) -> Any:
    out = _output(where, dims, input, output_size)
    indices = adaptive_max_indices(input, out)
    values = pool_gather(input, indices, dims)
    return (values, indices) if return_indices else values


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Any:
    """Return the means over `output_size` regions of (N, C, L) or (C, L)."""
    return _avg("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Any:
    """Return the means over regions of (N, C, H, W) or (C, H, W).

    Args:
        input: The images.
        output_size: How many regions, one number for both dimensions or one each; None keeps the
            size.
    """
    return _avg("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Any:
    """Return the means over regions of (N, C, D, H, W) or (C, D, H, W)."""
    return _avg("adaptive_avg_pool3d", 3, input, output_size)


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Return the maxima over `output_size` regions of (N, C, L) or (C, L)."""
    return _max("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Return the maxima over regions of (N, C, H, W) or (C, H, W), and where they lie if asked."""
    return _max("adaptive_max_pool2d", 2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Return the maxima over regions of (N, C, D, H, W) or (C, D, H, W)."""
    return _max("adaptive_max_pool3d", 3, input, output_size, return_indices)


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:
    """Return the maxima over regions and where they lie."""
    return adaptive_max_pool1d(input, output_size, True)


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:
    """Return the maxima over regions and where they lie."""
    return adaptive_max_pool2d(input, output_size, True)


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:
    """Return the maxima over regions and where they lie."""
    return adaptive_max_pool3d(input, output_size, True)

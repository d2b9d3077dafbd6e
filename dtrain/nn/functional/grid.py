"""Sampling of images at places given by a grid."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from dtrain.errors import OpError, OpValueError, ShapeError
from dtrain.nn.functional.kinds import placed
from dtrain.tensor.tensor import Tensor

__all__ = ["affine_grid", "grid_sample"]

_DEFAULT = (
    "Default {0} behavior has changed to align_corners=False since 1.3.0. Please specify "
    "align_corners=True if the old behavior is desired. See the documentation of {0} for details."
)


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Any:
    """Return where an affine map sends the elements of an image, for grid_sample.

    Args:
        theta: (N, 2, 3) for images, (N, 3, 4) for volumes.
        size: (N, C, H, W) or (N, C, D, H, W) of the result.
        align_corners: -1 and 1 are the centres of the corner elements, not their outer edges.

    Returns:
        (N, H, W, 2) or (N, D, H, W, 3).

    Raises:
        OpValueError: `theta` and `size` do not fit.
    """
    if not theta.is_floating_point():
        raise OpValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    dims = len(size) - 2
    if dims not in (2, 3) or tuple(theta.shape[1:]) != (dims, dims + 1) or theta.ndim != 3:
        raise OpValueError(
            f"Expected a batch of {dims}D affine matrices of shape Nx{dims}x{dims + 1} for size "
            f"{list(size)}. Got {list(theta.shape)}."
        )
    if min(size) <= 0:
        raise OpValueError(f"Expected non-zero, positive output size. Got {list(size)}")
    if align_corners is None:
        warnings.warn(_DEFAULT.format("affine_grid"), UserWarning, stacklevel=2)
    axes = []
    for n in size[2:]:
        places = np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
        axes.append(places if align_corners else places * (n - 1) / n)
    mesh = np.meshgrid(*axes, indexing="ij")
    points = np.stack([*reversed(mesh), np.ones(tuple(size[2:]))], -1).reshape(-1, dims + 1)
    base = placed(points.astype(theta._a.dtype), theta)
    return (base @ theta.transpose(1, 2)).reshape(size[0], *size[2:], dims)


def _reflected(x: Any, low: float, high: float) -> Any:
    """Return `x` reflected at both bounds until it lies between them."""
    if low == high:
        return x * 0
    span = high - low
    away = (x - low).abs()
    flips = (away / span).detach().floor()
    rest = away - flips * span
    odd = flips - (flips / 2).floor() * 2
    return rest + low + odd * (span - rest * 2)


def _places(x: Any, size: int, padding_mode: str, align_corners: bool) -> Any:
    """Return grid coordinates in [-1, 1] as positions of elements, kept inside by the mode."""
    at = (x + 1) * ((size - 1) / 2) if align_corners else ((x + 1) * size - 1) / 2
    return _kept(at, size, padding_mode, align_corners)


def _kept(at: Any, size: int, padding_mode: str, align_corners: bool) -> Any:
    if padding_mode == "reflection":
        bounds = (0.0, size - 1.0) if align_corners else (-0.5, size - 0.5)
        at = _reflected(at, *bounds)
    return at if padding_mode == "zeros" else at.clamp(0, size - 1)


def _taken(input: Any, at: Sequence[Any]) -> Any:
    """Return the elements at whole positions, (N, C, *out); zero outside."""
    size = input.shape[2:]
    inside: Any = None
    flat: Any = None
    for index, n in zip(at, size, strict=True):
        held = (index >= 0) * (index <= n - 1)
        inside = held if inside is None else inside * held
        whole = index.clamp(0, n - 1).to(int)
        flat = whole if flat is None else flat * n + whole
    lead, out = input.shape[:2], flat.shape[1:]
    places = flat.reshape(lead[0], 1, -1).expand(-1, lead[1], -1)
    values = input.reshape(*lead, -1).gather(2, places).reshape(*lead, *out)
    return values * inside.unsqueeze(1).to(values.dtype)


def _cubic(part: Any) -> list[Any]:
    """Return the weights of the four neighbours at a fractional position."""
    a = -0.75
    weights: list[Any] = []
    for x in (part + 1, part, 1 - part, 2 - part):
        near = ((x * (a + 2) - (a + 3)) * x * x + 1, ((x - 5) * x + 8) * x * a - 4 * a)
        weights.append(near[0 if len(weights) in (1, 2) else 1])
    return weights


def _check(input: Tensor, grid: Tensor, mode: str, padding_mode: str) -> int:
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise OpValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise OpValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    dims = input._a.ndim - 2
    if dims not in (2, 3) or grid._a.ndim != dims + 2:
        raise ShapeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but "
            f"got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if input._a.dtype != grid._a.dtype:
        raise OpError(
            "grid_sampler(): expected input and grid to have same dtype, but input has "
            f"{input.dtype} and grid has {grid.dtype}"
        )
    if input._a.shape[0] != grid._a.shape[0] or grid._a.shape[-1] != dims:
        raise ShapeError(
            f"grid_sampler(): expected grid to have size {dims} in last dimension and the batch "
            f"size of input, but got input {list(input.shape)} and grid {list(grid.shape)}"
        )
    if 0 in input._a.shape[2:]:
        raise ShapeError(
            "grid_sampler(): expected input to have non-empty spatial dimensions, but input has "
            f"sizes {list(input.shape)}"
        )
    if mode == "bicubic" and dims == 3:
        raise OpError("grid_sampler(): bicubic interpolation only supports 4D input")
    return dims


def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Any:  # fmt: skip
    """Return the values of images at the places of a grid.

    Args:
        input: (N, C, H, W) or (N, C, D, H, W).
        grid: (N, H_out, W_out, 2) or (N, D_out, H_out, W_out, 3): (x, y) or (x, y, z) in [-1, 1].
        mode: "bilinear" (trilinear for volumes), "nearest" or "bicubic".
        padding_mode: What lies outside: "zeros", "border" or "reflection".
        align_corners: -1 and 1 are the centres of the corner elements, not their outer edges.

    Raises:
        OpValueError: There is no such mode.
        ShapeError: Sizes do not fit.
    """
    dims = _check(input, grid, mode, padding_mode)
    if align_corners is None:
        warnings.warn(_DEFAULT.format("grid_sample"), UserWarning, stacklevel=2)
    corners, size = bool(align_corners), input._a.shape[2:]
    axes = [grid.select(-1, dims - 1 - d) for d in range(dims)]
    if mode == "bicubic":
        return _bicubic(input, axes, padding_mode, corners)
    at = [_places(x, n, padding_mode, corners) for x, n in zip(axes, size, strict=True)]
    if mode == "nearest":
        return _taken(input, [x.detach().round() for x in at])
    starts = [x.detach().floor() for x in at]
    parts = [x - s for x, s in zip(at, starts, strict=True)]
    made: Any = None
    for corner in product((0, 1), repeat=dims):
        weight: Any = None
        for part, step in zip(parts, corner, strict=True):
            factor = part if step else 1 - part
            weight = factor if weight is None else weight * factor
        values = _taken(input, [s + step for s, step in zip(starts, corner, strict=True)])
        term = values * weight.unsqueeze(1)
        made = term if made is None else made + term
    return made


def _bicubic(input: Tensor, axes: list[Any], padding_mode: str, corners: bool) -> Any:
    size = input._a.shape[2:]
    at = [_places(x, n, "zeros", corners) for x, n in zip(axes, size, strict=True)]
    starts = [x.detach().floor() for x in at]
    weights = [_cubic(x - s) for x, s in zip(at, starts, strict=True)]
    made: Any = None
    for i, j in product(range(4), repeat=2):
        places = [
            _kept(s + step - 1, n, padding_mode, corners)
            for s, step, n in zip(starts, (i, j), size, strict=True)
        ]
        term = _taken(input, places) * (weights[0][i] * weights[1][j]).unsqueeze(1)
        made = term if made is None else made + term
    return made

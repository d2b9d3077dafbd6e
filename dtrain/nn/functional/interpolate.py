"""Resizing of the spatial dimensions."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import floor
from typing import Any

import numpy as np

from dtrain.errors import OpError, OpValueError
from dtrain.nn.functional.adaptive import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
)
from dtrain.nn.functional.kinds import placed
from dtrain.nn.functional.resample import along, filter_matrix, tap_matrix
from dtrain.tensor.ops.gather import index_select
from dtrain.tensor.tensor import Tensor

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

_DIMS = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}
_AREA = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}
_MODES = ("nearest", "nearest-exact", "area", *_DIMS)


def _sizes(
    input: Tensor, size: Any, scale_factor: Any, recompute: bool | None
) -> tuple[list[int], list[float | None]]:
    """Return the output size, and for each dimension the factor that places are computed with.

    Raises:
        OpValueError: Neither or both of size and factor are given, or too many.
    """
    given = input._a.shape[2:]
    dims = len(given)
    if size is not None and scale_factor is not None:
        raise OpValueError("only one of size or scale_factor should be defined")
    if size is not None:
        wanted = list(size) if isinstance(size, Sequence) else [size] * dims
        if len(wanted) != dims:
            raise OpValueError(
                f"Input and output must have the same number of spatial dimensions, but got input "
                f"with spatial dimensions of {list(given)} and output size of {size}. Please "
                "provide input tensor in (N, C, d1, d2, ...,dK) format and output size in (o1, o2, "
                "...,oK) format."
            )
        return [int(n) for n in wanted], [None] * dims
    if scale_factor is None:
        raise OpValueError("either size or scale_factor should be defined")
    factors = list(scale_factor) if isinstance(scale_factor, Sequence) else [scale_factor] * dims
    if len(factors) != dims:
        raise OpValueError(
            "Input and scale_factor must have the same number of spatial dimensions, but got "
            f"input with spatial dimensions of {list(given)} and scale_factor of shape "
            f"{scale_factor}."
        )
    out = [floor(n * float(f)) for n, f in zip(given, factors, strict=True)]
    return out, [None] * dims if recompute else [float(f) for f in factors]


def _nearest(input: Tensor, dim: int, out: int, factor: float | None, exact: bool) -> Any:
    """Take the nearest element; places are computed in float32, as torch does."""
    size = input._a.shape[dim]
    scale = np.float32(1 / factor) if factor else np.float32(size) / np.float32(out)
    places = np.arange(out, dtype=np.float32)
    places = (places + np.float32(0.5)) * scale if exact else places * scale
    order = np.floor(places).astype(np.int64).clip(0, size - 1)
    return index_select(input, dim, placed(order, input))


def _check(input: Tensor, mode: str, align_corners: bool | None, antialias: bool) -> None:
    if mode not in _MODES:
        raise OpError(f"interpolate: mode {mode!r} is not implemented; expected one of {_MODES}")
    dims = input._a.ndim - 2
    if align_corners is not None and mode not in _DIMS:
        raise OpValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear "
            "| bicubic | trilinear"
        )
    if antialias and mode not in ("bilinear", "bicubic"):
        raise OpValueError(
            "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D "
            "tensor as input"
        )
    if dims not in (1, 2, 3) or _DIMS.get(mode, dims) != dims:
        raise OpError(
            "Input Error: Only 3D, 4D and 5D input Tensors supported (got "
            f"{input._a.ndim}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | "
            f"area | nearest-exact (got {mode})"
        )


def interpolate(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:  # fmt: skip
    """Resize the spatial dimensions of (N, C, *size).

    Args:
        input: One to three spatial dimensions.
        size: The size of the result, one number for all dimensions or one each.
        scale_factor: The factor of the sizes instead.
        mode: "nearest", "nearest-exact", "area", "linear", "bilinear", "bicubic" or "trilinear".
        align_corners: The corner elements keep their values (interpolating modes).
        recompute_scale_factor: Compute places from the sizes rather than from `scale_factor`.
        antialias: Widen the kernel when the result is smaller ("bilinear", "bicubic").

    Raises:
        OpValueError: The options do not fit together.
    """
    _check(input, mode, align_corners, antialias)
    out, factors = _sizes(input, size, scale_factor, recompute_scale_factor)
    if min(out) < 1 or 0 in input._a.shape[1:]:
        raise OpError(
            f"Input and output sizes should be greater than 0, but got input {list(input.shape)} "
            f"and output {out}"
        )
    if mode == "area":
        return _AREA[len(out)](input, out)
    made: Any = input
    for d, (m, factor) in enumerate(zip(out, factors, strict=True), 2):
        n = input._a.shape[d]
        if mode.startswith("nearest"):
            made = _nearest(made, d, m, factor, mode == "nearest-exact")
            continue
        scale = 1 / factor if factor else n / m
        if n == m and (align_corners or scale == 1):
            continue
        matrix = filter_matrix if antialias else tap_matrix
        made = along(made, matrix(n, m, mode == "bicubic", bool(align_corners), scale), d)
    return made.clone() if made is input else made


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None,
) -> Any:  # fmt: skip
    """Resize, as interpolate, which is to be used instead."""
    warnings.warn(
        "`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.",
        UserWarning,
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Any:
    """Resize by nearest elements; interpolate is to be used instead."""
    warnings.warn(
        "`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.",
        UserWarning,
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Any:
    """Resize by bilinear interpolation with align_corners; interpolate is to be used instead."""
    warnings.warn(
        "`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.",
        UserWarning,
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, "bilinear", align_corners=True)

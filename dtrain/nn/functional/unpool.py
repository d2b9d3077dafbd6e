"""The way back from max pooling, power-average pooling, and pooling with random regions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

from dtrain.errors import OpError, OpTypeError, OpValueError, ShapeError
from dtrain.nn.functional.activation import relu
from dtrain.nn.functional.kinds import FUNCTION, placed
from dtrain.nn.functional.pool import avg_pool1d, avg_pool2d, avg_pool3d
from dtrain.nn.functional.spatial import per_dim
from dtrain.nn.functional.window import pool_gather
from dtrain.tensor.generator import default_generator
from dtrain.tensor.op import op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = [
    "fractional_max_pool2d", "fractional_max_pool2d_with_indices", "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices", "lp_pool1d", "lp_pool2d", "lp_pool3d", "max_unpool1d",
    "max_unpool2d", "max_unpool3d",
]  # fmt: skip

Sizes = tuple[int, ...]


# ---- max_unpool ----
@op(FUNCTION, node="MaxUnpoolBackward0",
    input=lambda F, g, indices, size: F.pool_gather(g, indices, len(size)))  # fmt: skip
def max_unpool(xp: Xp, input: Array, indices: Array, size: Sizes) -> Array:
    """Put elements at their flat positions in planes of zeros: (*lead, *size)."""
    lead = input.shape[: input.ndim - len(size)]
    made = xp.zeros((*lead, prod(size)), input.dtype)
    xp.put_along_axis(made, indices.reshape(*lead, -1), input.reshape(*lead, -1), -1)
    return made.reshape(*lead, *size)


def _unpool(
    where: str, dims: int, input: Tensor, indices: Tensor, kernel_size: Any, stride: Any,
    padding: Any, output_size: Any,
) -> Any:  # fmt: skip
    kernel = per_dim(where, "kernel_size", kernel_size, dims)
    step = kernel if stride is None else per_dim(where, "stride", stride, dims)
    border = per_dim(where, "padding", padding, dims)
    shape = input._a.shape
    if len(shape) not in (dims + 1, dims + 2):
        raise ShapeError(
            f"Input to {where} should be a {dims + 1}d or {dims + 2}d Tensor, but got {list(shape)}"
        )
    if indices._a.dtype != "int64":
        raise OpError(f"elements in indices should be type int64 but got: {indices.dtype}")
    if indices._a.shape != shape:
        raise ShapeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(shape)}) but "
            f"got indices tensor with shape: {list(indices.shape)}"
        )
    size = tuple(
        [
            (n - 1) * s - 2 * p + k
            for n, s, p, k in zip(shape[-dims:], step, border, kernel, strict=True)
        ]
    )
    if output_size is not None:
        wanted = tuple(output_size)[-dims:]
        if len(output_size) not in (dims, dims + 2) or any(
            not n - s < m < n + s for n, s, m in zip(size, step, wanted, strict=True)
        ):
            raise OpValueError(
                f"invalid output_size {list(output_size)}: each dimension must be within one "
                f"stride of {list(size)}"
            )
        size = wanted
    flat = indices._a
    if flat.size and (int(flat.min()) < 0 or int(flat.max()) >= prod(size)):
        raise OpError(
            f"Found an invalid max index: {int(flat.max())} (output volumes are of size "
            f"{list(size)})"
        )
    return max_unpool(input, indices, size)


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Sequence[int] | None = None,
) -> Any:  # fmt: skip
    """Put the maxima that max_pool1d found back in their places; see max_unpool2d."""
    how = (kernel_size, stride, padding, output_size)
    return _unpool("max_unpool1d", 1, input, indices, *how)


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Sequence[int] | None = None,
) -> Any:  # fmt: skip
    """Put the maxima that max_pool2d found back in their places, zeros elsewhere.

    Args:
        input: (N, C, H, W) or (C, H, W).
        indices: What max_pool2d returned with return_indices.
        kernel_size: As given to max_pool2d, like the next two.
        stride: None for `kernel_size`.
        padding: Border on both sides.
        output_size: The size of the result, where the options allow several.

    Raises:
        OpValueError: `output_size` does not fit.
    """
    how = (kernel_size, stride, padding, output_size)
    return _unpool("max_unpool2d", 2, input, indices, *how)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Sequence[int] | None = None,
) -> Any:  # fmt: skip
    """Put the maxima that max_pool3d found back in their places; see max_unpool2d."""
    how = (kernel_size, stride, padding, output_size)
    return _unpool("max_unpool3d", 3, input, indices, *how)


# ---- power-average pooling ----
def _lp_pool(
    dims: int, input: Tensor, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Any:
    average: Any = {1: avg_pool1d, 2: avg_pool2d, 3: avg_pool3d}[dims]
    kernel = per_dim(f"lp_pool{dims}d", "kernel_size", kernel_size, dims)
    mean = average(input**norm_type, kernel, stride, 0, ceil_mode)
    return (mean.sign() * relu(mean.abs()) * prod(kernel)) ** (1.0 / norm_type)


def lp_pool1d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """Return sum(x ** p) ** (1 / p) of windows over (N, C, L) or (C, L)."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """Return sum(x ** p) ** (1 / p) of windows over (N, C, H, W) or (C, H, W)."""
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """Return sum(x ** p) ** (1 / p) of windows over (N, C, D, H, W) or (C, D, H, W)."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


# ---- fractional max pooling ----
@op(FUNCTION)
def fractional_indices(
    xp: Xp, input: Array, samples: Array, kernel: Sizes, regions: Sizes
) -> Array:
    """Return where the maxima of windows at random steps lie, as flat positions (int64).

    Args:
        xp: The array module.
        input: (N, C, *size).
        samples: (N, C, dims) from [0, 1): the phase of the steps; of two dimensions the last first.
        kernel: Size of the window.
        regions: How many windows, by dimension.
    """
    dims, size = len(kernel), input.shape[2:]
    starts = []
    for d, (n, k, m) in enumerate(zip(size, kernel, regions, strict=True)):
        phase = samples[:, :, 1 - d if dims == 2 else d]
        step = (n - k) / (m - 1) if m > 1 else 0.0
        each = xp.arange(m) + phase[..., None]
        at = (each * step).astype("int64") - (phase[..., None] * step).astype("int64")
        at[..., -1] = n - k
        starts.append(at)
    values: Any = None
    made = xp.zeros((*input.shape[:2], *regions), "int64")
    planes = input.reshape(*input.shape[:2], prod(size))
    for inside in product(*[range(k) for k in kernel]):
        flat: Any = 0
        for d, (n, i) in enumerate(zip(size, inside, strict=True)):
            at = starts[d].reshape(
                *input.shape[:2], *[regions[d] if e == d else 1 for e in range(dims)]
            )
            flat = flat * n + (at + i)
        seen = xp.take_along_axis(planes, flat.reshape(*flat.shape[:2], prod(regions)), 2).reshape(
            flat.shape
        )
        if values is None:
            values, made = seen, flat
            continue
        better = (seen > values) | xp.isnan(seen)
        values, made = xp.where(better, seen, values), xp.where(better, flat, made)
    return made


def _fractional(
    where: str, dims: int, input: Tensor, kernel_size: Any, output_size: Any, output_ratio: Any,
    samples: Tensor | None,
) -> Any:  # fmt: skip
    if output_size is None and output_ratio is None:
        raise OpValueError(f"{where} requires specifying either an output_size or an output_ratio")
    if output_size is None:
        ratios = output_ratio if isinstance(output_ratio, Sequence) else (output_ratio,) * dims
        size = input._a.shape[-dims:]
        output_size = [int(n * r) for n, r in zip(size, ratios, strict=True)]
    kernel = per_dim(where, "kernel_size", kernel_size, dims)
    regions = per_dim(where, "output_size", output_size, dims)
    alone = input._a.ndim == dims + 1
    if not alone and input._a.ndim != dims + 2:
        raise ShapeError(f"{where}(): Expected {dims + 1}D or {dims + 2}D tensor")
    full: Any = input.unsqueeze(0) if alone else input
    for n, k, m in zip(full._a.shape[2:], kernel, regions, strict=True):
        if m + k - 1 > n:
            raise OpError(
                f"{where}(): pool size {k} too large relative to input size {n} for {m} windows"
            )
    if samples is None:
        drawn = default_generator.uniform((*full._a.shape[:2], dims), full._a.dtype)
        samples = placed(drawn, input)
    elif not isinstance(samples, Tensor):
        raise OpTypeError(f"{where}(): _random_samples must be a Tensor")
    phases = samples.detach()[: full._a.shape[0]]
    indices = fractional_indices(full, phases, kernel, regions)
    values = pool_gather(full, indices, dims)
    return (values.squeeze(0), indices.squeeze(0)) if alone else (values, indices)


def fractional_max_pool2d_with_indices(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the maxima of randomly stepped windows and where they lie."""
    how = (kernel_size, output_size, output_ratio, _random_samples)
    return _fractional("fractional_max_pool2d", 2, input, *how)


def fractional_max_pool3d_with_indices(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the maxima of randomly stepped windows and where they lie."""
    how = (kernel_size, output_size, output_ratio, _random_samples)
    return _fractional("fractional_max_pool3d", 3, input, *how)


def fractional_max_pool2d(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the maxima of windows whose steps are drawn at random (Graham 2014).

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size: Size of the window.
        output_size: How many windows, by dimension.
        output_ratio: The same as a share of the input's size.
        return_indices: Also return where the maxima lie.
        _random_samples: The draws, (N, C, 2).

    Raises:
        OpValueError: Neither size nor ratio is given.
    """
    how = (kernel_size, output_size, output_ratio, _random_samples)
    made = _fractional("fractional_max_pool2d", 2, input, *how)
    return made if return_indices else made[0]


def fractional_max_pool3d(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the maxima of windows over volumes whose steps are drawn; see the 2d form."""
    how = (kernel_size, output_size, output_ratio, _random_samples)
    made = _fractional("fractional_max_pool3d", 3, input, *how)
    return made if return_indices else made[0]

"""Initial values of parameters, drawn in torch's order from torch's streams.

Each function fills a tensor in place, without recording, and returns it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from dtrain.backend.module import module_of
from dtrain.errors import OpValueError
from dtrain.tensor.generator import Generator, default_generator
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.graph import bump
from dtrain.tensor.tensor import Tensor, wrap

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

FanMode = Literal["fan_in", "fan_out"]

_GAINS = {
    **dict.fromkeys(("linear", "conv1d", "conv2d", "conv3d", "sigmoid"), 1.0),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), 1.0),
    "tanh": 5.0 / 3,
    "relu": math.sqrt(2.0),
    "selu": 3.0 / 4,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return by how much a nonlinearity is to be made up for in the standard deviation.

    Args:
        nonlinearity: Its name in nn.functional.
        param: The negative slope of "leaky_relu", 0.01 by default.

    Raises:
        OpValueError: There is no such nonlinearity, or the slope is no number.

    >>> calculate_gain("leaky_relu", 1.0)
    1.0
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise OpValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise OpValueError(f"Unsupported nonlinearity {nonlinearity}")
    return _GAINS[nonlinearity]


# ---- plain distributions and constants ----
def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with numbers from [a, b)."""
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with normally distributed numbers."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Fill with normally distributed numbers, those outside [a, b] drawn again."""
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of "
            "values may be incorrect.",
            stacklevel=2,
        )
    source = default_generator if generator is None else generator
    inside = math.erf((b - mean) / std / math.sqrt(2)) - math.erf((a - mean) / std / math.sqrt(2))
    draw = _redrawn_normal if inside / 2 > 0.3 else _accepted_uniform
    shape, kind = tuple(tensor._a.shape), tensor._a.dtype
    with no_grad():
        return tensor.copy_(wrap(draw(source, shape, kind, mean, std, a, b)))


def _redrawn_normal(
    source: Generator, shape: Any, kind: Any, mean: float, std: float, a: float, b: float
) -> Any:
    """Draw normal numbers, and again where they fall outside [a, b]."""
    low, high = kind.type(a), kind.type(b)
    values = source.normal(shape, kind, mean, std)
    while True:
        outside = (values < low) | (values > high)
        if not outside.any():
            return values
        values = np.where(outside, source.normal(shape, kind, mean, std), values)


def _accepted_uniform(
    source: Generator, shape: Any, kind: Any, mean: float, std: float, a: float, b: float
) -> Any:
    """Draw uniform numbers from [a, b] and accept each with its density: for rare intervals."""
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2

    def refused(candidates: Any) -> Any:
        density = ((candidates - kind.type(mean)) / kind.type(std)) ** 2 * kind.type(-0.5)
        with np.errstate(divide="ignore"):
            return np.log(source.uniform(shape, kind)) > density - kind.type(peak)

    values = source.uniform(shape, kind, a, b)
    pending = refused(values)
    while pending.any():
        candidates = source.uniform(shape, kind, a, b)
        values = np.where(pending, candidates, values)
        pending &= refused(candidates)
    return values


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value."""
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return constant_(tensor, 0.0)


# ---- distributions that depend on the shape ----
def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Return how many inputs an output sees and how many outputs an input reaches."""
    if tensor.ndim < 2:
        raise OpValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    out_maps, in_maps, *kernel = tensor.shape
    return in_maps * math.prod(kernel), out_maps * math.prod(kernel)


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    modes = ("fan_in", "fan_out")
    if mode.lower() not in modes:
        raise OpValueError(f"Mode {mode} not supported, please use one of {list(modes)}")
    return _calculate_fan_in_and_fan_out(tensor)[modes.index(mode.lower())]


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with U(-a, a), a = gain sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""
    bound = math.sqrt(3.0) * gain * math.sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with N(0, std), std = gain sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""
    std = gain * math.sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor)))
    return normal_(tensor, 0.0, std, generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: FanMode = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with U(-bound, bound), bound = gain sqrt(3 / fan) (He et al., 2015).

    Args:
        tensor: The tensor to fill.
        a: The negative slope of the rectifier behind the layer.
        mode: "fan_in" keeps the variance in forward, "fan_out" in backward.
        nonlinearity: Its name in nn.functional.
        generator: Where the numbers come from.
    """
    if _empty(tensor):
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: FanMode = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with N(0, std), std = gain / sqrt(fan) (He et al., 2015); see kaiming_uniform_."""
    if _empty(tensor):
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    return normal_(tensor, 0.0, std, generator)


def _empty(tensor: Tensor) -> bool:
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return True
    return False


# ---- matrices ----
def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity."""
    _check_matrix(tensor)
    a = tensor._a
    return _assign(tensor, module_of(a.__class__).eye(*a.shape, dtype=a.dtype))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill the weight of a convolution so that it hands on as many channels as it can.

    Args:
        tensor: (out_channels, in_channels, *kernel) with one to three kernel dimensions.
        groups: Groups of the convolution.

    Raises:
        OpValueError: The tensor has another number of dimensions, or `groups` does not divide.
    """
    if tensor.ndim not in (3, 4, 5):
        raise OpValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    out_channels, in_channels, *kernel = tensor.shape
    if out_channels % groups:
        raise OpValueError("dim 0 must be divisible by groups")
    per_group = out_channels // groups
    middle = tuple([k // 2 for k in kernel])
    values = module_of(tensor._a.__class__).zeros(tensor._a.shape, tensor._a.dtype)
    for start in range(0, out_channels, per_group):
        for d in range(min(per_group, in_channels)):
            place = (start + d, d, *middle)
            values[place] = 1
    return _assign(tensor, values)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Fill with a (semi) orthogonal matrix; later dimensions are flattened (Saxe et al., 2013).

    Raises:
        OpValueError: The tensor has fewer than two dimensions.
    """
    if tensor.ndim < 2:
        raise OpValueError("Only tensors with 2 or more dimensions are supported")
    if tensor._a.size == 0:
        return tensor
    a = tensor._a
    xp = module_of(a.__class__)
    rows, columns = a.shape[0], a.size // a.shape[0]
    drawn = normal_(wrap(xp.empty((rows, columns), a.dtype)), 0.0, 1.0, generator)._a
    q, r = xp.linalg.qr(drawn.T if rows < columns else drawn)
    q *= xp.sign(xp.diagonal(r))  # the factorization is unique only up to these signs
    if rows < columns:
        q = q.T
    return _assign(tensor, q.reshape(a.shape) * gain)


def sparse_(
    tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None
) -> Tensor:
    """Fill a matrix with N(0, std), and a share `sparsity` of each column with zeros.

    Raises:
        OpValueError: The tensor is no matrix.
    """
    _check_matrix(tensor)
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    normal_(tensor, 0.0, std, generator)
    for column in range(columns):
        chosen = default_generator.permutation(rows)[:zeros]
        tensor._a[chosen, column] = 0
    return tensor


def _check_matrix(tensor: Tensor) -> None:
    if tensor.ndim != 2:
        raise OpValueError("Only tensors with 2 dimensions are supported")


def _assign(tensor: Tensor, values: Any) -> Tensor:
    tensor._a[...] = values
    bump(tensor)
    return tensor


# ---- old spellings ----
def _deprecated(new: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return `new` under its old name, without the underscore, which warns."""
    name = new.__name__

    def old(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(
            f"`nn.init.{name[:-1]}` is now deprecated in favor of `nn.init.{name}`.",
            FutureWarning,
            stacklevel=2,
        )
        return new(*args, **kwargs)

    old.__name__ = old.__qualname__ = name[:-1]
    old.__doc__ = f"Old name of {name}."
    return old


uniform, normal, constant = _deprecated(uniform_), _deprecated(normal_), _deprecated(constant_)
eye, dirac, sparse = _deprecated(eye_), _deprecated(dirac_), _deprecated(sparse_)
xavier_uniform, xavier_normal = _deprecated(xavier_uniform_), _deprecated(xavier_normal_)
kaiming_uniform, kaiming_normal = _deprecated(kaiming_uniform_), _deprecated(kaiming_normal_)
orthogonal = _deprecated(orthogonal_)

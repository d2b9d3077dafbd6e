"""Draws from distributions with a parameter for each element: Poisson, binomial, gamma, Dirichlet.

NumPy's generator makes them, from a seed that is drawn from ours: manual_seed repeats them. The
numbers are not torch's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.backend.module import to_host
from dtrain.errors import OpError
from dtrain.tensor import dtype as dt
from dtrain.tensor import generator as gen
from dtrain.tensor.generator import Generator
from dtrain.tensor.op import Kind, op
from dtrain.tensor.promote import promote_cast
from dtrain.tensor.query import finfo
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["binomial", "dirichlet", "poisson", "standard_gamma"]

_DRAW = Kind(promote_cast, out=False, method=False)


def _numpy_generator(generator: Generator | None) -> np.random.Generator:
    """Return one of NumPy's generators, started by 256 bits of ours."""
    source = gen.default_generator if generator is None else generator
    return np.random.Generator(np.random.SFC64(source.random((8,), np.uint32).tolist()))


@op(_DRAW, input=lambda F, g: F.zeroed(g))
def poisson(xp: Xp, input: Array, generator: Generator | None = None) -> Array:
    """Return Poisson-distributed numbers with the rates in `input`.

    Raises:
        OpError: A rate is negative.
    """
    rate = to_host(input).astype(np.float64)
    if (rate < 0).any():
        raise OpError("invalid Poisson rate, expected rate to be non-negative")
    return xp.asarray(_numpy_generator(generator).poisson(rate).astype(input.dtype))


@op(_DRAW)
def binomial(xp: Xp, count: Array, prob: Array, generator: Generator | None = None) -> Array:
    """Return how many of `count` trials succeed, each with the probability `prob`."""
    source = _numpy_generator(generator)
    trials, chance = to_host(count).astype(np.int64), to_host(prob).astype(np.float64)
    return xp.asarray(source.binomial(trials, chance.clip(0, 1)).astype(count.dtype))


@op(
    _DRAW, name="_standard_gamma",
    input=lambda F, g, input, result: g * F.standard_gamma_grad(input, result),
)  # fmt: skip
def standard_gamma(xp: Xp, input: Array, generator: Generator | None = None) -> Array:
    """Return gamma-distributed numbers of rate 1 with the shapes in `input`.

    The gradient is that of the number with respect to its shape, at a fixed quantile.
    """
    made = _numpy_generator(generator).standard_gamma(to_host(input).astype(np.float64))
    least = finfo(dt.of(input.dtype)).tiny
    return xp.asarray(np.maximum(made, least).astype(input.dtype))


def dirichlet(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Return points of the simplex, Dirichlet-distributed with the concentrations in (..., K).

    Note: The gradient is that of the gamma numbers behind the point. Its expectation is torch's.
    """
    parts: Any = standard_gamma(input.double(), generator)
    point: Tensor = parts / parts.sum(-1, True)
    return point.to(input.dtype)

"""The distribution of the number of independent events in a span of time."""

from __future__ import annotations

from typing import Any, ClassVar

from dtrain.distributions import constraints
from dtrain.distributions.distribution import Distribution
from dtrain.tensor import draws
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.ops import lgamma, xlogy
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Shape

__all__ = ["Poisson"]

_EMPTY = Size()


class Poisson(Distribution):
    """The Poisson distribution with the given rate."""

    arg_constraints: ClassVar[Any] = {"rate": constraints.nonnegative}
    support: Any = constraints.nonnegative_integer
    rate: Tensor

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, rate=rate)

    @property
    def mean(self) -> Any:
        return self.rate

    @property
    def mode(self) -> Any:
        return self.rate.floor()

    @property
    def variance(self) -> Any:
        return self.rate

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        with no_grad():
            return draws.poisson(self.rate.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return xlogy(value, self.rate) - self.rate - lgamma(value + 1)

"""Distributions on positive numbers that are simpler ones seen through a transform."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from dtrain.distributions import constraints
from dtrain.distributions.distribution import Distribution
from dtrain.distributions.gamma_family import Exponential, Gamma
from dtrain.distributions.location_scale import Cauchy, Normal, Uniform
from dtrain.distributions.transformed import TransformedDistribution
from dtrain.distributions.transforms import (
    AbsTransform,
    AffineTransform,
    ExpTransform,
    PowerTransform,
)
from dtrain.distributions.utils import broadcast_all
from dtrain.tensor.ops import digamma, lgamma, log1p, where
from dtrain.tensor.query import finfo
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Shape

__all__ = [
    "GeneralizedPareto",
    "HalfCauchy",
    "HalfNormal",
    "InverseGamma",
    "Kumaraswamy",
    "LogNormal",
    "Pareto",
    "Weibull",
]

_EMPTY = Size()
_EULER = 0.57721566490153286060


class LogNormal(TransformedDistribution):
    """The distribution of exp(x), x normal of mean `loc` and deviation `scale`."""

    arg_constraints: ClassVar[Any] = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.positive
    base_dist: Normal

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(Normal(loc, scale, validate_args), ExpTransform(), validate_args)

    @property
    def loc(self) -> Any:
        """The mean of the logarithm."""
        return self.base_dist.loc

    @property
    def scale(self) -> Any:
        """The standard deviation of the logarithm."""
        return self.base_dist.scale

    @property
    def mean(self) -> Any:
        return (self.loc + self.scale**2 / 2).exp()

    @property
    def mode(self) -> Any:
        return (self.loc - self.scale**2).exp()

    @property
    def variance(self) -> Any:
        squared = self.scale**2
        return squared.expm1() * (2 * self.loc + squared).exp()

    def entropy(self) -> Any:
        return self.base_dist.entropy() + self.loc


class _Half(TransformedDistribution):
    """The distribution of |x| for an x that is symmetric around zero."""

    arg_constraints: ClassVar[Any] = {"scale": constraints.positive}
    support: Any = constraints.nonnegative

    @property
    def scale(self) -> Any:
        """The scale of x."""
        return self.base_dist.scale  # type: ignore[attr-defined]

    @property
    def mode(self) -> Any:
        return self.scale * 0

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        inside = self.base_dist.log_prob(value) + math.log(2)
        return where(value >= 0, inside, -math.inf)

    def cdf(self, value: Any) -> Any:
        self._validate_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, value: Any) -> Any:
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Any:
        return self.base_dist.entropy() - math.log(2)


class HalfNormal(_Half):
    """The distribution of |x|, x normal of mean 0."""

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(Normal(0, scale, False), AbsTransform(), validate_args)

    @property
    def mean(self) -> Any:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Any:
        return self.scale**2 * (1 - 2 / math.pi)


class HalfCauchy(_Half):
    """The distribution of |x|, x Cauchy around 0."""

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(Cauchy(0, scale, False), AbsTransform(), validate_args)

    @property
    def mean(self) -> Any:
        return self.base_dist.variance

    @property
    def variance(self) -> Any:
        return self.base_dist.variance


class InverseGamma(TransformedDistribution):
    """The distribution of 1 / x, x gamma-distributed."""

    arg_constraints: ClassVar[Any] = {
        "concentration": constraints.positive, "rate": constraints.positive,
    }  # fmt: skip
    support: Any = constraints.positive
    base_dist: Gamma

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        base = Gamma(concentration, rate, validate_args)
        super().__init__(base, PowerTransform(-base.rate.new_ones(())), validate_args)

    @property
    def concentration(self) -> Any:
        """The shape of x."""
        return self.base_dist.concentration

    @property
    def rate(self) -> Any:
        """The rate of x."""
        return self.base_dist.rate

    @property
    def mean(self) -> Any:
        a = self.concentration
        return where(a > 1, self.rate / (a - 1), math.inf)

    @property
    def mode(self) -> Any:
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Any:
        a = self.concentration
        return where(a > 2, self.rate**2 / ((a - 1) ** 2 * (a - 2)), math.inf)

    def entropy(self) -> Any:
        a = self.concentration
        return a + self.rate.log() + lgamma(a) - (1 + a) * digamma(a)


class Weibull(TransformedDistribution):
    """The distribution of scale * x ** (1 / concentration), x exponential."""

    arg_constraints: ClassVar[Any] = {
        "scale": constraints.positive, "concentration": constraints.positive,
    }  # fmt: skip
    support: Any = constraints.positive

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        inverse: Any = self.concentration.reciprocal()
        ones = self.scale.new_ones(tuple(self.scale.shape))
        base = Exponential(ones, validate_args)
        parts = [PowerTransform(inverse), AffineTransform(0, self.scale)]
        super().__init__(base, parts, validate_args)

    def _power(self, n: int) -> Any:
        """Return the expectation of (x / scale) ** n."""
        return lgamma(1 + n / self.concentration).exp()

    @property
    def mean(self) -> Any:
        return self.scale * self._power(1)

    @property
    def mode(self) -> Any:
        k: Any = self.concentration
        return self.scale * ((k - 1) / k) ** (1 / k)

    @property
    def variance(self) -> Any:
        return self.scale**2 * (self._power(2) - self._power(1) ** 2)

    def entropy(self) -> Any:
        k: Any = self.concentration
        return _EULER * (1 - 1 / k) + (self.scale / k).log() + 1


class Pareto(TransformedDistribution):
    """The distribution of scale * exp(x / alpha), x exponential."""

    arg_constraints: ClassVar[Any] = {
        "alpha": constraints.positive, "scale": constraints.positive,
    }  # fmt: skip

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = broadcast_all(scale, alpha)
        parts = [ExpTransform(), AffineTransform(0, self.scale)]
        super().__init__(Exponential(self.alpha, validate_args), parts, validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        return constraints.greater_than_eq(self.scale)

    @property
    def mean(self) -> Any:
        a: Any = self.alpha.clamp(min=1)
        return a * self.scale / (a - 1)

    @property
    def mode(self) -> Any:
        return self.scale

    @property
    def variance(self) -> Any:
        a: Any = self.alpha.clamp(min=2)
        return self.scale**2 * a / ((a - 1) ** 2 * (a - 2))

    def entropy(self) -> Any:
        return (self.scale / self.alpha).log() + (1 + self.alpha.reciprocal())


class Kumaraswamy(TransformedDistribution):
    """The distribution of (1 - (1 - u) ** (1 / b)) ** (1 / a), u uniform."""

    arg_constraints: ClassVar[Any] = {
        "concentration1": constraints.positive, "concentration0": constraints.positive,
    }  # fmt: skip
    support: Any = constraints.unit_interval

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        a: Any = self.concentration1
        b: Any = self.concentration0
        one = a.new_ones(tuple(a.shape))
        parts = [
            PowerTransform(1 / b), AffineTransform(1.0, -1.0), PowerTransform(1 / a),
        ]  # fmt: skip
        super().__init__(Uniform(one * 0, one, validate_args), parts, validate_args)

    def _moment(self, n: int) -> Any:
        a: Any = self.concentration1
        b: Any = self.concentration0
        log = lgamma(1 + n / a) + lgamma(b) - lgamma(1 + n / a + b)
        return b * log.exp()

    @property
    def mean(self) -> Any:
        return self._moment(1)

    @property
    def mode(self) -> Any:
        a: Any = self.concentration1
        b: Any = self.concentration0
        return where((a >= 1) & (b >= 1), ((a - 1) / (a * b - 1)) ** (1 / a), math.nan)

    @property
    def variance(self) -> Any:
        return self._moment(2) - self._moment(1) ** 2

    def entropy(self) -> Any:
        a: Any = self.concentration1
        b: Any = self.concentration0
        harmonic = digamma(b + 1) + _EULER
        return (1 - 1 / b) + (1 - 1 / a) * harmonic - a.log() - b.log()


class GeneralizedPareto(Distribution):
    """The distribution of what exceeds a high threshold `loc`.

    Args:
        loc: The threshold.
        scale: Positive.
        concentration: The heaviness of the tail; below zero the support ends.
        validate_args: Check parameters and values.
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real,
    }  # fmt: skip
    has_rsample = True
    loc: Tensor
    scale: Tensor
    concentration: Tensor

    def __init__(
        self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None
    ) -> None:
        self._set(validate_args, loc=loc, scale=scale, concentration=concentration)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        if bool((self.concentration < 0).any()):
            end = where(self.concentration < 0, -self.scale / self.concentration, math.inf)
            return constraints.interval(self.loc, self.loc + end)
        return constraints.greater_than_eq(self.loc)

    def _split(self, compute: Any, exponential: Any) -> Any:
        """Return compute(k), and `exponential` where the concentration k is zero."""
        flat = self.concentration.abs() < 10 * finfo(self.concentration.dtype).eps
        return where(flat, exponential, compute(where(flat, 1.0, self.concentration)))

    def _z(self, value: Any) -> Any:
        return (value - self.loc) / self.scale

    def rsample(self, sample_shape: Shape = _EMPTY) -> Any:
        return self.icdf(self.loc.new_empty(self._extended_shape(sample_shape)).uniform_())

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        z = self._z(value)
        return self._split(lambda k: -(1 + 1 / k) * log1p(k * z), -z) - self.scale.log()

    def _log_survival(self, value: Any) -> Any:
        z = self._z(value)
        return self._split(lambda k: -log1p(k * z) / k, -z)

    def cdf(self, value: Any) -> Any:
        self._validate_sample(value)
        return 1 - self._log_survival(value).exp()

    def icdf(self, value: Any) -> Any:
        log = log1p(-value)
        return self.loc + self.scale * self._split(lambda k: (-k * log).expm1() / k, -log)

    @property
    def mean(self) -> Any:
        k: Any = self.concentration
        return where(k < 1, self.loc + self.scale / (1 - k), math.inf)

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        k: Any = self.concentration
        return where(k < 0.5, self.scale**2 / ((1 - k) ** 2 * (1 - 2 * k)), math.inf)

    def entropy(self) -> Any:
        return self.scale.log() + self.concentration + 1

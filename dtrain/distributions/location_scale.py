"""Distributions of loc + scale * z, where z has a fixed distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from dtrain.distributions import constraints
from dtrain.distributions.distribution import Distribution
from dtrain.tensor.draws import standard_gamma
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.ops import (
    atan,
    erfinv,
    expm1,
    lgamma,
    log1p,
    special_log_ndtr,
    special_ndtr,
    tan,
    where,
)
from dtrain.tensor.query import finfo
from dtrain.tensor.random import normal, randn
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Shape

__all__ = ["Cauchy", "Gumbel", "Laplace", "LocationScale", "Normal", "StudentT", "Uniform"]

_EMPTY = Size()
_EULER = 0.57721566490153286060


class LocationScale(Distribution):
    """loc + scale * z.

    A subclass says what is true of z: its samples, log density, cdf and its inverse, and moments.
    """

    arg_constraints: ClassVar[Any] = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real
    has_rsample = True
    loc: Tensor
    scale: Tensor
    _entropy: ClassVar[float]
    _moments: ClassVar[tuple[float, float, float]]  # mean, mode and standard deviation of z

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, loc=loc, scale=scale)

    def _z(self, shape: Size) -> Any:
        raise NotImplementedError

    def _log_density(self, z: Any) -> Any:
        raise NotImplementedError

    def _cdf(self, z: Any) -> Any:
        raise NotImplementedError

    def _icdf(self, p: Any) -> Any:
        raise NotImplementedError

    @property
    def mean(self) -> Any:
        mean = self._moments[0]
        return self.loc + self.scale * mean if mean else self.loc

    @property
    def mode(self) -> Any:
        return self.loc + self.scale * self._moments[1] if self._moments[1] else self.loc

    @property
    def stddev(self) -> Any:
        return self.scale * self._moments[2]

    @property
    def variance(self) -> Any:
        return self.stddev**2

    def rsample(self, sample_shape: Shape = _EMPTY) -> Any:
        return self.loc + self._z(self._extended_shape(sample_shape)) * self.scale

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return self._log_density((value - self.loc) / self.scale) - self.scale.log()

    def cdf(self, value: Any) -> Any:
        self._validate_sample(value)
        return self._cdf((value - self.loc) / self.scale)

    def icdf(self, value: Any) -> Any:
        return self.loc + self.scale * self._icdf(value)

    def entropy(self) -> Any:
        return self.scale.log() + self._entropy


class Normal(LocationScale):
    """The normal distribution of mean `loc` and standard deviation `scale`.

    >>> from dtrain.distributions import Normal
    >>> Normal(0.0, 1.0).log_prob(dtrain.tensor(0.0))
    tensor(-0.9189)
    """

    _entropy = 0.5 + 0.5 * math.log(2 * math.pi)
    _moments = (0.0, 0.0, 1.0)

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return normal(self.loc.expand(shape), self.scale.expand(shape))

    def _z(self, shape: Size) -> Any:
        return randn(shape, dtype=self.loc.dtype, device=self.loc.device)

    def _log_density(self, z: Any) -> Any:
        return -0.5 * z**2 - 0.5 * math.log(2 * math.pi)

    def _cdf(self, z: Any) -> Any:
        return special_ndtr(z)

    def _log_cdf(self, value: Any) -> Any:
        return special_log_ndtr((value - self.loc) / self.scale)

    def _icdf(self, p: Any) -> Any:
        return erfinv(2 * p - 1) * math.sqrt(2)


class Laplace(LocationScale):
    """The two-sided exponential distribution around `loc`."""

    _entropy = 1 + math.log(2)
    _moments = (0.0, 0.0, math.sqrt(2))

    def _z(self, shape: Size) -> Any:
        low = finfo(self.loc.dtype).eps - 1
        u = self.loc.new_empty(shape).uniform_(low, 1)
        return -u.sign() * log1p(-u.abs())

    def _log_density(self, z: Any) -> Any:
        return -z.abs() - math.log(2)

    def _cdf(self, z: Any) -> Any:
        return 0.5 - 0.5 * z.sign() * expm1(-z.abs())

    def _icdf(self, p: Any) -> Any:
        term = p - 0.5
        return -term.sign() * log1p(-2 * term.abs())


class Cauchy(LocationScale):
    """The distribution of the quotient of two normal numbers; it has no mean."""

    _entropy = math.log(4 * math.pi)
    _moments = (math.nan, 0.0, math.nan)

    @property
    def mean(self) -> Any:
        return self.loc.new_full(tuple(self.loc.shape), math.nan)

    @property
    def variance(self) -> Any:
        return self.loc.new_full(tuple(self.loc.shape), math.inf)

    def _z(self, shape: Size) -> Any:
        return self.loc.new_empty(shape).cauchy_()

    def _log_density(self, z: Any) -> Any:
        return -math.log(math.pi) - log1p(z**2)

    def _cdf(self, z: Any) -> Any:
        return atan(z) / math.pi + 0.5

    def _icdf(self, p: Any) -> Any:
        return tan(math.pi * (p - 0.5))

    @property
    def stddev(self) -> Any:
        return self.variance


class Gumbel(LocationScale):
    """The limit distribution of maxima."""

    _entropy = 1 + _EULER
    _moments = (_EULER, 0.0, math.pi / math.sqrt(6))

    def _z(self, shape: Size) -> Any:
        info = finfo(self.loc.dtype)
        u = self.loc.new_empty(shape).uniform_(0, 1) * (1 - info.eps - info.tiny) + info.tiny
        return self._icdf(u)

    def _log_density(self, z: Any) -> Any:
        return -z - (-z).exp()

    def _cdf(self, z: Any) -> Any:
        return (-(-z).exp()).exp()

    def _icdf(self, p: Any) -> Any:
        return -(-p.log()).log()


class StudentT(LocationScale):
    """Student's t distribution of `df` degrees of freedom."""

    arg_constraints: ClassVar[Any] = {
        "df": constraints.positive, "loc": constraints.real, "scale": constraints.positive,
    }  # fmt: skip
    df: Tensor

    def __init__(
        self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        self._set(validate_args, df=df, loc=loc, scale=scale)

    @property
    def mean(self) -> Any:
        return where(self.df > 1, self.loc, math.nan)

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        finite = self.scale**2 * self.df / (self.df - 2)
        return where(self.df > 2, finite, where(self.df > 1, math.inf, math.nan))

    @property
    def stddev(self) -> Any:
        return self.variance.sqrt()

    def _z(self, shape: Size) -> Any:
        z = randn(shape, dtype=self.df.dtype, device=self.df.device)
        half: Any = self.df.expand(shape) * 0.5
        return z * (half / standard_gamma(half)).sqrt()  # chi2 = 2 * gamma

    def _log_density(self, z: Any) -> Any:
        half = self.df * 0.5
        scale = 0.5 * (self.df * math.pi).log() + lgamma(half) - lgamma(half + 0.5)
        return -(half + 0.5) * log1p(z**2 / self.df) - scale

    def cdf(self, value: Any) -> Any:
        raise self._missing("cdf")

    def icdf(self, value: Any) -> Any:
        raise self._missing("icdf")

    def entropy(self) -> Any:
        half = self.df * 0.5
        beta = lgamma(half) + math.lgamma(0.5) - lgamma(half + 0.5)
        rest = (half + 0.5) * ((half + 0.5).digamma() - half.digamma())
        return self.scale.log() + rest + 0.5 * self.df.log() + beta


class Uniform(Distribution):
    """The uniform distribution on [low, high)."""

    has_rsample = True
    low: Tensor
    high: Tensor

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, low=low, high=high)

    @property
    def arg_constraints(self) -> Any:
        """Each end is held to its side of the other."""
        return {
            "low": constraints.less_than(self.high), "high": constraints.greater_than(self.low),
        }  # fmt: skip

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        return constraints.interval(self.low, self.high)

    @property
    def mean(self) -> Any:
        return (self.high + self.low) / 2

    @property
    def mode(self) -> Any:
        return math.nan * self.high

    @property
    def stddev(self) -> Any:
        return (self.high - self.low) / math.sqrt(12)

    @property
    def variance(self) -> Any:
        return (self.high - self.low) ** 2 / 12

    def rsample(self, sample_shape: Shape = _EMPTY) -> Any:
        u = self.low.new_empty(self._extended_shape(sample_shape)).uniform_()
        return self.low + u * (self.high - self.low)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        inside = (self.low <= value) & (self.high > value)
        return inside.type_as(self.low).log() - (self.high - self.low).log()

    def cdf(self, value: Any) -> Any:
        self._validate_sample(value)
        return ((value - self.low) / (self.high - self.low)).clamp(0, 1)

    def icdf(self, value: Any) -> Any:
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Any:
        return (self.high - self.low).log()

"""Distributions over the outcomes of yes-no trials, given as a probability or as log odds."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from dtrain.distributions import constraints
from dtrain.distributions.distribution import Distribution
from dtrain.distributions.utils import (
    binary_cross_entropy_with_logits,
    broadcast_all,
    clamp_probs,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
)
from dtrain.errors import OpValueError
from dtrain.nn.functional import logsigmoid
from dtrain.tensor.draws import binomial, poisson, standard_gamma
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.ops import lgamma, log1p, where
from dtrain.tensor.query import finfo
from dtrain.tensor.random import bernoulli
from dtrain.tensor.series import arange
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Shape

__all__ = [
    "Bernoulli",
    "BinaryDistribution",
    "Binomial",
    "ContinuousBernoulli",
    "Geometric",
    "NegativeBinomial",
]

_EMPTY = Size()


class BinaryDistribution(Distribution):
    """A distribution with the parameter `probs` or, in its place, `logits` = log(p / (1 - p))."""

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.unit_interval, "logits": constraints.real,
    }  # fmt: skip

    def _set_chance(
        self, validate_args: bool | None, probs: Any, logits: Any, **others: Any
    ) -> None:
        if (probs is None) == (logits is None):
            raise OpValueError("Either `probs` or `logits` must be specified, but not both.")
        name, value = ("logits", logits) if probs is None else ("probs", probs)
        self._set(validate_args, **{name: value}, **others)

    @property
    def _param(self) -> Any:
        given = vars(self).get("probs")
        return self.logits if given is None else given

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter."""
        shape: Size = self._param.size()
        return shape

    @lazy_property
    def probs(self) -> Any:
        """The probability of success."""
        return logits_to_probs(self.logits, is_binary=True)

    @lazy_property
    def logits(self) -> Any:
        """The log odds of success."""
        return probs_to_logits(self.probs, is_binary=True)

    def _cross_entropy(self, target: Any) -> Any:
        """Return -(t log p + (1 - t) log(1 - p))."""
        logits, target = broadcast_all(self.logits, target)
        return binary_cross_entropy_with_logits(logits, target, reduction="none")


class Bernoulli(BinaryDistribution):
    """One with the probability `probs`, else zero."""

    support: Any = constraints.boolean
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._set_chance(validate_args, probs, logits)

    @property
    def mean(self) -> Any:
        return self.probs

    @property
    def mode(self) -> Any:
        mode = (self.probs >= 0.5).to(self.probs.dtype)
        return where(self.probs == 0.5, math.nan, mode)

    @property
    def variance(self) -> Any:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        with no_grad():
            return bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return -self._cross_entropy(value)

    def entropy(self) -> Any:
        return self._cross_entropy(self.probs)

    def enumerate_support(self, expand: bool = True) -> Any:
        return self._enumerated(self._param.new_tensor([0.0, 1.0]), expand)


class Geometric(BinaryDistribution):
    """The number of failures before the first success."""

    support: Any = constraints.nonnegative_integer

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._set_chance(validate_args, probs, logits)
        if self._validate_args and probs is not None and not bool((self.probs > 0).all()):
            raise OpValueError(
                f"Expected parameter probs (Tensor of shape {tuple(self.probs.shape)}) of "
                f"distribution {self!r} to be positive but found invalid values:\n{self.probs}"
            )

    @property
    def mean(self) -> Any:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Any:
        return self.probs * 0

    @property
    def variance(self) -> Any:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        with no_grad():
            probs = self.probs.expand(self._extended_shape(sample_shape))
            u = probs.new_empty(tuple(probs.shape)).uniform_(finfo(probs.dtype).tiny, 1)
            return (u.log() / log1p(-probs)).floor()

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        failure = where((probs == 1) & (value == 0), 0, -probs)
        return value * log1p(failure) + self.probs.log()

    def entropy(self) -> Any:
        return self._cross_entropy(self.probs) / self.probs


class Binomial(BinaryDistribution):
    """How many of `total_count` trials succeed."""

    arg_constraints: ClassVar[Any] = {
        "total_count": constraints.nonnegative_integer, **BinaryDistribution.arg_constraints,
    }  # fmt: skip
    has_enumerate_support = True
    total_count: Tensor

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        like = probs if isinstance(probs, Tensor) else logits
        if isinstance(total_count, Tensor) and isinstance(like, Tensor):
            total_count = total_count.type_as(like)
        self._set_chance(validate_args, probs, logits, total_count=total_count)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Any:
        return self.total_count * self.probs

    @property
    def mode(self) -> Any:
        return ((self.total_count + 1) * self.probs).floor().minimum(self.total_count)

    @property
    def variance(self) -> Any:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        n, logits = self.total_count, self.logits
        choose = lgamma(n + 1) - lgamma(value + 1) - lgamma(n - value + 1)
        return choose + value * logits + n * logsigmoid(-logits)

    def entropy(self) -> Any:
        count = int(self.total_count.max())
        if not bool((self.total_count == count).all()):
            raise NotImplementedError("Inhomogeneous total count not supported by `entropy`.")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Any:
        count = int(self.total_count.max())
        if not bool((self.total_count == count).all()):
            raise NotImplementedError(
                "Inhomogeneous total count not supported by `enumerate_support`."
            )
        kind, device = self._param.dtype, self._param.device
        return self._enumerated(arange(1 + count, dtype=kind, device=device), expand)


class NegativeBinomial(BinaryDistribution):
    """The number of successes before `total_count` failures."""

    arg_constraints: ClassVar[Any] = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support: Any = constraints.nonnegative_integer
    total_count: Tensor

    def __init__(
        self, total_count: Any, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        like = probs if isinstance(probs, Tensor) else logits
        if isinstance(total_count, Tensor) and isinstance(like, Tensor):
            total_count = total_count.type_as(like)
        self._set_chance(validate_args, probs, logits, total_count=total_count)

    @property
    def mean(self) -> Any:
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Any:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Any:
        return self.mean / (-self.logits).sigmoid()

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        with no_grad():
            count = self.total_count.expand(self._extended_shape(sample_shape))
            return poisson(standard_gamma(count) * self.logits.exp())

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        n, logits = self.total_count, self.logits
        plain = n * logsigmoid(-logits) + value * logsigmoid(logits)
        arrangements = lgamma(n + value) - lgamma(1 + value) - lgamma(n)
        return plain + where(n + value == 0, 0, arrangements)


class ContinuousBernoulli(BinaryDistribution):
    """The density on [0, 1] in proportion to p**x (1 - p)**(1 - x).

    Args:
        probs: p, in (0, 1).
        logits: Its log odds.
        lims: Between these p is taken for one half, and Taylor's series stands for the formulas.
        validate_args: Check parameters and values.
    """

    support: Any = constraints.unit_interval
    has_rsample = True

    def __init__(
        self, probs: Any = None, logits: Any = None, lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self._lims = lims
        self._set_chance(validate_args, probs, logits)
        if probs is not None:
            self.probs = clamp_probs(self.probs)

    def _series(self, formula: Any, *terms: float) -> Any:
        """Return formula(p), and near one half the sum of terms[k] (p - 1/2)**k in its place."""
        probs, near = self.probs, self._near_half
        exact = formula(where(near, self._lims[0], probs))
        x = probs - 0.5
        total, power = terms[0] + 0 * x, 1 + 0 * x
        for term in terms[1:]:
            power = power * x
            total = total + term * power
        return where(near, total, exact)

    @property
    def _near_half(self) -> Any:
        return (self.probs > self._lims[0]) & (self.probs <= self._lims[1])

    def _cont_bern_log_norm(self) -> Any:
        def log_norm(p: Any) -> Any:
            ratio = (log1p(-p) - p.log()).abs()
            return ratio.log() - (1 - 2 * p).abs().log()

        return self._series(log_norm, math.log(2), 0.0, 4 / 3, 0.0, 104 / 45)

    @property
    def mean(self) -> Any:
        return self._series(
            lambda p: p / (2 * p - 1) + 1 / (log1p(-p) - p.log()), 0.5, 1 / 3, 0.0, 16 / 45
        )

    @property
    def variance(self) -> Any:
        return self._series(
            lambda p: p * (p - 1) / (1 - 2 * p) ** 2 + 1 / (log1p(-p) - p.log()) ** 2,
            1 / 12, 0.0, -1 / 15, 0.0, -128 / 945,
        )  # fmt: skip

    def rsample(self, sample_shape: Shape = _EMPTY) -> Any:
        shape = self._extended_shape(sample_shape)
        return self.icdf(self._param.new_empty(shape).uniform_())

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        with no_grad():
            return self.rsample(sample_shape)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return -self._cross_entropy(value) + self._cont_bern_log_norm()

    def cdf(self, value: Any) -> Any:
        self._validate_sample(value)
        p = where(self._near_half, self._lims[0], self.probs)
        powers = p**value * (1 - p) ** (1 - value)
        y = where(self._near_half, value, (powers + p - 1) / (2 * p - 1))
        return where(value <= 0, 0.0, where(value >= 1, 1.0, y))

    def icdf(self, value: Any) -> Any:
        p = where(self._near_half, self._lims[0], self.probs)
        y = (log1p(-p + value * (2 * p - 1)) - log1p(-p)) / (p.log() - log1p(-p))
        return where(self._near_half, value, y)

    def entropy(self) -> Any:
        log0, log1 = log1p(-self.probs), self.probs.log()
        return self.mean * (log0 - log1) - self._cont_bern_log_norm() - log0

"""Continuous stand-ins for discrete choices, whose samples have gradients."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from dtrain.distributions import constraints
from dtrain.distributions.binary import BinaryDistribution
from dtrain.distributions.categorical import CategoricalBase
from dtrain.distributions.location_scale import Normal
from dtrain.distributions.transformed import Independent, TransformedDistribution
from dtrain.distributions.transforms import (
    ExpTransform,
    SigmoidTransform,
    StickBreakingTransform,
)
from dtrain.distributions.utils import broadcast_all, clamp_probs
from dtrain.tensor.ops import log1p
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Shape

__all__ = [
    "ExpRelaxedCategorical",
    "LogisticNormal",
    "LogitRelaxedBernoulli",
    "RelaxedBernoulli",
    "RelaxedOneHotCategorical",
]

_EMPTY = Size()


def _uniform(shape: Size, like: Any) -> Any:
    return clamp_probs(like.new_empty(shape).uniform_())


class LogitRelaxedBernoulli(BinaryDistribution):
    """The log odds of a relaxed Bernoulli number."""

    support: Any = constraints.real
    has_rsample = True

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self._set_chance(validate_args, probs, logits)
        self._temperature = [temperature]  # in a list: it is not expanded with the batch

    @property
    def temperature(self) -> Any:
        """How far from zero and one the numbers stay."""
        return self._temperature[0]

    def rsample(self, sample_shape: Shape = _EMPTY) -> Any:
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        u = _uniform(shape, probs)
        odds = u.log() - log1p(-u) + probs.log() - log1p(-probs)
        return odds / self.temperature

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        diff: Any = logits - value * self.temperature
        temperature = broadcast_all(self.temperature, diff)[0]
        return temperature.log() + diff - 2 * log1p(diff.exp())


class RelaxedBernoulli(TransformedDistribution):
    """A number in (0, 1) that nears a Bernoulli one as the temperature nears zero."""

    arg_constraints: ClassVar[Any] = BinaryDistribution.arg_constraints
    support: Any = constraints.unit_interval
    base_dist: LogitRelaxedBernoulli

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args)

    @property
    def temperature(self) -> Any:
        """How far from zero and one the numbers stay."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Any:
        """The log odds of success."""
        return self.base_dist.logits

    @property
    def probs(self) -> Any:
        """The probability of success."""
        return self.base_dist.probs


class ExpRelaxedCategorical(CategoricalBase):
    """The logarithm of a relaxed one-hot row."""

    support: Any = constraints.real_vector
    has_rsample = True

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self._temperature = [temperature]
        self._set_row(validate_args, probs, logits)

    @property
    def temperature(self) -> Any:
        """How far from the corners of the simplex the rows stay."""
        return self._temperature[0]

    def rsample(self, sample_shape: Shape = _EMPTY) -> Any:
        shape = self._extended_shape(sample_shape)
        gumbels = -(-_uniform(shape, self._param).log()).log()
        scores = (self.logits + gumbels) / self.temperature
        return scores - scores.logsumexp(-1, True)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        n = self._num_events
        logits, value = broadcast_all(self.logits, value)
        temperature = broadcast_all(self.temperature, logits)[0]
        log_scale = math.lgamma(n) + temperature.log()[..., 0] * (n - 1)
        score: Any = logits - value * temperature
        return (score - score.logsumexp(-1, True)).sum(-1) + log_scale


class RelaxedOneHotCategorical(TransformedDistribution):
    """A row of the simplex that nears a one-hot one as the temperature nears zero."""

    arg_constraints: ClassVar[Any] = CategoricalBase.arg_constraints
    support: Any = constraints.simplex
    base_dist: ExpRelaxedCategorical

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args)
        super().__init__(base, ExpTransform(), validate_args)

    @property
    def temperature(self) -> Any:
        """How far from the corners of the simplex the rows stay."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Any:
        """The logarithms of the probabilities."""
        return self.base_dist.logits

    @property
    def probs(self) -> Any:
        """The probabilities of the categories."""
        return self.base_dist.probs


class LogisticNormal(TransformedDistribution):
    """A point of the simplex made from K - 1 normal numbers by breaking a stick."""

    arg_constraints: ClassVar[Any] = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.simplex
    base_dist: Independent

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args)
        if not base.batch_shape:
            base = base.expand((1,))
        super().__init__(base, StickBreakingTransform(), validate_args)

    @property
    def loc(self) -> Tensor:
        """The means of the normal numbers."""
        loc: Tensor = self.base_dist.base_dist.loc  # type: ignore[attr-defined]
        return loc

    @property
    def scale(self) -> Tensor:
        """Their standard deviations."""
        scale: Tensor = self.base_dist.base_dist.scale  # type: ignore[attr-defined]
        return scale

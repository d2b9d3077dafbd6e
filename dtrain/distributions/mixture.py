"""A mixture of distributions of one family."""

from __future__ import annotations

import textwrap
from typing import Any, ClassVar

from dtrain.distributions import constraints
from dtrain.distributions.categorical import Categorical
from dtrain.distributions.constraints import MixtureSameFamilyConstraint
from dtrain.distributions.distribution import Distribution
from dtrain.distributions.utils import shape_of
from dtrain.errors import OpValueError
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.size import Size
from dtrain.typing import Shape

__all__ = ["MixtureSameFamily"]

_EMPTY = Size()


class MixtureSameFamily(Distribution):
    """A draw from one of K components, which a categorical distribution picks.

    Args:
        mixture_distribution: Categorical over K categories.
        component_distribution: Its last batch dimension has size K.
        validate_args: Check parameters and values.
    """

    arg_constraints: ClassVar[Any] = {}

    def __init__(
        self, mixture_distribution: Categorical, component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        if not isinstance(mixture_distribution, Categorical):
            raise OpValueError(
                " The Mixture distribution needs to be an  instance of "
                "torch.distributions.Categorical"
            )
        if not isinstance(component_distribution, Distribution):
            raise OpValueError(
                "The Component distribution need to be an instance of "
                "torch.distributions.Distribution"
            )
        batch = component_distribution.batch_shape[:-1]
        mixed = mixture_distribution.batch_shape
        if any(a not in (1, b) and b != 1 for a, b in zip(mixed[::-1], batch[::-1], strict=False)):
            raise OpValueError(
                f"`mixture_distribution.batch_shape` ({mixed}) is not compatible with "
                "`component_distribution.batch_shape`({batch})"
            )
        if mixture_distribution._num_events != component_distribution.batch_shape[-1]:
            raise OpValueError(
                f"`mixture_distribution component` ({mixture_distribution._num_events}) does not "
                f"equal `component_distribution.batch_shape[-1]` "
                f"({component_distribution.batch_shape[-1]})"
            )
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        super().__init__(batch, component_distribution.event_shape, validate_args)

    @property
    def mixture_distribution(self) -> Categorical:
        """What picks the component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        """The components."""
        return self._component_distribution

    @constraints.dependent_property
    def support(self) -> Any:
        return MixtureSameFamilyConstraint(self._component_distribution.support)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._blank(batch_shape, _instance)
        count = self._mixture_distribution._num_events
        new._component_distribution = self._component_distribution.expand(
            shape_of(batch_shape, (count,))
        )
        new._mixture_distribution = self._mixture_distribution.expand(batch_shape)
        return new

    def _weights(self) -> Any:
        probs = self._mixture_distribution.probs
        return probs.reshape(shape_of(probs.shape, (1,) * len(self._event_shape)))

    @property
    def _dim(self) -> int:
        """The dimension of the components."""
        return -1 - len(self._event_shape)

    @property
    def mean(self) -> Any:
        return (self._weights() * self._component_distribution.mean).sum(self._dim)

    @property
    def variance(self) -> Any:
        weights, parts = self._weights(), self._component_distribution
        within = (weights * parts.variance).sum(self._dim)
        gap = parts.mean - self.mean.unsqueeze(self._dim)
        return within + (weights * gap**2).sum(self._dim)

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        with no_grad():
            picked = self._mixture_distribution.expand(self._batch_shape).sample(sample_shape)
            values = self._component_distribution.sample(sample_shape)
            events = len(self._event_shape)
            index = picked.reshape(shape_of(picked.shape, (1,) * (events + 1)))
            index = index.expand(shape_of(picked.shape, (1,), self._event_shape))
            return values.gather(self._dim, index).squeeze(self._dim)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        each = self._component_distribution.log_prob(value.unsqueeze(self._dim))
        return (each + self._mixture_distribution.logits.log_softmax(-1)).logsumexp(-1)

    def cdf(self, value: Any) -> Any:
        each = self._component_distribution.cdf(value.unsqueeze(self._dim))
        return (each * self._mixture_distribution.probs).sum(-1)

    def __repr__(self) -> str:
        parts = f"{self._mixture_distribution},\n{self._component_distribution}"
        return f"MixtureSameFamily(\n{textwrap.indent(parts, '  ')})"

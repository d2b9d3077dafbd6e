"""Distributions over a choice among K categories, given as probabilities or as logits."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from dtrain.distributions import constraints
from dtrain.distributions.binary import Binomial
from dtrain.distributions.distribution import Distribution
from dtrain.distributions.utils import (
    broadcast_all,
    lazy_property,
    logits_to_probs,
    normalized,
    probs_to_logits,
    shape_of,
)
from dtrain.errors import OpValueError
from dtrain.tensor.create import eye, zeros
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.ops import lgamma
from dtrain.tensor.query import finfo
from dtrain.tensor.random import multinomial
from dtrain.tensor.series import arange
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Shape

__all__ = [
    "Categorical",
    "CategoricalBase",
    "Multinomial",
    "OneHotCategorical",
    "OneHotCategoricalStraightThrough",
]

_EMPTY = Size()


class CategoricalBase(Distribution):
    """A distribution with a row of `probs`, or of `logits`, for each of its batch."""

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.simplex, "logits": constraints.real_vector,
    }  # fmt: skip

    def _set_row(
        self, validate_args: bool | None, probs: Any, logits: Any, event: bool = True
    ) -> None:
        """Keep the parameters; `event` says whether a sample is a row too."""
        if (probs is None) == (logits is None):
            raise OpValueError("Either `probs` or `logits` must be specified, but not both.")
        name, row = ("probs", probs) if logits is None else ("logits", logits)
        if row.dim() < 1:
            raise OpValueError(f"`{name}` parameter must be at least one-dimensional.")
        if logits is None:
            self.probs = probs / probs.sum(-1, True)
        else:
            self.logits = normalized(logits)
        self._num_events = row.size(-1)
        shape = row.shape
        super().__init__(shape[:-1], shape[-1:] if event else _EMPTY, validate_args)

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
        """The probabilities of the categories."""
        return logits_to_probs(self.logits)

    @lazy_property
    def logits(self) -> Any:
        """The logarithms of the probabilities."""
        return probs_to_logits(self.probs)

    def _indices(self, count: int) -> Any:
        """Return `count` draws of each row: (count, rows)."""
        with no_grad():
            rows = self.probs.reshape(-1, self._num_events)
            return multinomial(rows, count, True).T

    def _row_entropy(self) -> Any:
        logits = self.logits.clamp(min=finfo(self.logits.dtype).min)
        return -(logits * self.probs).sum(-1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Categorical(CategoricalBase):
    """A category's number, from 0 to K - 1.

    >>> from dtrain.distributions import Categorical
    >>> Categorical(dtrain.tensor([0.25, 0.75])).log_prob(dtrain.tensor(1))
    tensor(-0.2877)
    """

    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._set_row(validate_args, probs, logits, event=False)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Any:
        return self._param.new_full(tuple(self._batch_shape), math.nan)

    @property
    def mode(self) -> Any:
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Any:
        return self._param.new_full(tuple(self._batch_shape), math.nan)

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        count = math.prod(sample_shape)
        return self._indices(count).reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        index, row = value.long().unsqueeze(-1), self.logits
        shape = broadcast_all(index[..., 0], row[..., 0])[0].shape
        index = index.expand(shape_of(shape, (1,)))
        return row.expand(shape_of(shape, (self._num_events,))).gather(-1, index).squeeze(-1)

    def entropy(self) -> Any:
        return self._row_entropy()

    __repr__ = Distribution.__repr__

    def enumerate_support(self, expand: bool = True) -> Any:
        return self._enumerated(arange(self._num_events, device=self._param.device), expand)


class OneHotCategorical(CategoricalBase):
    """A row with a one for the category that is chosen."""

    support: Any = constraints.one_hot
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._set_row(validate_args, probs, logits)

    @property
    def mean(self) -> Any:
        return self.probs

    @property
    def mode(self) -> Any:
        return self._row(self.probs.argmax(-1, True))

    @property
    def variance(self) -> Any:
        return self.probs * (1 - self.probs)

    def _row(self, index: Any) -> Any:
        shape = shape_of(index.shape[:-1], (self._num_events,))
        blank: Any = zeros(shape, dtype=self._param.dtype, device=self._param.device)
        return blank.scatter(-1, index, 1.0)

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        index = self._indices(math.prod(sample_shape))
        return self._row(index.reshape(shape_of(sample_shape, self._batch_shape, (1,))))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        value, logits = broadcast_all(value, self.logits)
        return logits.gather(-1, value.argmax(-1, True)).squeeze(-1)

    def entropy(self) -> Any:
        return self._row_entropy()

    def enumerate_support(self, expand: bool = True) -> Any:
        n = self._num_events
        rows: Any = eye(n, dtype=self._param.dtype, device=self._param.device)
        rows = rows.view((n,) + (1,) * len(self._batch_shape) + (n,))
        return rows.expand(shape_of((n,), self._batch_shape, (n,))) if expand else rows


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """A one-hot row through which the gradient goes straight to the probabilities."""

    has_rsample = True

    def rsample(self, sample_shape: Shape = _EMPTY) -> Any:
        return self.sample(sample_shape) + (self.probs - self.probs.detach())


class Multinomial(CategoricalBase):
    """How often each category comes in `total_count` choices."""

    total_count: int

    def __init__(
        self, total_count: int = 1, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        if isinstance(total_count, Tensor):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._set_row(validate_args, probs, logits)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Any:
        return self.probs * self.total_count

    @property
    def variance(self) -> Any:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        draws = math.prod(sample_shape)
        shape = shape_of((self.total_count, draws), self._batch_shape)
        index = self._indices(self.total_count * draws).reshape(shape)
        index = index.reshape(self.total_count, -1).T  # one row for each sample
        counts = self._param.new_zeros((index.size(0), self._num_events))
        counts.scatter_add_(-1, index, counts.new_ones(tuple(index.shape)))
        return counts.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        logits = logits.masked_fill((value == 0) & (logits == -math.inf), 0)
        arrangements = lgamma(value.sum(-1) + 1) - lgamma(value + 1).sum(-1)
        return arrangements + (logits * value).sum(-1)

    def entropy(self) -> Any:
        n = self.total_count
        parts = Binomial(n, self.probs, validate_args=False)
        counts = parts.enumerate_support(expand=False)[1:]
        weight = parts.log_prob(counts).exp()
        factorials = (weight * lgamma(counts + 1)).sum((0, -1))
        return n * self._row_entropy() - math.lgamma(n + 1) + factorials

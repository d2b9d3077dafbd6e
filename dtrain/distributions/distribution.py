"""The base of all distributions."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from dtrain.distributions import constraints
from dtrain.distributions.utils import broadcast_all, lazy_property, shape_of
from dtrain.errors import OpValueError
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Shape

__all__ = ["Distribution"]

_EMPTY = Size()


class Distribution:
    """A probability distribution, or a batch of them.

    A sample has the shape sample_shape + batch_shape + event_shape. A subclass keeps its parameters
    as attributes whose leading dimensions are the batch's, so that `expand` can widen them all.

    Args:
        batch_shape: The shape of the batch of distributions.
        event_shape: The shape of one sample of one of them.
        validate_args: Check parameters and values; None for the class's default.
    """

    has_rsample: bool = False
    has_enumerate_support: bool = False
    arg_constraints: ClassVar[Any] = NotImplemented
    support: Any = NotImplemented
    _validate_args: bool = __debug__

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Set whether distributions check their arguments where they are not told.

        Raises:
            OpValueError: `value` is no bool.
        """
        if value not in (True, False):
            raise OpValueError(f"set_default_validate_args({value!r}): expected a bool")
        Distribution._validate_args = value

    def __init__(
        self,
        batch_shape: Shape = _EMPTY,
        event_shape: Shape = _EMPTY,
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    def _set(self, validate_args: bool | None, **parameters: Any) -> None:
        """Keep parameters of one number each, broadcast; their common shape is the batch's."""
        values = broadcast_all(*parameters.values())
        vars(self).update(zip(parameters, values, strict=True))
        Distribution.__init__(self, values[0].shape, validate_args=validate_args)

    def _check_parameters(self) -> None:
        if self.arg_constraints is NotImplemented:
            warnings.warn(
                f"{type(self)} does not define `arg_constraints`. Please set "
                "`arg_constraints = {}` or initialize the distribution with `validate_args=False` "
                "to turn off validation.",
                stacklevel=4,
            )
            return
        for name, constraint in self.arg_constraints.items():
            lazy = isinstance(getattr(type(self), name, None), lazy_property)
            if constraints.is_dependent(constraint) or (lazy and name not in vars(self)):
                continue
            value = getattr(self, name)
            if not bool(constraint.check(value).all()):
                raise OpValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape "
                    f"{tuple(value.shape)}) of distribution {self!r} to satisfy the constraint "
                    f"{constraint!r}, but found invalid values:\n{value}"
                )

    def _validate_sample(self, value: Any) -> None:
        if not self._validate_args:
            return
        if not isinstance(value, Tensor):
            raise OpValueError("The value argument to log_prob must be a Tensor")
        events = len(self._event_shape)
        if tuple(value.shape[value.dim() - events :]) != tuple(self._event_shape):
            raise OpValueError(
                f"The right-most size of value must match event_shape: {value.shape} vs "
                f"{self._event_shape}."
            )
        expected = shape_of(self._batch_shape, self._event_shape)
        for i, j in zip(reversed(value.shape), reversed(expected), strict=False):
            if i != j and 1 not in (i, j):
                raise OpValueError(
                    f"Value is not broadcastable with batch_shape+event_shape: {value.shape} vs "
                    f"{expected}."
                )
        support = self.support
        if support is NotImplemented:
            warnings.warn(
                f"{type(self)} does not define `support` to enable sample validation. Please "
                "initialize the distribution with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
        elif not bool(support.check(value).all()):
            raise OpValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) "
                f"to be within the support ({support!r}) of the distribution {self!r}, but found "
                f"invalid values:\n{value}"
            )

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        """Return the distribution with its batch expanded, without copying parameters."""
        new = self._blank(batch_shape, _instance)
        for name, value in vars(self).items():
            if isinstance(value, Distribution):
                vars(new)[name] = value.expand(batch_shape)
        return new

    def _blank(self, batch_shape: Shape, instance: Any) -> Any:
        """Return an expanded copy that still lacks its inner distributions."""
        new = type(self).__new__(type(self)) if instance is None else instance
        lead = len(self._batch_shape)
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                vars(new)[name] = value.expand(shape_of(batch_shape, value.shape[lead:]))
            elif not isinstance(value, Distribution):
                vars(new)[name] = value
        new._batch_shape = Size(batch_shape)
        return new

    @property
    def batch_shape(self) -> Size:
        """The shape of the batch of distributions."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one sample."""
        return self._event_shape

    def _missing(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} has no {what}")

    @property
    def mean(self) -> Any:
        """The expectation."""
        raise self._missing("mean")

    @property
    def mode(self) -> Any:
        """The most probable value."""
        raise self._missing("mode")

    @property
    def variance(self) -> Any:
        """The variance."""
        raise self._missing("variance")

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        """Return samples without a gradient: sample_shape + batch_shape + event_shape."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Shape = _EMPTY) -> Any:
        """Return samples whose gradient reaches the parameters."""
        raise self._missing("rsample")

    def sample_n(self, n: int) -> Any:
        """Return `n` samples; the older spelling of sample((n,))."""
        warnings.warn(
            "sample_n(n) will be deprecated. Use .sample((n,)) instead", FutureWarning, stacklevel=2
        )
        return self.sample((n,))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density or probability of a value."""
        raise self._missing("log_prob")

    def cdf(self, value: Any) -> Any:
        """Return the probability of a sample not above the value."""
        raise self._missing("cdf")

    def icdf(self, value: Any) -> Any:
        """Return the number whose cdf is the value."""
        raise self._missing("icdf")

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return all values of a discrete distribution along a new first dimension."""
        raise self._missing("enumerate_support")

    def entropy(self) -> Any:
        """Return the entropy in nats."""
        raise self._missing("entropy")

    def perplexity(self) -> Any:
        """Return exp(entropy)."""
        return self.entropy().exp()

    def _enumerated(self, values: Any, expand: bool) -> Any:
        """Return the numbers `values` as the support of each distribution of the batch."""
        values = values.view((-1,) + (1,) * len(self._batch_shape))
        return values.expand(shape_of((-1,), self._batch_shape)) if expand else values

    def _extended_shape(self, sample_shape: Shape = _EMPTY) -> Size:
        return shape_of(sample_shape, self._batch_shape, self._event_shape)

    def __repr__(self) -> str:
        shown = []
        for name in self.arg_constraints:
            value = vars(self).get(name)
            if value is not None:
                shown.append(f"{name}: {value if value.numel() == 1 else value.size()}")
        return f"{type(self).__name__}({', '.join(shown)})"

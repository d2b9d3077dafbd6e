"""A distribution seen through transforms, and a batch of distributions seen as one."""

from __future__ import annotations

from typing import Any, ClassVar

from dtrain.distributions import constraints
from dtrain.distributions.distribution import Distribution
from dtrain.distributions.transform import ComposeTransform, Transform
from dtrain.distributions.utils import shape_of, sum_rightmost
from dtrain.errors import OpValueError
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.size import Size
from dtrain.typing import Shape

__all__ = ["Independent", "TransformedDistribution"]

_EMPTY = Size()


class Independent(Distribution):
    """A distribution whose last batch dimensions count as dimensions of the event.

    Args:
        base_distribution: The distribution.
        reinterpreted_batch_ndims: How many dimensions change sides.
        validate_args: Check parameters and values.
    """

    arg_constraints: ClassVar[Any] = {}

    def __init__(
        self, base_distribution: Distribution, reinterpreted_batch_ndims: int,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        batch = base_distribution.batch_shape
        if reinterpreted_batch_ndims > len(batch):
            raise OpValueError(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), actual "
                f"{reinterpreted_batch_ndims} vs {len(batch)}"
            )
        shape = shape_of(batch, base_distribution.event_shape)
        events = reinterpreted_batch_ndims + len(base_distribution.event_shape)
        cut = len(shape) - events
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        super().__init__(shape[:cut], shape[cut:], validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        return self.base_dist.has_rsample

    @property
    def has_enumerate_support(self) -> bool:  # type: ignore[override]
        return self.reinterpreted_batch_ndims == 0 and self.base_dist.has_enumerate_support

    @constraints.dependent_property
    def support(self) -> Any:
        inner = self.base_dist.support
        n = self.reinterpreted_batch_ndims
        return constraints.independent(inner, n) if n else inner

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._blank(batch_shape, _instance)
        moved = self._event_shape[: self.reinterpreted_batch_ndims]
        new.base_dist = self.base_dist.expand(shape_of(batch_shape, moved))
        return new

    @property
    def mean(self) -> Any:
        return self.base_dist.mean

    @property
    def mode(self) -> Any:
        return self.base_dist.mode

    @property
    def variance(self) -> Any:
        return self.base_dist.variance

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Shape = _EMPTY) -> Any:
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Any) -> Any:
        return sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Any:
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self, expand: bool = True) -> Any:
        if self.reinterpreted_batch_ndims > 0:
            raise NotImplementedError("Enumeration over cartesian product is not implemented")
        return self.base_dist.enumerate_support(expand=expand)

    def __repr__(self) -> str:
        return f"Independent({self.base_dist}, {self.reinterpreted_batch_ndims})"


class TransformedDistribution(Distribution):
    """The distribution of transforms applied to a sample of another.

    Args:
        base_distribution: The distribution of x.
        transforms: A transform, or a list of them: y = transforms[-1](...(transforms[0](x))).
        validate_args: Check parameters and values.
    """

    arg_constraints: ClassVar[Any] = {}

    def __init__(
        self, base_distribution: Distribution, transforms: Any, validate_args: bool | None = None
    ) -> None:
        self.transforms: list[Transform] = (
            [transforms] if isinstance(transforms, Transform) else list(transforms)
        )
        if not all(isinstance(t, Transform) for t in self.transforms):
            raise OpValueError(
                f"transforms must be a Transform or a list of Transforms, but was {transforms}"
            )
        whole = ComposeTransform(self.transforms)
        inner = shape_of(base_distribution.batch_shape, base_distribution.event_shape)
        if len(inner) < whole.domain.event_dim:
            raise OpValueError(
                f"base_distribution needs to have shape with size at least "
                f"{whole.domain.event_dim}, but got {inner}."
            )
        outer = shape_of(whole.forward_shape(inner))
        # Transforms with parameters of their own may broadcast the base.
        grown = shape_of(whole.inverse_shape(outer))
        if grown != inner:
            lead = len(grown) - len(base_distribution.event_shape)
            base_distribution = base_distribution.expand(grown[:lead])
        lift = whole.domain.event_dim - len(base_distribution.event_shape)
        if lift > 0:
            base_distribution = Independent(base_distribution, lift)
        self.base_dist = base_distribution
        gain = whole.codomain.event_dim - whole.domain.event_dim
        events = max(whole.codomain.event_dim, len(base_distribution.event_shape) + gain)
        cut = len(outer) - events
        super().__init__(outer[:cut], outer[cut:], validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._blank(batch_shape, _instance)
        whole = ComposeTransform(self.transforms)
        inner = shape_of(whole.inverse_shape(shape_of(batch_shape, self._event_shape)))
        lead = len(inner) - len(self.base_dist.event_shape)
        new.base_dist = self.base_dist.expand(inner[:lead])
        return new

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        if not self.transforms:
            return self.base_dist.support
        found = self.transforms[-1].codomain
        lack = len(self._event_shape) - found.event_dim
        return constraints.independent(found, lack) if lack > 0 else found

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        return self.base_dist.has_rsample

    def _forward(self, x: Any) -> Any:
        for t in self.transforms:
            x = t(x)
        return x

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        with no_grad():
            return self._forward(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Shape = _EMPTY) -> Any:
        return self._forward(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        events = len(self._event_shape)
        total: Any = 0.0
        y = value
        for t in reversed(self.transforms):
            x = t.inv(y)
            events += t.domain.event_dim - t.codomain.event_dim
            term = t.log_abs_det_jacobian(x, y)
            total = total - sum_rightmost(term, events - t.domain.event_dim)
            y = x
        inner = self.base_dist.log_prob(y)
        return total + sum_rightmost(inner, events - len(self.base_dist.event_shape))

    def _turned(self, p: Any) -> Any:
        """Return p, or 1 - p where the transforms fall."""
        sign: Any = 1
        for t in self.transforms:
            sign = sign * t.sign
        return p if isinstance(sign, int) and sign == 1 else sign * (p - 0.5) + 0.5

    def cdf(self, value: Any) -> Any:
        self._validate_sample(value)
        for t in reversed(self.transforms):
            value = t.inv(value)
        return self._turned(self.base_dist.cdf(value))

    def icdf(self, value: Any) -> Any:
        return self._forward(self.base_dist.icdf(self._turned(value)))

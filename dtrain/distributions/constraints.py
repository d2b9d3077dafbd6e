"""Sets that parameters and samples are held to, as torch.distributions.constraints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dtrain.errors import OpValueError
from dtrain.tensor.ops import cat as concatenate
from dtrain.tensor.ops import isclose
from dtrain.tensor.ops import stack as stacked
from dtrain.tensor.ops.linalg_decompose import cholesky_ex
from dtrain.tensor.ops.linalg_eigen import eigvalsh
from dtrain.tensor.query import finfo
from dtrain.tensor.tensor import Tensor

__all__ = [
    "Constraint", "MixtureSameFamilyConstraint", "boolean", "cat", "corr_cholesky", "dependent",
    "dependent_property", "greater_than", "greater_than_eq", "half_open_interval", "independent",
    "integer_interval", "interval", "is_dependent", "less_than", "lower_cholesky",
    "lower_triangular", "multinomial", "nonnegative", "nonnegative_integer", "one_hot", "positive",
    "positive_definite", "positive_integer", "positive_semidefinite", "real", "real_vector",
    "simplex", "square", "stack", "symmetric", "unit_interval",
]  # fmt: skip


class Constraint:
    """A region; `check` says of each event in a tensor whether it lies inside.

    Attributes:
        is_discrete: Whether the region consists of single points.
        event_dim: How many of the last dimensions make one event.
    """

    is_discrete: Any = False
    event_dim: Any = 0

    def check(self, value: Tensor) -> Any:
        """Return a bool tensor, without the dimensions of an event."""
        raise NotImplementedError

    def __repr__(self) -> str:
        shown = ", ".join(f"{k}={v}" for k, v in vars(self).items())
        return f"{type(self).__name__.lstrip('_')}({shown})"


# ---- regions that depend on other parameters ----


class _Dependent(Constraint):
    """A region that other parameters decide; it cannot be checked by itself."""

    def __init__(self, *, is_discrete: Any = None, event_dim: Any = None) -> None:
        self._is_discrete, self._event_dim = is_discrete, event_dim

    @property
    def is_discrete(self) -> bool:
        return bool(self._known("is_discrete", self._is_discrete))

    @property
    def event_dim(self) -> int:
        return int(self._known("event_dim", self._event_dim))

    @staticmethod
    def _known(name: str, value: Any) -> Any:
        if value is None:
            raise NotImplementedError(f".{name} cannot be determined statically")
        return value

    def __call__(self, *, is_discrete: Any = None, event_dim: Any = None) -> _Dependent:
        return _Dependent(
            is_discrete=self._is_discrete if is_discrete is None else is_discrete,
            event_dim=self._event_dim if event_dim is None else event_dim,
        )

    def check(self, value: Tensor) -> Any:
        raise OpValueError("Cannot determine validity of dependent constraint")


class _DependentProperty(property, _Dependent):
    """A property that gives a constraint; on the class it stands for a dependent one."""

    def __init__(self, fn: Any = None, *, is_discrete: Any = None, event_dim: Any = None) -> None:
        super().__init__(fn)
        self._is_discrete, self._event_dim = is_discrete, event_dim

    def __call__(self, fn: Any) -> _DependentProperty:  # type: ignore[override]
        return _DependentProperty(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)


def is_dependent(constraint: Any) -> bool:
    """Return whether other parameters decide the region."""
    return isinstance(constraint, _Dependent)


# ---- regions of numbers ----


class _Region(Constraint):
    """A region that is given by a test on each event."""

    def __init__(self, **bounds: Any) -> None:
        vars(self).update(bounds)


def _region(
    name: str, test: Callable[..., Any], *bounds: str, discrete: bool = False, event_dim: int = 0
) -> Any:
    """Make the class of the regions {value: test(value, *bounds)}."""

    def init(self: _Region, *args: Any, **kw: Any) -> None:
        _Region.__init__(self, **dict(zip(bounds, args, strict=False)), **kw)

    def check(self: _Region, value: Tensor) -> Any:
        return test(value, *[getattr(self, b) for b in bounds])

    members = {
        "__init__": init, "__module__": __name__, "check": check, "event_dim": event_dim,
        "is_discrete": discrete,
    }  # fmt: skip
    return type("_" + name, (_Region,), members)


def _whole(value: Any) -> Any:
    return value % 1 == 0


def _is_simplex(value: Any) -> Any:
    return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)


def _is_binary(value: Any) -> Any:
    return (value == 0) | (value == 1)


boolean = _region("Boolean", _is_binary, discrete=True)()
one_hot = _region(
    "OneHot", lambda v: _is_binary(v).all(-1) & (v.sum(-1) == 1), discrete=True, event_dim=1
)()
integer_interval = _region(
    "IntegerInterval", lambda v, low, high: _whole(v) & (v >= low) & (v <= high),
    "lower_bound", "upper_bound", discrete=True,
)  # fmt: skip
_integer_from = _region(
    "IntegerGreaterThan", lambda v, low: _whole(v) & (v >= low), "lower_bound", discrete=True
)
nonnegative_integer, positive_integer = _integer_from(0), _integer_from(1)
real = _region("Real", lambda v: v == v)()  # noqa: PLR0124 (not NaN)
greater_than = _region("GreaterThan", lambda v, low: v > low, "lower_bound")
greater_than_eq = _region("GreaterThanEq", lambda v, low: v >= low, "lower_bound")
less_than = _region("LessThan", lambda v, high: v < high, "upper_bound")
interval = _region(
    "Interval", lambda v, low, high: (v >= low) & (v <= high), "lower_bound", "upper_bound"
)
half_open_interval = _region(
    "HalfOpenInterval", lambda v, low, high: (v >= low) & (v < high), "lower_bound", "upper_bound"
)
positive, nonnegative = greater_than(0.0), greater_than_eq(0.0)
unit_interval = interval(0.0, 1.0)
simplex = _region("Simplex", _is_simplex, event_dim=1)()
multinomial = _region(
    "Multinomial", lambda v, high: (v >= 0).all(-1) & (v.sum(-1) <= high), "upper_bound",
    discrete=True, event_dim=1,
)  # fmt: skip


# ---- regions of matrices ----


def _is_lower(m: Any) -> Any:
    return (m.tril() == m).flatten(-2).all(-1)


def _is_lower_cholesky(m: Any) -> Any:
    return _is_lower(m) & (m.diagonal(0, -2, -1) > 0).all(-1)


def _is_corr_cholesky(m: Any) -> Any:
    tolerance = finfo(m.dtype).eps * m.size(-1) * 10
    length = (m.detach() ** 2).sum(-1).sqrt()
    return _is_lower_cholesky(m) & ((length - 1).abs() <= tolerance).all(-1)


def _is_square(m: Any) -> Any:
    return m.new_full(tuple(m.shape[:-2]), m.size(-2) == m.size(-1)).bool()


def _is_symmetric(m: Any) -> Any:
    if m.size(-2) != m.size(-1):
        return _is_square(m)
    return isclose(m, m.mT, atol=1e-6).all(-2).all(-1)


def _is_semidefinite(m: Any) -> Any:
    fits = _is_symmetric(m)
    return (eigvalsh(m) >= 0).all(-1) if bool(fits.all()) else fits


def _is_definite(m: Any) -> Any:
    fits = _is_symmetric(m)
    return cholesky_ex(m)[1] == 0 if bool(fits.all()) else fits


lower_triangular = _region("LowerTriangular", _is_lower, event_dim=2)()
lower_cholesky = _region("LowerCholesky", _is_lower_cholesky, event_dim=2)()
corr_cholesky = _region("CorrCholesky", _is_corr_cholesky, event_dim=2)()
square = _region("Square", _is_square, event_dim=2)()
symmetric = _region("Symmetric", _is_symmetric, event_dim=2)()
positive_semidefinite = _region("PositiveSemidefinite", _is_semidefinite, event_dim=2)()
positive_definite = _region("PositiveDefinite", _is_definite, event_dim=2)()


# ---- regions made of others ----


class _IndependentConstraint(Constraint):
    """Events of a region, several together being one event."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @property
    def is_discrete(self) -> bool:
        return bool(self.base_constraint.is_discrete)

    @property
    def event_dim(self) -> int:
        return int(self.base_constraint.event_dim) + self.reinterpreted_batch_ndims

    def check(self, value: Tensor) -> Any:
        inside = self.base_constraint.check(value)
        left = inside.dim() - self.reinterpreted_batch_ndims
        if left < 0:
            raise OpValueError(f"Expected value.dim() >= {self.event_dim} but got {value.dim()}")
        return inside.reshape((*inside.shape[:left], -1)).all(-1)

    def __repr__(self) -> str:
        return f"IndependentConstraint({self.base_constraint}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamilyConstraint(Constraint):
    """The region of every component of a mixture."""

    def __init__(self, base_constraint: Constraint) -> None:
        self.base_constraint = base_constraint

    @property
    def is_discrete(self) -> bool:
        return bool(self.base_constraint.is_discrete)

    @property
    def event_dim(self) -> int:
        return int(self.base_constraint.event_dim)

    def check(self, value: Tensor) -> Any:
        left = value.dim() - self.event_dim
        if left < 0:
            raise OpValueError(f"Expected value.dim() >= {self.event_dim} but got {value.dim()}")
        inside = self.base_constraint.check(value.unsqueeze(-1 - self.event_dim))
        return inside.reshape((*inside.shape[:left], -1)).all(-1)

    def __repr__(self) -> str:
        return f"MixtureSameFamilyConstraint({self.base_constraint})"


class _Joined(Constraint):
    """Constraints for the parts of a tensor along one dimension."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0) -> None:
        self.cseq, self.dim = list(cseq), dim

    @property
    def is_discrete(self) -> bool:
        return any(c.is_discrete for c in self.cseq)

    @property
    def event_dim(self) -> int:
        return max(int(c.event_dim) for c in self.cseq)


class cat(_Joined):
    """Constraints on parts of the given lengths, as dtrain.cat joins them."""

    def __init__(
        self, cseq: Sequence[Constraint], dim: int = 0, lengths: Sequence[int] | None = None
    ) -> None:
        super().__init__(cseq, dim)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)

    def check(self, value: Tensor) -> Any:
        parts = value.split(self.lengths, self.dim)
        checks = [c.check(part) for c, part in zip(self.cseq, parts, strict=True)]
        return concatenate(checks, self.dim)


class stack(_Joined):
    """Constraints on slices, as dtrain.stack joins them."""

    @property
    def event_dim(self) -> int:
        inner = max(int(c.event_dim) for c in self.cseq)
        return inner + 1 if self.dim + inner < 0 else inner

    def check(self, value: Tensor) -> Any:
        slices = value.unbind(self.dim)
        checks = [c.check(part) for c, part in zip(self.cseq, slices, strict=True)]
        return stacked(checks, self.dim)


dependent = _Dependent()
dependent_property = _DependentProperty
independent = _IndependentConstraint
real_vector = independent(real, 1)

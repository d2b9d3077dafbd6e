"""The normal distribution of vectors, with a full covariance matrix or one of low rank."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from dtrain.distributions import constraints
from dtrain.distributions.distribution import Distribution
from dtrain.distributions.utils import lazy_property, shape_of
from dtrain.errors import OpValueError
from dtrain.tensor.create import eye
from dtrain.tensor.ops import broadcast_tensors
from dtrain.tensor.ops.linalg_decompose import cholesky
from dtrain.tensor.ops.linalg_triangular import cholesky_inverse, solve_triangular
from dtrain.tensor.random import randn
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Shape

__all__ = [
    "LowRankMultivariateNormal",
    "MultivariateNormal",
    "log_diagonal",
    "mahalanobis",
    "normal_like",
    "solve",
    "triangle_of_precision",
]

_EMPTY = Size()


def log_diagonal(triangle: Any) -> Any:
    """Return the sum of the logarithms of the diagonal: half the log determinant of L L^T."""
    return triangle.diagonal(0, -2, -1).log().sum(-1)


def mahalanobis(triangle: Any, difference: Any) -> Any:
    """Return |L^-1 d|**2 for triangles (..., D, D) and vectors (..., D)."""
    return solve(triangle, difference.unsqueeze(-1)).squeeze(-1).pow(2).sum(-1)


def solve(triangle: Any, right: Any) -> Any:
    """Return L^-1 B, whose leading dimensions broadcast."""
    return solve_triangular(triangle, right, upper=False)


def normal_like(like: Any, shape: Size) -> Any:
    """Return standard normal numbers of the type of `like`."""
    return randn(shape, dtype=like.dtype, device=like.device)


class MultivariateNormal(Distribution):
    """The normal distribution of vectors.

    Args:
        loc: Mean, (..., D).
        covariance_matrix: (..., D, D), positive definite; or in its place
        precision_matrix: its inverse, or
        scale_tril: its Cholesky factor.
        validate_args: Check parameters and values.
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support: Any = constraints.real_vector
    has_rsample = True

    def __init__(
        self, loc: Tensor, covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None, scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        if loc.dim() < 1:
            raise OpValueError("loc must be at least one-dimensional.")
        given = {
            "covariance_matrix": covariance_matrix, "scale_tril": scale_tril,
            "precision_matrix": precision_matrix,
        }  # fmt: skip
        found = [(name, value) for name, value in given.items() if value is not None]
        if len(found) != 1:
            raise OpValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        (name, matrix), size = found[0], loc.size(-1)
        if matrix.dim() < 2:
            raise OpValueError(
                f"{name} must be at least two-dimensional, with optional leading batch dimensions"
            )
        batch = broadcast_tensors(matrix[..., 0, 0], loc[..., 0])[0].shape
        setattr(self, name, matrix.expand(shape_of(batch, (size, size))))
        self.loc: Any = loc.expand(shape_of(batch, (size,)))
        super().__init__(batch, (size,), validate_args)
        if name == "scale_tril":
            self._unbroadcasted_scale_tril = self.scale_tril
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = cholesky(self.covariance_matrix)
        else:
            self._unbroadcasted_scale_tril = triangle_of_precision(self.precision_matrix)

    @lazy_property
    def scale_tril(self) -> Any:
        """The Cholesky factor of the covariance."""
        return self._unbroadcasted_scale_tril

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        return self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        return cholesky_inverse(self._unbroadcasted_scale_tril)

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        return self._unbroadcasted_scale_tril.pow(2).sum(-1)

    def rsample(self, sample_shape: Shape = _EMPTY) -> Any:
        z = normal_like(self.loc, self._extended_shape(sample_shape))
        return self.loc + (self._unbroadcasted_scale_tril @ z.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        square = mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        size = self._event_shape[0]
        half = log_diagonal(self._unbroadcasted_scale_tril)
        return -0.5 * (size * math.log(2 * math.pi) + square) - half

    def entropy(self) -> Any:
        size = self._event_shape[0]
        constant = 0.5 * size * (1.0 + math.log(2 * math.pi))
        return constant + log_diagonal(self._unbroadcasted_scale_tril)


def triangle_of_precision(precision: Any) -> Any:
    """Return the Cholesky factor of the inverse of a matrix."""
    flipped = cholesky(precision.flip(-2, -1))
    factor = flipped.flip(-2, -1).mT  # upper times lower in place of lower times upper
    unit = eye(precision.size(-1), dtype=precision.dtype, device=precision.device)
    return solve_triangular(factor, unit.expand(precision.shape), upper=False)


class LowRankMultivariateNormal(Distribution):
    """The normal distribution of vectors with the covariance W W^T + diag(d).

    Args:
        loc: Mean, (..., D).
        cov_factor: W, (..., D, R).
        cov_diag: d, (..., D), positive.
        validate_args: Check parameters and values.
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support: Any = constraints.real_vector
    has_rsample = True

    def __init__(
        self, loc: Tensor, cov_factor: Tensor, cov_diag: Tensor, validate_args: bool | None = None
    ) -> None:
        if loc.dim() < 1:
            raise OpValueError("loc must be at least one-dimensional.")
        size = loc.shape[-1:]
        if cov_factor.dim() < 2:
            raise OpValueError(
                "cov_factor must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        if tuple(cov_factor.shape[-2:-1]) != tuple(size):
            raise OpValueError(f"cov_factor must be a batch of matrices with shape {size[0]} x m")
        if tuple(cov_diag.shape[-1:]) != tuple(size):
            raise OpValueError(f"cov_diag must be a batch of vectors with shape {size}")
        batch = broadcast_tensors(loc[..., 0], cov_diag[..., 0], cov_factor[..., 0, 0])[0].shape
        self.loc: Any = loc.expand(shape_of(batch, size))
        self.cov_factor: Any = cov_factor.expand(shape_of(batch, cov_factor.shape[-2:]))
        self.cov_diag: Any = cov_diag.expand(shape_of(batch, size))
        super().__init__(batch, size, validate_args)
        # Woodbury: everything goes through the Cholesky factor of I + W^T D^-1 W
        scaled = self._scaled_factor()
        rank = cov_factor.size(-1)
        unit = eye(rank, dtype=loc.dtype, device=loc.device)
        self._capacitance_tril: Any = cholesky(scaled @ self.cov_factor + unit)

    def _scaled_factor(self) -> Any:
        """Return W^T D^-1."""
        return self.cov_factor.mT / self.cov_diag.unsqueeze(-2)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        return self.cov_factor @ self.cov_factor.mT + self.cov_diag.diag_embed()

    @lazy_property
    def scale_tril(self) -> Any:
        """The Cholesky factor of the covariance."""
        return cholesky(self.covariance_matrix)

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        part = solve(self._capacitance_tril, self._scaled_factor())
        return self.cov_diag.reciprocal().diag_embed() - part.mT @ part

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @lazy_property
    def variance(self) -> Any:
        """The variances of the components."""
        return self.cov_factor.pow(2).sum(-1) + self.cov_diag

    def rsample(self, sample_shape: Shape = _EMPTY) -> Any:
        shape = self._extended_shape(sample_shape)
        z = normal_like(self.loc, shape_of(shape[:-1], self.cov_factor.shape[-1:], (1,)))
        low_rank = (self.cov_factor @ z).squeeze(-1)
        return self.loc + low_rank + self.cov_diag.sqrt() * normal_like(self.loc, shape)

    def _log_det(self) -> Any:
        return 2 * log_diagonal(self._capacitance_tril) + self.cov_diag.log().sum(-1)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        d = value - self.loc
        through = (self._scaled_factor() @ d.unsqueeze(-1)).squeeze(-1)
        square = (d**2 / self.cov_diag).sum(-1) - mahalanobis(self._capacitance_tril, through)
        size = self._event_shape[0]
        return -0.5 * (size * math.log(2 * math.pi) + self._log_det() + square)

    def entropy(self) -> Any:
        size = self._event_shape[0]
        return 0.5 * (size * (1.0 + math.log(2 * math.pi)) + self._log_det())

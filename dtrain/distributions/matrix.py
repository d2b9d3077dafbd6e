"""Distributions over matrices: positive definite ones and Cholesky factors of correlations."""

from __future__ import annotations

import math
import warnings
from typing import Any, ClassVar

from dtrain.distributions import constraints
from dtrain.distributions.distribution import Distribution
from dtrain.distributions.gamma_family import Beta
from dtrain.distributions.multivariate_normal import (
    log_diagonal,
    normal_like,
    solve,
    triangle_of_precision,
)
from dtrain.distributions.utils import lazy_property, shape_of
from dtrain.errors import OpValueError
from dtrain.tensor.draws import standard_gamma
from dtrain.tensor.from_data import tensor
from dtrain.tensor.ops import broadcast_tensors, digamma, lgamma, mvlgamma
from dtrain.tensor.ops.linalg_decompose import cholesky
from dtrain.tensor.ops.linalg_triangular import cholesky_inverse
from dtrain.tensor.query import finfo
from dtrain.tensor.series import arange
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Shape

__all__ = ["LKJCholesky", "Wishart"]

_EMPTY = Size()


class LKJCholesky(Distribution):
    """Cholesky factors of random correlation matrices, by the onion method.

    Source: Lewandowski, Kurowicka and Joe 2009.

    Note: torch's samples are too far from zero from the third row on; these have the density.

    Args:
        dim: Rows of the matrices, at least 2.
        concentration: 1 for uniform correlations; more pulls them to zero.
        validate_args: Check parameters and values.
    """

    arg_constraints: ClassVar[Any] = {"concentration": constraints.positive}
    support: Any = constraints.corr_cholesky
    concentration: Any

    def __init__(
        self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        if dim < 2:
            raise OpValueError(
                f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
            )
        self.dim = dim
        made = concentration if isinstance(concentration, Tensor) else tensor(float(concentration))
        self.concentration = made
        super().__init__(made.shape, (dim, dim), validate_args)
        row: Any = arange(dim, dtype=made.dtype, device=made.device).clamp(min=1)
        first = row / 2 + 0 * made.unsqueeze(-1)
        second = made.unsqueeze(-1) + (dim - 1 - row) / 2
        self._beta = [Beta(first, second, validate_args=False)]  # in a list: expanded by itself

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        new._beta = [self._beta[0].expand(shape_of(batch_shape, (self.dim,)))]
        return new

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        radius = self._beta[0].sample(sample_shape).unsqueeze(-1)
        normal = normal_like(self.concentration, self._extended_shape(sample_shape)).tril(-1)
        length = normal.pow(2).sum(-1, True).sqrt()
        direction = normal / length.clamp(min=finfo(normal.dtype).tiny)
        direction[..., 0, :] = 0.0  # the first row has no direction
        rows = radius.sqrt() * direction
        rest = (1 - rows.pow(2).sum(-1)).clamp(min=finfo(rows.dtype).tiny)
        return rows + rest.sqrt().diag_embed()

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        diagonal = value.diagonal(0, -2, -1)[..., 1:]
        order = arange(2, self.dim + 1, dtype=value.dtype, device=value.device)
        power = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - order
        rows = self.dim - 1
        alpha = self.concentration + 0.5 * rows
        half_pi = 0.5 * rows * math.log(math.pi)
        norm = half_pi + mvlgamma(alpha - 0.5, rows) - lgamma(alpha) * rows
        return (power * diagonal.log()).sum(-1) - norm


class Wishart(Distribution):
    """The distribution of the sum of z z^T over `df` normal vectors z.

    Args:
        df: Degrees of freedom, above D - 1.
        covariance_matrix: Of z, (..., D, D); or in its place
        precision_matrix: its inverse, or
        scale_tril: its Cholesky factor.
        validate_args: Check parameters and values.
    """

    support: Any = constraints.positive_definite
    has_rsample = True

    def __init__(
        self, df: Any, covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None, scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
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
        name, matrix = found[0]
        if matrix.dim() < 2:
            raise OpValueError(
                f"{name} must be at least two-dimensional, with optional leading batch dimensions"
            )
        freedom = df if isinstance(df, Tensor) else tensor(float(df), dtype=matrix.dtype)
        batch = broadcast_tensors(matrix[..., 0, 0], freedom)[0].shape
        self.df: Any = freedom.expand(batch)
        event = matrix.shape[-2:]
        if bool((self.df <= event[-1] - 1).any()):
            raise OpValueError(
                f"Value of df={df} expected to be greater than ndim - 1 = {event[-1] - 1}."
            )
        setattr(self, name, matrix.expand(shape_of(batch, event)))
        super().__init__(batch, event, validate_args)
        if bool((self.df < event[-1]).any()):
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for "
                "ndim - 1 < df < ndim.",
                stacklevel=2,
            )
        if name == "scale_tril":
            self._unbroadcasted_scale_tril = self.scale_tril
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = cholesky(self.covariance_matrix)
        else:
            self._unbroadcasted_scale_tril = triangle_of_precision(self.precision_matrix)

    @property
    def arg_constraints(self) -> Any:
        """What the parameters are held to."""
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self._event_shape[-1] - 1),
        }

    @lazy_property
    def scale_tril(self) -> Any:
        """The Cholesky factor of the covariance."""
        return self._unbroadcasted_scale_tril

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance of the vectors."""
        return self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        return cholesky_inverse(self._unbroadcasted_scale_tril)

    @property
    def _freedom(self) -> Any:
        return self.df.unsqueeze(-1).unsqueeze(-1)

    @property
    def mean(self) -> Any:
        return self._freedom * self.covariance_matrix

    @property
    def mode(self) -> Any:
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        factor = factor.masked_fill(factor <= 0, math.nan)
        return factor.unsqueeze(-1).unsqueeze(-1) * self.covariance_matrix

    @property
    def variance(self) -> Any:
        covariance = self.covariance_matrix
        diagonal = covariance.diagonal(0, -2, -1)
        outer = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self._freedom * (covariance**2 + outer)

    def _steps(self) -> Any:
        """Return 0, 1, ..., D - 1."""
        return arange(self._event_shape[-1], dtype=self.df.dtype, device=self.df.device)

    def rsample(self, sample_shape: Shape = _EMPTY) -> Any:
        """Return samples by Bartlett's decomposition."""
        shape = self._extended_shape(sample_shape)
        half = ((self.df.unsqueeze(-1) - self._steps()) * 0.5).expand(shape[:-1])
        chi: Any = (2 * standard_gamma(half)).clamp(min=finfo(half.dtype).tiny).sqrt()
        normal = normal_like(self.df, shape).tril(-1)
        factor = self._unbroadcasted_scale_tril @ (normal + chi.diag_embed())
        return factor @ factor.mT

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        nu, size = self.df, self._event_shape[-1]
        part = solve(self._unbroadcasted_scale_tril, cholesky(value))
        scale = log_diagonal(self._unbroadcasted_scale_tril)
        norm = nu * (size * math.log(2) / 2 + scale) + mvlgamma(nu / 2, size)
        spread = (nu - size - 1) * log_diagonal(cholesky(value))
        return spread - norm - part.pow(2).sum((-2, -1)) / 2

    def entropy(self) -> Any:
        nu, size = self.df, self._event_shape[-1]
        scale = log_diagonal(self._unbroadcasted_scale_tril)
        slopes = digamma((nu.unsqueeze(-1) - self._steps()) * 0.5).sum(-1)
        return (
            (size + 1) * (size * math.log(2) / 2 + scale) + mvlgamma(nu / 2, size)
            - (nu - size - 1) / 2 * slopes + nu * size / 2
        )  # fmt: skip

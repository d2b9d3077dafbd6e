"""Transforms of vectors and matrices: simplexes, Cholesky factors, parts joined together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from dtrain.distributions import constraints
from dtrain.distributions.transform import Transform
from dtrain.distributions.utils import shape_of
from dtrain.errors import OpValueError
from dtrain.nn.functional import pad, softplus
from dtrain.tensor.create import eye
from dtrain.tensor.ops import atanh, cat, cumprod, sigmoid, stack, tanh
from dtrain.tensor.ops.diagonal import tril_indices
from dtrain.tensor.ops.linalg_decompose import cholesky
from dtrain.tensor.query import finfo
from dtrain.typing import Shape

__all__ = [
    "CatTransform",
    "CorrCholeskyTransform",
    "LowerCholeskyTransform",
    "PositiveDefiniteTransform",
    "SoftmaxTransform",
    "StackTransform",
    "StickBreakingTransform",
]


class _Same(Transform):
    """A transform without parameters."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    __hash__ = Transform.__hash__


# ---- simplexes ----


class SoftmaxTransform(_Same):
    """Logits to probabilities; not bijective, for logits may be shifted."""

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _call(self, x: Any) -> Any:
        return x.softmax(-1)

    def _inverse(self, y: Any) -> Any:
        return y.log()


class StickBreakingTransform(_Same):
    """K - 1 numbers to K probabilities: each breaks its share off what is left of a stick."""

    bijective = True
    domain = constraints.real_vector
    codomain = constraints.simplex

    @staticmethod
    def _left(x: Any) -> Any:
        """Return how many pieces may still come at each number: K - 1, ..., 1."""
        return x.new_ones((x.size(-1),)).cumsum(-1).flip(-1)

    def _call(self, x: Any) -> Any:
        z = sigmoid(x - self._left(x).log())
        return pad(z, (0, 1), value=1.0) * pad(cumprod(1 - z, -1), (1, 0), value=1.0)

    def _inverse(self, y: Any) -> Any:
        head = y[..., :-1]
        rest = (1 - head.cumsum(-1)).clamp(min=finfo(y.dtype).tiny)
        return head.log() - rest.log() + self._left(head).log()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        x = x - self._left(x).log()
        return (-x - softplus(-x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Shape) -> Any:
        return shape_of(shape[:-1], (shape[-1] + 1,))

    def inverse_shape(self, shape: Shape) -> Any:
        return shape_of(shape[:-1], (shape[-1] - 1,))


# ---- Cholesky factors ----


class LowerCholeskyTransform(_Same):
    """Any matrix to a lower triangle with a positive diagonal."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _call(self, x: Any) -> Any:
        return x.tril(-1) + x.diagonal(0, -2, -1).exp().diag_embed()

    def _inverse(self, y: Any) -> Any:
        return y.tril(-1) + y.diagonal(0, -2, -1).log().diag_embed()


class PositiveDefiniteTransform(_Same):
    """Any matrix to a positive definite one."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: Any) -> Any:
        x = LowerCholeskyTransform()(x)
        return x @ x.mT

    def _inverse(self, y: Any) -> Any:
        return LowerCholeskyTransform().inv(cholesky(y))


class CorrCholeskyTransform(_Same):
    """D (D - 1) / 2 numbers to the Cholesky factor of a D x D correlation matrix.

    tanh of the numbers, row by row below the diagonal, are partial correlations; each takes its
    share of what is left of its row's length one.
    """

    bijective = True
    domain = constraints.real_vector
    codomain = constraints.corr_cholesky

    def _call(self, x: Any) -> Any:
        eps = finfo(x.dtype).eps
        r = tanh(x).clamp(min=-1 + eps, max=1 - eps)
        size = self._size(x.size(-1))
        rows, columns = tril_indices(size, size, -1)
        square: Any = x.new_zeros(shape_of(x.shape[:-1], (size, size)))
        square[..., rows, columns] = r
        left = (1 - square**2).sqrt().cumprod(-1)
        square = square + eye(size, dtype=x.dtype, device=x.device)
        return square * pad(left[..., :-1], (1, 0), value=1.0)

    def _inverse(self, y: Any) -> Any:
        left = 1 - (y * y).cumsum(-1)
        shares = pad(left[..., :-1], (1, 0), value=1.0)
        rows, columns = tril_indices(y.size(-1), y.size(-1), -1)
        below, share = y[..., rows, columns], shares[..., rows, columns]
        return atanh(below / share.sqrt())

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        left = 1 - (y * y).cumsum(-1)
        rows, columns = tril_indices(y.size(-1), y.size(-1), -2)
        rest = 0.5 * left[..., rows, columns].log().sum(-1)
        slope = -2 * (x + softplus(-2 * x) - math.log(2.0)).sum(-1)
        return rest + slope

    @staticmethod
    def _size(count: int) -> int:
        """Return D for D (D - 1) / 2 numbers."""
        size = round((0.25 + 2 * count) ** 0.5 + 0.5)
        if size * (size - 1) // 2 != count:
            raise OpValueError("Input is not a flattened lower-diagonal number")
        return size

    def forward_shape(self, shape: Shape) -> Any:
        size = self._size(shape[-1])
        return shape_of(shape[:-1], (size, size))

    def inverse_shape(self, shape: Shape) -> Any:
        if len(shape) < 2 or shape[-2] != shape[-1]:
            raise OpValueError("Input is not square")
        return shape_of(shape[:-2], (shape[-1] * (shape[-1] - 1) // 2,))


# ---- parts ----


class _PartsTransform(Transform):
    """Transforms that work on parts of a tensor along one dimension."""

    transforms: list[Transform]
    dim: int

    def _split(self, x: Any) -> Sequence[Any]:
        raise NotImplementedError

    def _join(self, parts: list[Any], dim: int) -> Any:
        raise NotImplementedError

    @property
    def bijective(self) -> bool:
        return all(t.bijective for t in self.transforms)

    def _call(self, x: Any) -> Any:
        parts = zip(self.transforms, self._split(x), strict=True)
        return self._join([t(part) for t, part in parts], self.dim)

    def _inverse(self, y: Any) -> Any:
        parts = zip(self.transforms, self._split(y), strict=True)
        return self._join([t.inv(part) for t, part in parts], self.dim)


class CatTransform(_PartsTransform):
    """Transforms of the parts of the given lengths, joined as dtrain.cat does."""

    def __init__(
        self, tseq: Sequence[Transform], dim: int = 0, lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(cache_size)
        self.transforms = [t.with_cache(cache_size) for t in tseq]
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        self.dim = dim

    @property
    def length(self) -> int:
        """The size of the dimension."""
        return sum(self.lengths)

    @property
    def event_dim(self) -> int:
        return max(t.event_dim for t in self.transforms)

    @property
    def domain(self) -> Any:
        """The domains, part by part."""
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @property
    def codomain(self) -> Any:
        """The codomains, part by part."""
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)

    def _split(self, x: Any) -> Sequence[Any]:
        return tuple(x.split(self.lengths, self.dim))

    def _join(self, parts: list[Any], dim: int) -> Any:
        return cat(parts, dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        terms = []
        size = self.event_dim
        for t, a, b in zip(self.transforms, self._split(x), self._split(y), strict=True):
            term = t.log_abs_det_jacobian(a, b)
            lack = size - t.event_dim
            terms.append(term.flatten(-lack).sum(-1) if lack else term)
        dim = self.dim - x.dim() if self.dim >= 0 else self.dim
        dim += size
        return cat(terms, dim) if dim < 0 else sum(terms)


class StackTransform(_PartsTransform):
    """Transforms of the slices along a dimension, joined as dtrain.stack does."""

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.transforms = [t.with_cache(cache_size) for t in tseq]
        self.dim = dim

    @property
    def domain(self) -> Any:
        """The domains, slice by slice."""
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @property
    def codomain(self) -> Any:
        """The codomains, slice by slice."""
        return constraints.stack([t.codomain for t in self.transforms], self.dim)

    def _split(self, x: Any) -> Sequence[Any]:
        return tuple(x.unbind(self.dim))

    def _join(self, parts: list[Any], dim: int) -> Any:
        return stack(parts, dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        parts = zip(self.transforms, self._split(x), self._split(y), strict=True)
        return stack([t.log_abs_det_jacobian(a, b) for t, a, b in parts], self.dim)

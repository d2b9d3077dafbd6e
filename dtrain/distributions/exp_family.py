"""Distributions of the form exp(<t(x), theta> - F(theta) + k(x))."""

from __future__ import annotations

from typing import Any

from dtrain.autograd import grad
from dtrain.distributions.distribution import Distribution

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """A base for own distributions: entropy and divergences come from the normalizer's gradient.

    A subclass gives `_natural_params`, the theta, `_log_normalizer(*theta)`, which is F, and
    `_mean_carrier_measure`, the expectation of k.
    """

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        raise self._missing("_natural_params")

    def _log_normalizer(self, *natural_params: Any) -> Any:
        raise self._missing("_log_normalizer")

    @property
    def _mean_carrier_measure(self) -> float:
        raise self._missing("_mean_carrier_measure")

    def _normalizer_and_slopes(self) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
        """Return F, theta and dF / dtheta, the expectation of t(x)."""
        theta = tuple(p.detach().requires_grad_() for p in self._natural_params)
        log_norm = self._log_normalizer(*theta)
        return log_norm, theta, tuple(grad(log_norm.sum(), theta, create_graph=True))

    def entropy(self) -> Any:
        log_norm, theta, slopes = self._normalizer_and_slopes()
        entropy = log_norm - self._mean_carrier_measure
        for t, slope in zip(theta, slopes, strict=True):
            part = t * slope
            entropy = entropy - part.reshape((*self._batch_shape, -1)).sum(-1)
        return entropy

"""Divergences within one family."""

from __future__ import annotations

import math
from typing import Any

from dtrain.distributions.binary import Bernoulli, Binomial, ContinuousBernoulli, Geometric
from dtrain.distributions.categorical import Categorical, OneHotCategorical
from dtrain.distributions.exp_family import ExponentialFamily
from dtrain.distributions.gamma_family import Beta, Dirichlet, Exponential, Gamma
from dtrain.distributions.kl import kl_divergence, register_kl
from dtrain.distributions.location_scale import Cauchy, Gumbel, Laplace, Normal, Uniform
from dtrain.distributions.multivariate_normal import (
    LowRankMultivariateNormal,
    MultivariateNormal,
    log_diagonal,
    mahalanobis,
    solve,
)
from dtrain.distributions.poisson import Poisson
from dtrain.distributions.positive import HalfNormal, Pareto
from dtrain.distributions.transformed import Independent, TransformedDistribution
from dtrain.distributions.utils import sum_rightmost
from dtrain.nn.functional import softplus
from dtrain.tensor.ops import digamma, lgamma, where

__all__ = ["kl_of_logits", "kl_of_normals"]

_EULER = 0.57721566490153286060


# ---- one number, closed forms ----


@register_kl(Normal, Normal)
def kl_of_normals(p: Any, q: Any) -> Any:
    """Return KL between normal distributions."""
    ratio = (p.scale / q.scale) ** 2
    gap = ((p.loc - q.loc) / q.scale) ** 2
    return 0.5 * (ratio + gap - 1 - ratio.log())


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: Any, q: Any) -> Any:
    return kl_of_normals(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    gap = (p.loc - q.loc).abs()
    return -ratio.log() + gap / q.scale + ratio * (-gap / p.scale).exp() - 1


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Any, q: Any) -> Any:
    both = (p.scale + q.scale) ** 2 + (p.loc - q.loc) ** 2
    return both.log() - (4 * p.scale * q.scale).log()


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Any, q: Any) -> Any:
    ratio, shift = p.scale / q.scale, (p.loc - q.loc) / q.scale
    scaled = (-shift + lgamma(ratio + 1)).exp()
    return scaled + shift - ratio.log() - (1 + _EULER) + ratio * _EULER


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Any:
    inside = (q.low <= p.low) & (q.high >= p.high)
    return where(inside, ((q.high - q.low) / (p.high - p.low)).log(), math.inf)


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return ratio - ratio.log() - 1


@register_kl(Pareto, Pareto)
def _pareto(p: Any, q: Any) -> Any:
    scale, alpha = p.scale / q.scale, q.alpha / p.alpha
    inside = p.scale >= q.scale
    return where(inside, q.alpha * scale.log() - alpha.log() + alpha - 1, math.inf)


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    return (
        b * (p.rate / q.rate).log() + lgamma(b) - lgamma(a) + (a - b) * digamma(a)
        + (q.rate - p.rate) * (a / p.rate)
    )  # fmt: skip


@register_kl(Beta, Beta)
def _beta(p: Any, q: Any) -> Any:
    return _dirichlet(p._dirichlet, q._dirichlet)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    norms = lgamma(a.sum(-1)) - lgamma(b.sum(-1)) + (lgamma(b) - lgamma(a)).sum(-1)
    return norms + ((a - b) * (digamma(a) - digamma(a.sum(-1, True)))).sum(-1)


# ---- counts and choices ----


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Any:
    one = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    one = where(q.probs == 0, math.inf, one)
    one = where(p.probs == 0, 0, one)
    zero = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    zero = where(q.probs == 1, math.inf, zero)
    return one + where(p.probs == 1, 0, zero)


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Any:
    if bool((p.total_count < q.total_count).any()):
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    kl = p.total_count * (p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p())
    return where(p.total_count > q.total_count, math.inf, kl)


@register_kl(Geometric, Geometric)
def _geometric(p: Any, q: Any) -> Any:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Any:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoulli(p: Any, q: Any) -> Any:
    slopes = p.mean * (p.logits - q.logits)
    ends = (-p.probs).log1p() - (-q.probs).log1p()
    return slopes + p._cont_bern_log_norm() - q._cont_bern_log_norm() + ends


@register_kl(Categorical, Categorical)
@register_kl(OneHotCategorical, OneHotCategorical)
def kl_of_logits(p: Any, q: Any) -> Any:
    """Return KL between distributions over categories."""
    t = p.probs * (p.logits - q.logits)
    t = where((q.probs == 0).expand_as(t), math.inf, t)
    return where((p.probs == 0).expand_as(t), 0, t).sum(-1)


# ---- vectors ----


def _triangle(d: Any) -> Any:
    if isinstance(d, LowRankMultivariateNormal):
        return d.scale_tril
    return d._unbroadcasted_scale_tril


@register_kl(MultivariateNormal, MultivariateNormal)
@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _multivariate(p: Any, q: Any) -> Any:
    """Return KL between normal distributions of vectors.

    Raises:
        ValueError: Their sizes differ.
    """
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot be "
            "computed"
        )
    mine, other = _triangle(p), _triangle(q)
    trace = solve(other, mine).pow(2).sum((-2, -1))
    gap = mahalanobis(other, q.loc - p.loc)
    half = log_diagonal(other) - log_diagonal(mine)
    return half + 0.5 * (trace + gap - p.event_shape[0])


# ---- made of others ----


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("the two reinterpret different numbers of dimensions")
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Any:
    if p.transforms != q.transforms:
        raise NotImplementedError("the two have different transforms")
    if p.event_shape != q.event_shape:
        raise NotImplementedError("the two have different event shapes")
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_family(p: Any, q: Any) -> Any:
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed "
            "using Bregman divergences"
        )
    log_norm, theta, slopes = p._normalizer_and_slopes()
    others = q._natural_params
    kl = q._log_normalizer(*others) - log_norm
    for a, b, slope in zip(theta, others, slopes, strict=True):
        kl = kl - sum_rightmost((b - a) * slope, len(q.event_shape))
    return kl

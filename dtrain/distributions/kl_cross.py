"""Divergences between families: minus p's entropy, minus the expectation of log q under p.

log q is linear in a few functions of x, so q asks for p's expectations of x, x**2, log x,
log(1 - x) and exp(t x); and it is infinite where p reaches outside q's support.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dtrain.distributions.binary import Bernoulli, Binomial, ContinuousBernoulli
from dtrain.distributions.gamma_family import Beta, Exponential, Gamma
from dtrain.distributions.kl import register_kl
from dtrain.distributions.location_scale import Gumbel, Laplace, Normal, Uniform
from dtrain.distributions.poisson import Poisson
from dtrain.distributions.positive import Pareto
from dtrain.tensor.like import full_like
from dtrain.tensor.ops import digamma, erf, lgamma, where, xlogy

__all__ = ["cross_entropy"]

_EULER = 0.57721566490153286060

Moment = Callable[[Any], Any]


# ---- what is known of p ----


_LOG: dict[type, Moment] = {  # the expectation of log x
    Beta: lambda p: digamma(p.concentration1) - digamma(p.concentration1 + p.concentration0),
    Exponential: lambda p: -_EULER - p.rate.log(),
    Gamma: lambda p: digamma(p.concentration) - p.rate.log(),
    Pareto: lambda p: p.scale.log() + 1 / p.alpha,
    Uniform: lambda p: (xlogy(p.high, p.high) - xlogy(p.low, p.low)) / (p.high - p.low) - 1,
}

_LOG_REST: dict[type, Moment] = {  # the expectation of log(1 - x)
    Uniform: lambda p: (
        (xlogy(1 - p.low, 1 - p.low) - xlogy(1 - p.high, 1 - p.high)) / (p.high - p.low) - 1
    ),
}  # fmt: skip

_EXP: dict[type, Callable[[Any, Any], Any]] = {  # the expectation of exp(-t x), t > 0
    Exponential: lambda p, t: p.rate / (p.rate + t),
    Gamma: lambda p, t: (p.rate / (p.rate + t)) ** p.concentration,
    Normal: lambda p, t: (-t * p.loc + (t * p.scale) ** 2 / 2).exp(),
    Uniform: lambda p, t: ((-t * p.low).exp() - (-t * p.high).exp()) / (t * (p.high - p.low)),
}


def _reach(p: Any) -> tuple[Any, Any]:
    """Return the ends of the support of p."""
    if isinstance(p, Uniform):
        return p.low, p.high
    if isinstance(p, Pareto):
        return p.scale, math.inf
    if isinstance(p, (Beta, ContinuousBernoulli)):
        return 0.0, 1.0
    return (0.0 if isinstance(p, (Exponential, Gamma)) else -math.inf), math.inf


# ---- minus the expectation of log q ----


def _for_normal(p: Any, q: Any) -> Any:
    spread = p.variance + (p.mean - q.loc) ** 2
    return spread / (2 * q.scale**2) + q.scale.log() + 0.5 * math.log(2 * math.pi)


def _for_exponential(p: Any, q: Any) -> Any:
    return q.rate * p.mean - q.rate.log()


def _for_gamma(p: Any, q: Any) -> Any:
    a = q.concentration
    return q.rate * p.mean - (a - 1) * _LOG[type(p)](p) + lgamma(a) - a * q.rate.log()


def _for_pareto(p: Any, q: Any) -> Any:
    return (q.alpha + 1) * _LOG[type(p)](p) - q.alpha.log() - q.alpha * q.scale.log()


def _for_beta(p: Any, q: Any) -> Any:
    a, b = q.concentration1, q.concentration0
    norm = lgamma(a) + lgamma(b) - lgamma(a + b)
    return norm - (a - 1) * _LOG[type(p)](p) - (b - 1) * _LOG_REST[type(p)](p)


def _for_uniform(p: Any, q: Any) -> Any:
    return (q.high - q.low).log() + 0 * p.entropy()


def _for_continuous_bernoulli(p: Any, q: Any) -> Any:
    return -p.mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()


def _for_gumbel(p: Any, q: Any) -> Any:
    scaled = (q.loc / q.scale).exp() * _EXP[type(p)](p, 1 / q.scale)
    return q.scale.log() + (p.mean - q.loc) / q.scale + scaled


def _for_laplace(p: Any, q: Any) -> Any:
    """Return it for a normal p: |x - loc| is then a folded normal number."""
    gap = p.loc - q.loc
    folded = math.sqrt(2 / math.pi) * p.scale * (-0.5 * (gap / p.scale) ** 2).exp()
    folded = folded + gap * erf(math.sqrt(0.5) * gap / p.scale)
    return (2 * q.scale).log() + folded / q.scale


_CROSS: dict[type, tuple[Callable[[Any, Any], Any], tuple[type, ...]]] = {
    Normal: (
        _for_normal,
        (Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Pareto, Uniform),
    ),
    Exponential: (
        _for_exponential,
        (Beta, ContinuousBernoulli, Gamma, Gumbel, Laplace, Normal, Pareto, Uniform),
    ),
    Gamma: (_for_gamma, (Beta, Exponential, Gumbel, Laplace, Normal, Pareto, Uniform)),
    Pareto: (
        _for_pareto,
        (Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Normal, Uniform),
    ),
    Beta: (_for_beta, (Exponential, Gamma, Gumbel, Laplace, Normal, Pareto, Uniform)),
    Uniform: (
        _for_uniform,
        (Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Normal, Pareto),
    ),
    ContinuousBernoulli: (
        _for_continuous_bernoulli,
        (Beta, Exponential, Gamma, Gumbel, Laplace, Normal, Pareto, Uniform),
    ),
    Gumbel: (_for_gumbel, (Exponential, Gamma, Normal, Uniform)),
    Laplace: (_for_laplace, (Normal,)),
}


def cross_entropy(p: Any, q: Any) -> Any:
    """Return minus the expectation of log q(x) for x from p; infinite outside of q's support."""
    low, high = _reach(p)
    least, most = _reach(q)
    like = p.entropy()
    inside = (like == like) & (low >= full_like(like, 1) * least)  # noqa: PLR0124
    inside = inside & (high <= full_like(like, 1) * most)
    if not bool(inside.any()):
        return full_like(like, math.inf)
    return where(inside, _CROSS[type(q)][0](p, q), math.inf)


def _difference(p: Any, q: Any) -> Any:
    return cross_entropy(p, q) - p.entropy()


for _q, (_, _families) in _CROSS.items():
    for _p in _families:
        register_kl(_p, _q)(_difference)


@register_kl(Poisson, Bernoulli)
@register_kl(Poisson, Binomial)
def _unbounded(p: Any, q: Any) -> Any:
    """Return infinity: p has values that q has not."""
    return full_like(p.rate, math.inf)


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)

"""Two members of every family that torch has divergences for, and the comparison of a pair."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import dtrain
from tests.distributions.oracle import gradients
from tests.oracle import assert_same

torch = pytest.importorskip("torch")

MATRIX = np.array([[2.0, 0.5], [0.5, 1.0]])
ROW = [0.2, 0.5, 0.3]
# family -> two members: the second has another place and width
MEMBERS: dict[str, tuple[Any, Any]] = {
    "Bernoulli": (lambda D, p: D.Bernoulli(p([0.3, 1.0, 0.0])), lambda D, p: D.Bernoulli(p(0.6))),
    "Beta": (lambda D, p: D.Beta(p(2.5), p([0.7, 3.0])), lambda D, p: D.Beta(p(1.5), p(2.0))),
    "Binomial": (lambda D, p: D.Binomial(5, p([0.3, 0.9])), lambda D, p: D.Binomial(5, p(0.6))),
    "Categorical": (
        lambda D, p: D.Categorical(p(ROW)),
        lambda D, p: D.Categorical(p([0.6, 0.4, 0.0])),
    ),
    "Cauchy": (lambda D, p: D.Cauchy(p([0.5, 2.0]), p(1.5)), lambda D, p: D.Cauchy(p(0.1), p(0.7))),
    "ContinuousBernoulli": (
        lambda D, p: D.ContinuousBernoulli(p([0.3, 0.8])),
        lambda D, p: D.ContinuousBernoulli(p(0.6)),
    ),
    "Dirichlet": (
        lambda D, p: D.Dirichlet(p([0.5, 2.0, 3.0])),
        lambda D, p: D.Dirichlet(p([1.0, 1.5, 0.7])),
    ),
    "Exponential": (lambda D, p: D.Exponential(p([0.5, 2.0])), lambda D, p: D.Exponential(p(1.3))),
    "Gamma": (lambda D, p: D.Gamma(p([0.7, 3.0]), p(1.5)), lambda D, p: D.Gamma(p(2.0), p(0.8))),
    "Geometric": (lambda D, p: D.Geometric(p([0.3, 0.8])), lambda D, p: D.Geometric(p(0.6))),
    "Gumbel": (lambda D, p: D.Gumbel(p([0.5, 2.0]), p(1.5)), lambda D, p: D.Gumbel(p(0.1), p(1.7))),
    "HalfNormal": (lambda D, p: D.HalfNormal(p([0.5, 2.0])), lambda D, p: D.HalfNormal(p(1.3))),
    "Independent": (
        lambda D, p: D.Independent(D.Normal(p([[0.5, 2.0]]), p(1.5)), 1),
        lambda D, p: D.Independent(D.Normal(p([[0.1, 0.2]]), p(0.7)), 1),
    ),
    "Laplace": (
        lambda D, p: D.Laplace(p([0.5, 2.0]), p(1.5)),
        lambda D, p: D.Laplace(p(0.1), p(0.7)),
    ),
    "LowRankMultivariateNormal": (
        lambda D, p: D.LowRankMultivariateNormal(p([0.5, 1.0]), p([[1.0], [0.3]]), p([0.5, 0.6])),
        lambda D, p: D.LowRankMultivariateNormal(p([0.1, 0.0]), p([[0.2], [0.9]]), p([1.0, 0.3])),
    ),
    "MultivariateNormal": (
        lambda D, p: D.MultivariateNormal(p([0.5, 1.0]), p(MATRIX)),
        lambda D, p: D.MultivariateNormal(p([0.0, 0.2]), p(MATRIX[::-1, ::-1].copy())),
    ),
    "Normal": (lambda D, p: D.Normal(p([0.5, 2.0]), p(1.5)), lambda D, p: D.Normal(p(0.1), p(0.7))),
    "OneHotCategorical": (
        lambda D, p: D.OneHotCategorical(p(ROW)),
        lambda D, p: D.OneHotCategorical(p([0.6, 0.3, 0.1])),
    ),
    "Pareto": (lambda D, p: D.Pareto(p([0.5, 2.0]), p(5.5)), lambda D, p: D.Pareto(p(0.4), p(3.0))),
    "Poisson": (lambda D, p: D.Poisson(p([0.5, 2.0])), lambda D, p: D.Poisson(p(1.3))),
    "TransformedDistribution": (
        lambda D, p: D.LogNormal(p([0.5, 2.0]), p(1.5)),
        lambda D, p: D.LogNormal(p(0.1), p(0.7)),
    ),
    "Uniform": (
        lambda D, p: D.Uniform(p([0.5, 0.6]), p(0.9)),
        lambda D, p: D.Uniform(p([0.4, 0.7]), p(3.0)),
    ),
}
PAIRS = sorted(
    (p.__name__, q.__name__)
    for p, q in torch.distributions.kl._KL_REGISTRY
    if p.__name__ in MEMBERS and q.__name__ in MEMBERS
)


def both(t: Any, names: tuple[str, str]) -> tuple[Any, Any, list[Any]]:
    parameters: list[Any] = []

    def p(values: Any) -> Any:
        parameters.append(t.tensor(np.asarray(values, np.float64), requires_grad=True))
        return parameters[-1]

    D = t.distributions
    return MEMBERS[names[0]][0](D, p), MEMBERS[names[1]][1](D, p), parameters


def check_pair(names: tuple[str, str]) -> None:
    results = []
    for t in (torch, dtrain):
        p, q, parameters = both(t, names)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kl = t.distributions.kl_divergence(p, q)
        results.append((kl, gradients(kl, parameters, t)))
    loose = 1e3 if "ContinuousBernoulli" in names else 10
    assert_same(results[1][0], results[0][0], loose)
    if bool(torch.isfinite(results[0][0]).all()) and results[0][1]:
        assert_same(results[1][1], results[0][1], 10 * loose, "gradient")

"""Independent and TransformedDistribution."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.distributions.oracle import case, standard_tests

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

AT = np.linspace(0.2, 0.8, 6).reshape(2, 3)


def logistic(t, p):
    D = t.distributions
    parts = [D.SigmoidTransform().inv, D.AffineTransform(p([0.5, 1.0, 2.0]), p(2.0))]
    return D.TransformedDistribution(D.Uniform(p(0.0), p(1.0)), parts)


def falling(t, p):
    D = t.distributions
    return D.TransformedDistribution(
        D.Normal(p([0.0, 1.0, 2.0]), p(1.0)), D.AffineTransform(0.5, -2.0)
    )


def vector(t, p):
    D = t.distributions
    base = D.Normal(p([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]]), p(1.0))
    return D.TransformedDistribution(
        base, [D.AffineTransform(0.5, 2.0), D.StickBreakingTransform()]
    )


def nested(t, p):
    D = t.distributions
    return D.Independent(D.Normal(p([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]]), p([0.5, 1.0, 2.0])), 1)


def choice(t, p):
    D = t.distributions
    return D.Independent(D.Bernoulli(p([[0.3, 0.5, 0.9]] * 2)), 2)


SIMPLEX = [[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]]
CASES = [
    case("logistic", logistic, AT, spread=False),
    case("falling", falling, AT, spread=False),
    case("vector", vector, SIMPLEX, spread=False),
    case("Independent", nested, AT),
    case("Independent-discrete", choice, [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]),
]  # fmt: skip
globals().update(standard_tests(*CASES))


def test_too_many_dimensions_are_refused() -> None:
    for t in (torch, dtrain):
        with pytest.raises(ValueError, match="Expected reinterpreted_batch_ndims <="):
            t.distributions.Independent(t.distributions.Normal(t.zeros(2), 1.0), 2)


def test_transforms_must_be_transforms() -> None:
    for t in (torch, dtrain):
        D = t.distributions
        with pytest.raises(ValueError, match="transforms must be a Transform"):
            D.TransformedDistribution(D.Normal(0.0, 1.0), [3])
        with pytest.raises(ValueError, match="needs to have shape with size at least"):
            D.TransformedDistribution(D.Normal(0.0, 1.0), D.StickBreakingTransform())


def test_a_flow_is_fitted() -> None:
    """Maximum likelihood through a transform: the tanh-normal policy of actor-critic methods."""
    D = dtrain.distributions
    loc = dtrain.zeros((), requires_grad=True)
    data = dtrain.tensor(np.tanh(np.random.default_rng(0).normal(0.7, 0.5, 400)).astype(np.float32))
    optimizer = dtrain.optim.Adam([loc], lr=0.1)
    for _ in range(60):
        flow = D.TransformedDistribution(D.Normal(loc, 0.5), D.TanhTransform())
        loss = -flow.log_prob(data).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert abs(loc.item() - 0.7) < 0.1

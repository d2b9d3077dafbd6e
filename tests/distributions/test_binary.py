"""Bernoulli, Geometric, Binomial, NegativeBinomial, ContinuousBernoulli."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.distributions.oracle import case, cases, check_mean_gradient, standard_tests

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

P, LOGITS = [0.2, 0.5, 0.9], [-2.0, 0.3, 1.0]
U = [0.1, 0.4, 0.95]
CASES = [
    case("Bernoulli", lambda t, p: t.distributions.Bernoulli(p(P)), [0.0, 1.0, 1.0]),
    case(
        "Bernoulli-logits",
        lambda t, p: t.distributions.Bernoulli(logits=p(LOGITS)),
        [0.0, 1.0, 0.0],
    ),
    case("Geometric", lambda t, p: t.distributions.Geometric(p(P)), [0.0, 2.0, 5.0]),
    case(
        "Geometric-logits",
        lambda t, p: t.distributions.Geometric(logits=p(LOGITS)),
        [0.0, 2.0, 5.0],
    ),
    case("Binomial", lambda t, p: t.distributions.Binomial(7, p(P)), [0.0, 7.0, 5.0]),
    case(
        "Binomial-logits",
        lambda t, p: t.distributions.Binomial(7, logits=p(LOGITS)),
        [0.0, 7.0, 5.0],
    ),
    case(
        "NegativeBinomial",
        lambda t, p: t.distributions.NegativeBinomial(p([3.0, 5.5, 2.0]), p(P)),
        [0.0, 7.0, 5.0],
    ),
    case(
        "NegativeBinomial-logits",
        lambda t, p: t.distributions.NegativeBinomial(4, logits=p(LOGITS)),
        [0.0, 7.0, 5.0],
    ),
    case(
        "ContinuousBernoulli",
        lambda t, p: t.distributions.ContinuousBernoulli(p([0.2, 0.4995, 0.9])),
        U,
        loose=1e3,
    ),
    case(
        "ContinuousBernoulli-logits",
        lambda t, p: t.distributions.ContinuousBernoulli(logits=p(LOGITS)),
        U,
        loose=1e3,
    ),
]
globals().update(standard_tests(*CASES))


@cases(CASES[9])
def test_gradients_through_samples(case) -> None:
    check_mean_gradient(case)


@pytest.mark.parametrize("expand", [True, False])
@pytest.mark.parametrize("name", ["Bernoulli", "Binomial"])
def test_enumerate_support(name, expand) -> None:
    found = []
    for t in (torch, dtrain):
        probs = t.tensor([0.2, 0.5])
        d = (
            t.distributions.Bernoulli(probs)
            if name == "Bernoulli"
            else t.distributions.Binomial(3, probs)
        )
        found.append(np.asarray(d.enumerate_support(expand)))
    np.testing.assert_array_equal(*found)


def test_probs_and_logits_exclude_one_another() -> None:
    for t in (torch, dtrain):
        for probs, logits in ((None, None), (t.tensor(0.5), t.tensor(0.0))):
            with pytest.raises(ValueError, match="but not both"):
                t.distributions.Bernoulli(probs, logits)


def test_values_outside_the_support_are_refused() -> None:
    for t in (torch, dtrain):
        with pytest.raises(ValueError, match=r"within the support \(Boolean\(\)\)"):
            t.distributions.Bernoulli(t.tensor(0.5)).log_prob(t.tensor(0.5))


def test_geometric_takes_torchs_stream() -> None:
    torch.manual_seed(5)
    expected = torch.distributions.Geometric(torch.tensor(0.3)).sample((60,))
    dtrain.manual_seed(5)
    got = dtrain.distributions.Geometric(dtrain.tensor(0.3)).sample((60,))
    np.testing.assert_array_equal(got._a, expected.numpy())

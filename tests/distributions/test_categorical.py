"""Categorical, OneHotCategorical, Multinomial."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.distributions.oracle import case, standard_tests

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

P = [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]
LOGITS = [[-1.0, 0.5, 2.0], [0.0, 0.0, 1.0]]
HOT = [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
COUNTS = [[2.0, 1.0, 3.0], [0.0, 0.0, 6.0]]
CASES = [
    case("Categorical", lambda t, p: t.distributions.Categorical(p(P)), [0, 2], spread=False),
    case(
        "Categorical-logits",
        lambda t, p: t.distributions.Categorical(logits=p(LOGITS)),
        [0, 2],
        spread=False,
    ),
    case("OneHotCategorical", lambda t, p: t.distributions.OneHotCategorical(p(P)), HOT),
    case(
        "OneHotCategorical-logits",
        lambda t, p: t.distributions.OneHotCategorical(logits=p(LOGITS)),
        HOT,
    ),
    case(
        "StraightThrough", lambda t, p: t.distributions.OneHotCategoricalStraightThrough(p(P)), HOT
    ),
    case(
        "Multinomial",
        lambda t, p: t.distributions.Multinomial(6, p(P)),
        COUNTS,
        loose=1e3,
        skip=("support",),
    ),
    case(
        "Multinomial-logits",
        lambda t, p: t.distributions.Multinomial(6, logits=p(LOGITS)),
        COUNTS,
        loose=1e3,
        skip=("support",),
    ),
]
globals().update(standard_tests(*CASES))


def test_frequencies() -> None:
    d = dtrain.distributions.Categorical(dtrain.tensor(P))
    dtrain.manual_seed(0)
    x = d.sample((20_000,))
    share = np.stack([np.bincount(x._a[:, i], minlength=3) / 20_000 for i in range(2)])
    np.testing.assert_allclose(share, P, atol=0.02)


def test_log_prob_broadcasts_values_and_batches() -> None:
    found = []
    for t in (torch, dtrain):
        d = t.distributions.Categorical(t.tensor(P))
        found.append(np.asarray(d.log_prob(t.tensor([[0], [1], [2]]))))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-6)


def test_enumerate_support() -> None:
    for name in ("Categorical", "OneHotCategorical"):
        for expand in (True, False):
            found = [
                np.asarray(getattr(t.distributions, name)(t.tensor(P)).enumerate_support(expand))
                for t in (torch, dtrain)
            ]
            np.testing.assert_array_equal(*found)


def test_a_policy_gradient_step() -> None:
    """REINFORCE as in every tutorial: the rewarded action becomes more probable."""
    logits = dtrain.zeros(4, requires_grad=True)
    optimizer = dtrain.optim.SGD([logits], lr=0.5)
    dtrain.manual_seed(0)
    for _ in range(60):
        policy = dtrain.distributions.Categorical(logits=logits)
        action = policy.sample((16,))
        reward = (action == 2).float()
        loss = -(policy.log_prob(action) * (reward - reward.mean())).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert dtrain.distributions.Categorical(logits=logits).probs[2].item() > 0.7


def test_rows_need_a_dimension() -> None:
    for t in (torch, dtrain):
        with pytest.raises(ValueError, match="at least one-dimensional"):
            t.distributions.Categorical(t.tensor(0.5))


def test_probs_that_are_negative_are_refused() -> None:
    for t in (torch, dtrain):
        with pytest.raises(ValueError, match=r"constraint Simplex\(\)"):
            t.distributions.Categorical(t.tensor([-0.5, 1.5]))

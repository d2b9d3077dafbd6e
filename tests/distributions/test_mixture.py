"""MixtureSameFamily."""

from __future__ import annotations

import numpy as np
import pytest

from tests.distributions.oracle import case, standard_tests

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def numbers(t, p):
    D = t.distributions
    return D.MixtureSameFamily(
        D.Categorical(p([0.2, 0.3, 0.5])), D.Normal(p([[0.0, 3.0, -2.0]]), p([1.0, 0.5, 2.0]))
    )


def vectors(t, p):
    D = t.distributions
    parts = D.Independent(D.Normal(p(np.arange(12.0).reshape(2, 3, 2)), p(1.5)), 1)
    return D.MixtureSameFamily(D.Categorical(logits=p([[0.1, 0.2, 0.5], [1.0, 0.0, 0.0]])), parts)


globals().update(
    standard_tests(
        case("numbers", numbers, [[0.3]], skip=("repr",)),
        case("vectors", vectors, [[1.0, 2.0], [0.5, 9.0]], skip=("repr",)),
    )
)


def test_components_must_fit_the_mixture() -> None:
    import dtrain

    for t in (torch, dtrain):
        D = t.distributions
        with pytest.raises(ValueError, match="does not equal"):
            D.MixtureSameFamily(D.Categorical(t.ones(3)), D.Normal(t.zeros(2), 1.0))
        with pytest.raises(ValueError, match="needs to be an"):
            D.MixtureSameFamily(D.Normal(t.zeros(2), 1.0), D.Normal(t.zeros(2), 1.0))

"""Distributions on positive numbers, from LogNormal to GeneralizedPareto."""

from __future__ import annotations

import numpy as np
import pytest

from tests.distributions.oracle import case, cases, check_mean_gradient, standard_tests

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

AT = np.linspace(0.2, 4, 6).reshape(2, 3)
A, B = [[0.8], [1.7]], [0.5, 1.0, 2.0]
CASES = [
    case(
        "LogNormal",
        lambda t, p: t.distributions.LogNormal(p([[0.1], [-1.0]]), p([0.3, 0.5, 0.6])),
        AT,
    ),
    case("HalfNormal", lambda t, p: t.distributions.HalfNormal(p(B)), AT),
    case("HalfCauchy", lambda t, p: t.distributions.HalfCauchy(p(B)), AT, spread=False),
    case("InverseGamma", lambda t, p: t.distributions.InverseGamma(p([[6.0], [9.0]]), p(B)), AT),
    case("Weibull", lambda t, p: t.distributions.Weibull(p(B), p([[1.2], [3.0]])), AT),
    case("Pareto", lambda t, p: t.distributions.Pareto(p(B), p([[6.0], [9.0]])), AT + 2),
    case(
        "Kumaraswamy",
        lambda t, p: t.distributions.Kumaraswamy(p([[1.3], [2.0]]), p([1.2, 2.0, 3.0])),
        AT / 5,
        skip=("mode",),
    ),
    case(
        "GeneralizedPareto",
        lambda t, p: t.distributions.GeneralizedPareto(
            p([[0.0], [0.1]]), p(B), p([0.05, 0.1, 0.0])
        ),
        AT,
        dtype="float32",
        loose=3,
    ),
]
globals().update(standard_tests(*CASES))


@cases(CASES[1], CASES[3], CASES[4], CASES[6])
def test_gradients_through_samples(case) -> None:
    check_mean_gradient(case, count=15_000)

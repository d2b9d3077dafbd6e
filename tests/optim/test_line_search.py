"""The line search: what it finds fulfils the strong Wolfe conditions."""

from __future__ import annotations

import math

import pytest

import dtrain
from dtrain.optim.line_search import CURVATURE, DESCENT, Point, strong_wolfe

CURVES = {
    "parabola": (lambda t: (t - 2) ** 2, lambda t: 2 * (t - 2)),
    "far": (lambda t: (t - 50) ** 2, lambda t: 2 * (t - 50)),
    "waves": (lambda t: math.cos(3 * t) - t / 2, lambda t: -3 * math.sin(3 * t) - 0.5),
    "steep": (lambda t: math.exp(5 * t) - 20 * t, lambda t: 5 * math.exp(5 * t) - 20),
}


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("first", [0.01, 1.0, 30.0])
def test_wolfe_conditions(curve, first):
    loss, slope = CURVES[curve]

    def evaluate(t):
        t = float(t)
        known = dtrain.tensor(slope(min(t, 100)), dtype=dtrain.float64)
        return Point(t, loss(min(t, 100)), known, known)

    start = evaluate(0.0)
    found, evaluated = strong_wolfe(evaluate, start, first, 1.0, 25)
    assert 1 <= evaluated <= 26
    assert found.loss <= start.loss + DESCENT * found.t * float(start.slope)
    assert abs(float(found.slope)) <= -CURVATURE * float(start.slope)

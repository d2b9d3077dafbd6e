"""Transforms that work on each number by itself."""

from __future__ import annotations

import pytest

from tests.distributions.maps import check, map_case, maps

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

ABOVE = [[0.1, 0.5, 2.0], [1.0, 3.0, 9.0]]


@maps(
    map_case("exp", lambda D, p: D.ExpTransform(), (4, 3)),
    map_case("sigmoid", lambda D, p: D.SigmoidTransform(), (4, 3)),
    map_case("softplus", lambda D, p: D.SoftplusTransform(), (4, 3)),
    map_case("tanh", lambda D, p: D.TanhTransform(), (4, 3)),
    map_case("abs", lambda D, p: D.AbsTransform(), (4, 3)),
    map_case("power", lambda D, p: D.PowerTransform(p([0.5, 2.0, -1.0])), (2, 3), at=ABOVE),
    map_case("power-number", lambda D, p: D.PowerTransform(p(2.5)), (2, 3), at=ABOVE),
    map_case("affine", lambda D, p: D.AffineTransform(p([0.5, 1.0, 2.0]), p(-2.0)), (4, 3)),
    map_case("affine-numbers", lambda D, p: D.AffineTransform(1.0, 2.0), (4, 3)),
    map_case(
        "affine-event",
        lambda D, p: D.AffineTransform(p([0.5, 1.0, 2.0]), p([-2.0, 1.0, 3.0]), 1),
        (4, 3),
    ),
    map_case(
        "cdf", lambda D, p: D.CumulativeDistributionTransform(D.Normal(p(0.5), p(2.0))), (4, 3)
    ),
)
def test_map_and_back(case) -> None:
    check(case)

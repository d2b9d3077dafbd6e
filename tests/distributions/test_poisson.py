"""Poisson."""

from __future__ import annotations

import pytest

from tests.distributions.oracle import case, standard_tests

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

globals().update(
    standard_tests(
        case(
            "Poisson", lambda t, p: t.distributions.Poisson(p([0.3, 2.0, 50.0])), [0.0, 3.0, 40.0]
        ),
        case("Poisson-number", lambda t, p: t.distributions.Poisson(3.5), [0.0, 3.0, 40.0]),
    )
)

"""VonMises."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.distributions.oracle import case, standard_tests

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

# torch's Bessel functions have six digits
CASES = [
    case(
        "VonMises",
        lambda t, p: t.distributions.VonMises(p([[0.5], [-1.0]]), p([0.3, 2.0, 40.0])),
        [[0.1, 0.2, 0.3], [1.0, -1.0, -0.5]],
        loose=1e4,
        spread=False,
        skip=("variance", "stddev"),
    ),
]
globals().update(standard_tests(*CASES))


@pytest.mark.parametrize("k", [1e-6, 0.3, 2.0, 40.0])
def test_samples_have_the_circular_moments(k) -> None:
    d = dtrain.distributions.VonMises(dtrain.tensor(0.7), dtrain.tensor(k))
    dtrain.manual_seed(0)
    x = d.sample((20_000,))._a.astype(np.float64)
    np.testing.assert_allclose(1 - np.cos(x - 0.7).mean(), d.variance.item(), atol=0.02)
    assert abs(np.sin(x - 0.7).mean()) < 0.02
    expected = torch.distributions.VonMises(torch.tensor(0.7), torch.tensor(k)).variance.item()
    np.testing.assert_allclose(d.variance.item(), expected, rtol=1e-4, atol=1e-5)

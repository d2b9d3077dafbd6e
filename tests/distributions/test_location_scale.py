"""Normal, Laplace, Cauchy, Gumbel, StudentT, Uniform."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.distributions.oracle import case, cases, check_mean_gradient, standard_tests

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

LOC, SCALE = [[0.5], [-1.0]], [0.7, 1.0, 2.5]
AT = np.linspace(-3, 4, 6).reshape(2, 3)
CASES = [
    case("Normal", lambda t, p: t.distributions.Normal(p(LOC), p(SCALE)), AT),
    case("Normal-0d", lambda t, p: t.distributions.Normal(p(0.5), 2.0), 0.25),
    case("Laplace", lambda t, p: t.distributions.Laplace(p(LOC), p(SCALE)), AT),
    case("Cauchy", lambda t, p: t.distributions.Cauchy(p(LOC), p(SCALE)), AT, spread=False),
    case("Gumbel", lambda t, p: t.distributions.Gumbel(p(LOC), p(SCALE)), AT),
    case("StudentT", lambda t, p: t.distributions.StudentT(p([5.0, 9.0, 30.0]), p(LOC), p(SCALE)),
         AT),
    case("Uniform", lambda t, p: t.distributions.Uniform(p([[0.0], [-9.0]]), p([5.0, 7.0, 9.0])),
         [[0.5, 2.0, 3.0], [-1.0, 1.0, 2.0]]),
]  # fmt: skip
globals().update(standard_tests(*CASES))


@cases(*CASES[:2], CASES[4], CASES[6])
def test_gradients_through_samples(case) -> None:
    check_mean_gradient(case)


@pytest.mark.parametrize("name", ["Normal", "Laplace", "Cauchy", "Uniform"])
def test_the_stream_is_torchs(name) -> None:
    torch.manual_seed(3)
    expected = getattr(torch.distributions, name)(0.5, 2.0).sample((40,))
    dtrain.manual_seed(3)
    got = getattr(dtrain.distributions, name)(0.5, 2.0).sample((40,))
    np.testing.assert_allclose(got._a, expected.numpy(), rtol=1e-5, atol=1e-6)


def test_a_wrong_scale_is_refused_in_torchs_words() -> None:
    errors = []
    for t in (torch, dtrain):
        with pytest.raises(ValueError, match="satisfy the constraint GreaterThan") as caught:
            t.distributions.Normal(t.tensor([0.0, 1.0]), t.tensor([1.0, -1.0]))
        errors.append(str(caught.value))
    assert errors[0] == errors[1]


def test_validation_can_be_switched_off() -> None:
    assert dtrain.distributions.Normal(0.0, -1.0, validate_args=False).scale.item() == -1


def test_an_empty_range_is_refused() -> None:
    for t in (torch, dtrain):
        with pytest.raises(ValueError, match="satisfy the constraint LessThan"):
            t.distributions.Uniform(t.tensor(2.0), t.tensor(1.0))

"""From constraints to transforms."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

SETS = {
    "real": lambda c: c.real,
    "positive": lambda c: c.positive,
    "nonnegative": lambda c: c.nonnegative,
    "greater_than": lambda c: c.greater_than(2.0),
    "less_than": lambda c: c.less_than(-1.0),
    "unit_interval": lambda c: c.unit_interval,
    "interval": lambda c: c.interval(-1.0, 3.0),
    "half_open_interval": lambda c: c.half_open_interval(-1.0, 3.0),
    "simplex": lambda c: c.simplex,
    "independent": lambda c: c.independent(c.positive, 1),
    "lower_cholesky": lambda c: c.lower_cholesky,
    "corr_cholesky": lambda c: c.corr_cholesky,
    "positive_definite": lambda c: c.positive_definite,
    "cat": lambda c: c.cat([c.positive, c.real], dim=-1, lengths=[1, 2]),
    "stack": lambda c: c.stack([c.positive, c.real, c.unit_interval], dim=-1),
}
NOT_BIJECTIVE = ("lower_cholesky", "positive_definite")


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("registry", ["biject_to", "transform_to"])
def test_numbers_are_led_inside_as_in_torch(registry, name) -> None:
    shape = (3,) if name == "corr_cholesky" else (3, 3)
    x = np.random.default_rng(0).normal(size=shape)
    found = []
    for t in (torch, dtrain):
        constraint = SETS[name](t.distributions.constraints)
        if registry == "biject_to" and name in NOT_BIJECTIVE:
            with pytest.raises(NotImplementedError, match="Cannot transform"):
                t.distributions.biject_to(constraint)
            continue
        made = getattr(t.distributions, registry)(constraint)
        y = made(t.tensor(x))
        assert bool(constraint.check(y).all())
        assert registry == "transform_to" or made.bijective
        found.append(np.asarray(y))
    if found:
        np.testing.assert_allclose(found[1], found[0], rtol=1e-9)


def test_own_constraints() -> None:
    D = dtrain.distributions

    class Even(D.constraints.Constraint):
        pass

    @D.transform_to.register(Even)
    def even(constraint):
        return D.ExpTransform()

    assert D.transform_to(Even()) == D.ExpTransform()
    with pytest.raises(NotImplementedError, match="Cannot transform Even constraints"):
        D.biject_to(Even())
    with pytest.raises(TypeError, match="Constraint subclass or instance"):
        D.biject_to.register(int, even)

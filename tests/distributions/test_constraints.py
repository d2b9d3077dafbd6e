"""Constraints: what lies inside, and how they are shown."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.oracle import assert_same

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

NUMBERS = [-1.0, 0.0, 0.5, 1.0, 2.0, 3.5, float("nan"), float("inf")]
ROWS = [[0.2, 0.3, 0.5], [0.0, 1.0, 0.0], [0.5, 0.6, -0.1], [2.0, 1.0, 0.0]]
TRIANGLE = [[1.0, 0.0], [0.6, 0.8]]
MATRICES = [
    [[2.0, 0.5], [0.5, 1.0]],
    TRIANGLE,
    [[1.0, 2.0], [2.0, 1.0]],
    [[1.0, 0.0], [-2.0, -3.0]],
]
SETS = [
    ("boolean", lambda c: c.boolean, NUMBERS), ("real", lambda c: c.real, NUMBERS),
    ("positive", lambda c: c.positive, NUMBERS), ("nonnegative", lambda c: c.nonnegative, NUMBERS),
    ("unit_interval", lambda c: c.unit_interval, NUMBERS),
    ("interval", lambda c: c.interval(0.5, 2.0), NUMBERS),
    ("half_open", lambda c: c.half_open_interval(0.5, 2.0), NUMBERS),
    ("greater_than", lambda c: c.greater_than(1.0), NUMBERS),
    ("greater_than_eq", lambda c: c.greater_than_eq(1.0), NUMBERS),
    ("less_than", lambda c: c.less_than(1.0), NUMBERS),
    ("nonnegative_integer", lambda c: c.nonnegative_integer, NUMBERS[:-1]),
    ("positive_integer", lambda c: c.positive_integer, NUMBERS[:-1]),
    ("integer_interval", lambda c: c.integer_interval(0, 2), NUMBERS[:-1]),
    ("simplex", lambda c: c.simplex, ROWS), ("one_hot", lambda c: c.one_hot, ROWS),
    ("real_vector", lambda c: c.real_vector, ROWS),
    ("lower_triangular", lambda c: c.lower_triangular, MATRICES),
    ("lower_cholesky", lambda c: c.lower_cholesky, MATRICES),
    ("corr_cholesky", lambda c: c.corr_cholesky, MATRICES),
    ("square", lambda c: c.square, MATRICES),
    ("symmetric", lambda c: c.symmetric, MATRICES[:1] + MATRICES[2:3]),
    ("positive_definite", lambda c: c.positive_definite, MATRICES[:1] + MATRICES[2:3]),
    ("positive_definite-skew", lambda c: c.positive_definite, MATRICES),
    ("positive_semidefinite", lambda c: c.positive_semidefinite, MATRICES[:1] + MATRICES[2:3]),
    ("independent", lambda c: c.independent(c.positive, 1), ROWS),
]  # fmt: skip


@pytest.mark.parametrize(("build", "values"), [s[1:] for s in SETS], ids=[s[0] for s in SETS])
def test_what_lies_inside(build, values) -> None:
    theirs, ours = build(torch.distributions.constraints), build(dtrain.distributions.constraints)
    assert_same(ours.check(dtrain.tensor(values)), theirs.check(torch.tensor(values)))
    assert repr(ours) == repr(theirs)
    assert (ours.is_discrete, ours.event_dim) == (theirs.is_discrete, theirs.event_dim)


def test_multinomial_counts() -> None:
    for t in (torch, dtrain):
        inside = t.distributions.constraints.multinomial(3).check(t.tensor(ROWS))
        assert inside.tolist() == [True, True, False, True]


def test_parts() -> None:
    values = np.array([[0.5, -2.0, 0.5], [3.0, 1.0, 4.0]])
    for name, kw in (("cat", {"dim": 1, "lengths": [1, 2]}), ("stack", {"dim": 0})):
        found = []
        for t in (torch, dtrain):
            c = t.distributions.constraints
            made = getattr(c, name)([c.unit_interval, c.real], **kw)
            found.append((made.check(t.tensor(values)).tolist(), made.event_dim, made.is_discrete))
        assert found[0] == found[1]


def test_dependent_sets_cannot_be_checked() -> None:
    c = dtrain.distributions.constraints
    with pytest.raises(ValueError, match="Cannot determine validity"):
        c.dependent.check(dtrain.zeros(1))
    assert c.is_dependent(dtrain.distributions.Uniform.support)
    assert dtrain.distributions.Uniform.support.event_dim == 0
    with pytest.raises(NotImplementedError, match="cannot be determined statically"):
        _ = c.dependent.is_discrete


def test_events_need_their_dimensions() -> None:
    c = dtrain.distributions.constraints
    with pytest.raises(ValueError, match=r"Expected value\.dim"):
        c.independent(c.real, 1).check(dtrain.tensor(1.0))

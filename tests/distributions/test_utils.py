"""What distributions share."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from dtrain.distributions import utils
from tests.oracle import assert_same

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def test_numbers_take_the_type_of_tensors() -> None:
    a, b = utils.broadcast_all(dtrain.zeros(3, dtype=dtrain.float64), 1.0)
    assert b.dtype is dtrain.float64
    assert tuple(b.shape) == (3,)
    (c,) = utils.broadcast_all(2)
    assert c.dtype is dtrain.float32
    assert a.shape == b.shape
    with pytest.raises(ValueError, match="must all be instances of Number"):
        utils.broadcast_all("1")


@pytest.mark.parametrize("binary", [False, True])
def test_probs_and_logits(binary) -> None:
    p = np.array([[0.0, 0.2, 0.8], [1.0, 0.0, 0.0]])
    theirs = torch.distributions.utils
    logits = theirs.probs_to_logits(torch.tensor(p), binary)
    assert_same(utils.probs_to_logits(dtrain.tensor(p), binary), logits)
    back = theirs.logits_to_probs(logits, binary)
    assert_same(utils.logits_to_probs(dtrain.tensor(logits.numpy()), binary), back)


def test_lazy_properties_are_computed_once() -> None:
    calls = []

    class Owner:
        @utils.lazy_property
        def value(self):
            """A value."""
            calls.append(1)
            return 7

    owner = Owner()
    assert (owner.value, owner.value, len(calls)) == (7, 7, 1)
    assert isinstance(Owner.value, utils.lazy_property)
    assert Owner.value.__doc__ == "A value."


def test_sums_over_the_last_dimensions() -> None:
    x = dtrain.ones(2, 3, 4)
    assert utils.sum_rightmost(x, 2).tolist() == [12, 12]
    assert utils.sum_rightmost(x, 0) is x
    assert utils.sum_rightmost(0.0, 2) == 0


@pytest.mark.parametrize("diag", [-1, 0, 1])
def test_triangles_and_vectors(diag) -> None:
    m = np.arange(32.0).reshape(2, 4, 4)
    theirs = torch.distributions.utils
    vectors = theirs.tril_matrix_to_vec(torch.tensor(m), diag)
    assert_same(utils.tril_matrix_to_vec(dtrain.tensor(m), diag), vectors)
    back = theirs.vec_to_tril_matrix(vectors, diag)
    assert_same(utils.vec_to_tril_matrix(dtrain.tensor(vectors.numpy()), diag), back)

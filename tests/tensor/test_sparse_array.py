"""Tests of sparse arrays: the laws that tie them to dense ones."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from dtrain.errors import OpError, ShapeError
from dtrain.tensor.sparse_array import SparseArray


def drawn(
    seed: int = 0, shape: tuple[int, ...] = (4, 5), dense: tuple[int, ...] = ()
) -> SparseArray:
    """Return an array in which some coordinates appear twice."""
    rng = np.random.default_rng(seed)
    indices = np.stack([rng.integers(0, n, 7) for n in shape])
    indices[:, -1] = indices[:, 0]
    return SparseArray(indices, rng.normal(size=(7, *dense)), (*shape, *dense))


@pytest.mark.parametrize("dense", [(), (3,)])
def test_coalescing_keeps_the_array_and_sorts_its_coordinates(dense: tuple[int, ...]) -> None:
    a = drawn(dense=dense)
    b = a.coalesce()
    assert b.coalesced
    assert b.count < a.count
    assert (np.diff(b.flat()) > 0).all()
    np.testing.assert_allclose(b.dense(), a.dense())


def test_sums_and_differences_are_those_of_the_dense_arrays() -> None:
    a, b = drawn(1), drawn(2)
    full = np.arange(20.0).reshape(4, 5)
    np.testing.assert_allclose((a + b).dense(), a.dense() + b.dense())
    np.testing.assert_allclose((a - b).dense(), a.dense() - b.dense())
    np.testing.assert_allclose(a + full, a.dense() + full)
    np.testing.assert_allclose(full + a, full + a.dense())
    np.testing.assert_allclose(full - a, full - a.dense())
    assert (a.coalesce() + b.coalesce()).coalesced


@pytest.mark.parametrize("other", [drawn(3), np.arange(20.0).reshape(4, 5), 2.5])
def test_products_are_those_of_the_dense_arrays(other: Any) -> None:
    a = drawn()
    expected = a.dense() * (other.dense() if isinstance(other, SparseArray) else other)
    np.testing.assert_allclose((a * other).dense(), expected)
    np.testing.assert_allclose((other * a).dense(), expected)


def test_matrix_product_with_a_dense_matrix() -> None:
    a, b = drawn(), np.random.default_rng(5).normal(size=(5, 3))
    np.testing.assert_allclose(a.product(b), a.dense() @ b)
    np.testing.assert_allclose(a.T.product(b[:4]), a.dense().T @ b[:4])
    with pytest.raises(ShapeError, match="cannot be multiplied"):
        a.product(b[:4])


def test_elements_of_another_array_at_the_same_coordinates() -> None:
    a, b = drawn(1).coalesce(), drawn(2)
    np.testing.assert_allclose(a.like(b).values, b.dense()[tuple(a.indices)])
    np.testing.assert_allclose(a.like(b.dense()).values, b.dense()[tuple(a.indices)])


def test_what_would_be_dense_is_refused() -> None:
    a = drawn()
    with pytest.raises(OpError, match="would be dense"):
        a + 1
    with pytest.raises(OpError, match="scalar or zero-dim"):
        a / np.ones((4, 5))
    with pytest.raises(OpError, match="to_dense"):
        a.reshape(20)
    with pytest.raises(ShapeError, match="same size"):
        a + drawn(shape=(4, 6))


def test_copies_and_pickles() -> None:
    a = drawn()
    for b in (a.copy(), copy.deepcopy(a), pickle.loads(pickle.dumps(a))):
        assert b.values is not a.values
        np.testing.assert_array_equal(b.dense(), a.dense())

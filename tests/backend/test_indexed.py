"""Adding at indices, against NumPy's own slow way."""

from __future__ import annotations

import numpy as np
import pytest

from dtrain.backend.indexed import add_at, check_index
from dtrain.errors import OpIndexError


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "complex64"])
def test_repeated_positions_add_up(dtype: str) -> None:
    rng = np.random.default_rng(0)
    where = rng.integers(0, 12, (5, 7))
    values = rng.integers(-8, 8, (5, 7)).astype(dtype)
    expected = np.zeros(12, dtype)
    for i, v in zip(where.reshape(-1), values.reshape(-1), strict=True):
        expected[i] += v
    got = add_at(np, (3, 4), where, values)
    assert got.shape == (3, 4)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got.reshape(-1), expected)


def test_nothing_to_add() -> None:
    got = add_at(np, (2, 0, 3), np.zeros(0, np.int64), np.zeros(0, np.float32))
    assert got.shape == (2, 0, 3)


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64])
@pytest.mark.parametrize("wrong", [-1, 4])
def test_an_index_outside_is_named(dtype: type, wrong: int) -> None:
    check_index(np, np.array([0, 3], dtype), 4, "fine {index}")
    with pytest.raises(OpIndexError, match=f"index {wrong} of 4"):
        check_index(np, np.array([0, wrong, 3], dtype), 4, "index {index} of 4")

"""Checks of dimensions and sizes, in torch's words."""

from __future__ import annotations

import pytest

from dtrain.errors import OpError, OpIndexError, OpTypeError
from dtrain.tensor.shape_rules import at_dim, wrap_dim, wrap_dims


def test_dimensions_count_from_either_end() -> None:
    assert [wrap_dim("f", d, 3) for d in (-3, -1, 0, 2)] == [0, 2, 0, 2]
    assert wrap_dim("f", -1, 0) == 0
    assert wrap_dims("f", (-1, 0), 3) == (2, 0)
    assert wrap_dims("f", 1, 3) == (1,)


def test_errors() -> None:
    words = r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 5\)"
    with pytest.raises(OpIndexError, match=words):
        wrap_dim("f", 5, 2)
    with pytest.raises(OpTypeError, match="argument 'dim' must be int, not str"):
        wrap_dim("f", "a", 2)
    with pytest.raises(OpError, match="dim 1 appears multiple times"):
        wrap_dims("f", (1, -1), 2)


def test_an_index_of_one_dimension() -> None:
    assert at_dim(2, 5) == (slice(None), slice(None), 5)

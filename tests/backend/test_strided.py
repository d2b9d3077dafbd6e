"""Windows into memory: the same elements as NumPy's as_strided, and a base that can be seen."""

from __future__ import annotations

import numpy as np
import pytest

from dtrain.backend.strided import strided


@pytest.mark.parametrize(
    ("source", "offset"),
    [
        (np.arange(24.0), 0),
        (np.arange(24.0).reshape(4, 6), 5),
        (np.arange(24.0).reshape(4, 6).T, 0),
        (np.arange(48.0).reshape(4, 12)[:, 2:8], 0),
        (np.arange(48.0)[8:], -3),
    ],
)
def test_same_elements_as_numpy(source: np.ndarray, offset: int) -> None:
    got = strided(source, (2, 3), (16, 8), offset)
    start = source.__array_interface__["data"][0] + 8 * offset
    for i in range(2):
        for j in range(3):
            address = got[i : i + 1, j : j + 1].__array_interface__["data"][0]
            assert address == start + 16 * i + 8 * j
    assert np.shares_memory(got, source)


def test_the_base_is_the_owner_of_the_memory() -> None:
    owner = np.zeros((4, 6))
    view = strided(owner[1:], (2, 2), (48, 8))
    assert view.base is owner
    view[0, 0] = 7.0
    assert owner[1, 0] == 7.0

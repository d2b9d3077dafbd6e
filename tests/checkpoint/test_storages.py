from __future__ import annotations

import numpy as np
import pytest

from dtrain.checkpoint.storages import StorageTable
from dtrain.errors import CheckpointError


def test_views_share_a_storage() -> None:
    base = np.arange(12.0).reshape(3, 4)
    table = StorageTable()
    whole, *rest = table.add(base)
    assert rest == [0, (4, 1)]
    assert table.add(base[1:, 1:]) == (whole, 5, (4, 1))
    assert table.add(base.T) == (whole, 0, (1, 4))
    assert table.add(np.broadcast_to(base[0, 0], (5,)))[0].numel == 1
    assert whole.view().tobytes() == base.tobytes()


def test_memory_order_is_kept() -> None:
    base = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    ref, offset, stride = StorageTable().add(base)
    assert (offset, stride) == (0, (1, 2))
    assert np.frombuffer(ref.view()).tolist() == [0, 3, 1, 4, 2, 5]


def test_what_torch_cannot_express_becomes_a_copy() -> None:
    ref, offset, stride = StorageTable().add(np.arange(4.0)[::-1])
    assert (offset, stride) == (0, (1,))
    assert np.frombuffer(ref.view()).tolist() == [3, 2, 1, 0]


def test_empty_arrays_have_storages_of_their_own() -> None:
    table = StorageTable()
    assert table.add(np.empty(0))[0] is not table.add(np.empty(0))[0]
    assert [ref.key for ref in table] == ["0", "1"]


def test_one_memory_cannot_have_two_types() -> None:
    base = np.zeros(4, np.float32)
    table = StorageTable()
    table.add(base)
    with pytest.raises(CheckpointError, match="view the same data as different types"):
        table.add(base.view(np.int32))


def test_numpy_scalars_are_arrays() -> None:
    ref, offset, stride = StorageTable().add(np.float32(2.5))
    assert (ref.numel, offset, stride) == (1, 0, ())

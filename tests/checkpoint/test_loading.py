from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import checkpoint
from dtrain.errors import OpValueError
from dtrain.tensor.dtype import float32
from dtrain.tensor.storage import Storage


def test_errors_of_map_location_are_its_own(make_file: Any, pickle_of_tensor: Any) -> None:
    def broken(storage: Storage, location: str) -> Storage:
        raise LookupError("mine")

    file = make_file(pickle_of_tensor(), **{"data/0": bytes(24)})
    with pytest.raises(LookupError, match="mine"):
        checkpoint.load(file, map_location=broken)


def test_map_location_may_bring_other_memory(make_file: Any, pickle_of_tensor: Any) -> None:
    memory = np.arange(6, dtype=np.float32)
    file = make_file(pickle_of_tensor(), **{"data/0": bytes(24)})
    back = checkpoint.load(file, map_location=lambda s, location: Storage(memory, float32))
    memory[0] = 9
    assert back._a.tolist() == [[9, 1, 2], [3, 4, 5]]


def test_map_location_may_not_change_the_size(make_file: Any, pickle_of_tensor: Any) -> None:
    file = make_file(pickle_of_tensor(), **{"data/0": bytes(24)})
    small = Storage(np.zeros(1, np.float32), float32)
    with pytest.raises(OpValueError, match="size"):
        checkpoint.load(file, map_location=lambda s, location: small)


def test_map_location_sees_numbers_in_native_order(make_file: Any, pickle_of_tensor: Any) -> None:
    seen = []
    data = np.arange(6, dtype=">f4").tobytes()
    file = make_file(pickle_of_tensor(), **{"data/0": data, "byteorder": b"big"})
    checkpoint.load(file, map_location=lambda s, location: seen.append(s.tolist()))
    assert seen == [[0, 1, 2, 3, 4, 5]]

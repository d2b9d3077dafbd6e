from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from dtrain import checkpoint
from dtrain.errors import UnsafeFileError
from dtrain.tensor.tensor import Tensor


class Whole:
    def __init__(self, value: Any) -> None:
        self.value = value


def test_trusted_files_may_hold_any_importable_class(make_file: Any) -> None:
    file = make_file(pickle.dumps(Whole([1]), 2))
    assert checkpoint.load(file, weights_only=False).value == [1]


def test_trusted_files_hold_tensors_too(make_file: Any, pickle_of_tensor: Any) -> None:
    data = np.arange(6, dtype=np.float32)
    file = make_file(pickle_of_tensor(), **{"data/0": data.tobytes()})
    back = checkpoint.load(file, weights_only=False)
    assert isinstance(back, Tensor)
    assert back._a.tolist() == data.reshape(2, 3).tolist()


def test_names_of_torch_lead_to_dtrain(make_file: Any) -> None:
    file = make_file(b"\x80\x02ctorch.tensor.storage\nStorage\n.")
    from dtrain.tensor.storage import Storage

    assert checkpoint.load(file, weights_only=False) is Storage


def test_what_dtrain_lacks_is_named(make_file: Any) -> None:
    file = make_file(b"\x80\x02ctorch.nn.modules.nowhere\nNothing\n.")
    with pytest.raises(UnsafeFileError, match=r"torch\.nn\.modules\.nowhere\.Nothing"):
        checkpoint.load(file, weights_only=False)

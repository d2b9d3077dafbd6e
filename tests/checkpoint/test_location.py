from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain.backend.cupy_ import device_count
from dtrain.checkpoint.location import Placement
from dtrain.errors import DeviceError, OpTypeError
from dtrain.tensor.device import device
from dtrain.tensor.dtype import float32
from dtrain.tensor.storage import Storage


@pytest.fixture
def storage() -> Storage:
    return Storage(np.ones(3, np.float32), float32)


@pytest.mark.parametrize(
    ("map_location", "location", "stays"),
    [
        (None, "cpu", True),
        (None, "cuda:0", False),
        ("cpu", "cuda:0", True),
        (device("cpu"), "cuda:0", True),
        ({"cuda:0": "cpu"}, "cuda:0", True),
        ({"cuda:1": "cpu"}, "cuda:0", False),
        (lambda storage, location: storage, "cpu", False),
    ],
)
def test_what_stays_on_the_host(map_location: Any, location: str, stays: bool) -> None:
    assert Placement(map_location).stays(location) is stays


def test_a_function_may_choose(storage: Storage) -> None:
    other = Storage(np.zeros(3, np.float32), float32)
    assert Placement(lambda s, location: other).put(storage, "cuda:0") is other
    assert Placement(lambda s, location: None).put(storage, "cpu") is storage
    with pytest.raises(OpTypeError, match="map_location returned a str"):
        Placement(lambda s, location: "cpu").put(storage, "cpu")  # type: ignore[arg-type,return-value]


@pytest.mark.skipif(device_count() > 0, reason="is about machines without a GPU")
@pytest.mark.parametrize("map_location", [None, "cuda:0", device("cuda", 1), {"cuda:0": "cuda:1"}])
def test_a_gpu_that_is_not_there(storage: Storage, map_location: Any) -> None:
    with pytest.raises(
        DeviceError, match=r"Attempting to deserialize object on a CUDA device.*is False"
    ):
        Placement(map_location).put(storage, "cuda:0")


@pytest.mark.gpu
def test_a_gpu(storage: Storage) -> None:
    moved = Placement(None).put(storage, "cuda:0")
    assert moved._root.get().tobytes() == np.ones(3, np.float32).tobytes()
    with pytest.raises(DeviceError, match="device_count"):
        Placement(None).put(storage, "cuda:99")


def test_wrong_kinds() -> None:
    with pytest.raises(OpTypeError, match="map_location"):
        Placement(3.5)  # type: ignore[arg-type]

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import checkpoint
from dtrain.checkpoint.rebuild import REBUILD, rebuild_parameter, rebuild_plain_parameter
from dtrain.errors import UnsafeFileError
from dtrain.nn.parameter import Parameter
from dtrain.tensor.tensor import wrap


def test_names_of_the_functions_are_those_of_torch() -> None:
    for name, call in REBUILD.items():
        assert name.rsplit(".", 1)[1] == f"_{call.__name__}"


@pytest.mark.torch
def test_torch_has_these_functions() -> None:
    torch = pytest.importorskip("torch")
    for name in REBUILD:
        module, short = name.removeprefix("torch.").rsplit(".", 1)
        assert hasattr(getattr(torch, module), short)


def test_parameters() -> None:
    tensor = wrap(np.ones(2))
    assert type(rebuild_plain_parameter(tensor)) is Parameter
    assert not rebuild_parameter(tensor, False, None).requires_grad
    with pytest.raises(TypeError):
        rebuild_parameter([1.0], True, None)


def test_views_of_an_empty_storage(make_file: Any, pickle_of_tensor: Any) -> None:
    data = pickle_of_tensor(numel=0, size=(0, 3))
    assert checkpoint.load(make_file(data, **{"data/0": b""}))._a.shape == (0, 3)
    with pytest.raises(UnsafeFileError):
        checkpoint.load(make_file(pickle_of_tensor(numel=0), **{"data/0": b""}))


def test_an_expanded_view_takes_no_memory(make_file: Any, pickle_of_tensor: Any) -> None:
    data = pickle_of_tensor(numel=1, size=(10**9,), stride=(0,))
    assert checkpoint.load(make_file(data, **{"data/0": bytes(4)}))._a.strides == (0,)

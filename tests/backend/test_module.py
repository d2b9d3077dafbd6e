"""From array classes to array modules."""

from __future__ import annotations

import numpy as np
import pytest

from dtrain.backend.module import module_of, to_host
from tests.fake_device import FakeArray, fake


class Sub(np.ndarray):
    pass


def test_numpy_and_its_scalars() -> None:
    assert module_of(np.ndarray) is np
    assert module_of(np.float32) is np
    assert module_of(Sub) is np


def test_registered_classes() -> None:
    assert module_of(FakeArray) is fake


def test_what_is_no_array() -> None:
    with pytest.raises(TypeError, match=r"builtins\.dict is not an array class"):
        module_of(dict)


def test_to_host() -> None:
    a = np.ones(2)
    assert to_host(a) is a
    far = FakeArray(a)
    assert isinstance(to_host(far), np.ndarray)

"""Memory formats: the order in memory, never the values."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import dtrain
from dtrain.errors import ShapeError
from dtrain.tensor.memory_format import arrange, channels_last, contiguous_format, is_arranged


def test_channels_last_keeps_shape_and_values() -> None:
    x = np.arange(48.0).reshape(2, 3, 4, 2)
    y = arrange(np, x, channels_last)
    np.testing.assert_array_equal(x, y)
    assert is_arranged(y, channels_last)
    assert not is_arranged(x, channels_last)
    assert arrange(np, y, channels_last) is y
    assert is_arranged(arrange(np, y, contiguous_format), None)


def test_strides_of_a_tensor() -> None:
    x = dtrain.zeros(2, 3, 4, 5).to(memory_format=dtrain.channels_last)
    assert x.stride() == (60, 1, 15, 3)
    assert x.is_contiguous(memory_format=dtrain.channels_last)
    assert not x.is_contiguous()


def test_wrong_number_of_dimensions() -> None:
    with pytest.raises(ShapeError, match="required rank 4 tensor to use channels_last format"):
        arrange(np, np.zeros(3), channels_last)


def test_a_format_stays_itself() -> None:
    assert pickle.loads(pickle.dumps(channels_last)) is channels_last
    assert copy.copy(channels_last) is channels_last
    assert repr(channels_last) == "torch.channels_last"

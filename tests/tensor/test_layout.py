"""Layouts."""

from __future__ import annotations

import pickle

import dtrain as torch
from dtrain.tensor.layout import layout, strided


def test_there_is_one_layout() -> None:
    assert torch.zeros(2).layout is torch.strided is strided
    assert isinstance(strided, layout)
    assert repr(strided) == "torch.strided"


def test_layouts_are_pickled_by_name() -> None:
    assert pickle.loads(pickle.dumps(strided)) is strided

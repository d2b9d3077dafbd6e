"""Layers that change the shape."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    "make", ["nn.Flatten()", "nn.Flatten(0)", "nn.Flatten(1, 2)", "nn.Unflatten(1, (3, 2))",
             "nn.Unflatten(-1, [2, -1])"],
)  # fmt: skip
def test_layer(make):
    check(make, varied(2, 6, 4))


def test_sizes_are_integers():
    same("torch.nn.Unflatten(1, (2, 'a'))", "found element of type str at pos 1")

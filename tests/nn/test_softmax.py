"""Softmax layers."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("layer", ["Softmax(1)", "LogSoftmax(dim=-1)", "Softmin(0)", "Softmax2d()"])
def test_layer(layer):
    check(f"nn.{layer}", varied(3, 4, 2))


def test_only_images_have_channels():
    same(
        "torch.nn.Softmax2d()(torch.ones(2, 2))", "Softmax2d: expected input to be 3D or 4D, got 2D"
    )

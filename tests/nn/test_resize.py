"""Layers that trade channels, windows and space."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        ("nn.Upsample(scale_factor=2)", (1, 2, 3)),
        ("nn.Upsample(size=(4, 7), mode='bilinear', align_corners=False)", (1, 2, 3, 4)),
        ("nn.Upsample(scale_factor=(2.0, 1.5), mode='bicubic')", (1, 1, 4, 4)),
        ("nn.UpsamplingNearest2d(scale_factor=2)", (1, 2, 3, 3)),
        ("nn.UpsamplingBilinear2d(size=(5, 5))", (1, 2, 3, 3)),
        ("nn.PixelShuffle(2)", (1, 8, 2, 3)),
        ("nn.PixelUnshuffle(2)", (1, 2, 4, 6)),
        ("nn.ChannelShuffle(2)", (1, 6, 2, 2)),
        ("nn.Unfold(2)", (1, 2, 4, 5)),
        ("nn.Unfold((2, 3), dilation=1, padding=1, stride=2)", (1, 2, 4, 5)),
        ("nn.Fold((4, 5), 2)", (1, 8, 12)),
        ("nn.Fold(output_size=(4, 4), kernel_size=2, stride=2)", (1, 4, 4)),
    ],
)
def test_layer(make, shape):
    check(make, varied(*shape))

"""Pooling layers."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        ("nn.MaxPool1d(2)", (2, 2, 7)),
        ("nn.MaxPool2d(2)", (1, 2, 6, 5)),
        ("nn.MaxPool2d((3, 2), stride=(2, 1), padding=1, ceil_mode=True)", (1, 2, 6, 5)),
        ("nn.MaxPool2d(2, dilation=2, return_indices=True)", (2, 6, 5)),
        ("nn.MaxPool3d(2)", (1, 1, 4, 4, 4)),
        ("nn.AvgPool1d(2)", (2, 2, 7)),
        ("nn.AvgPool1d(3, 2, 1, count_include_pad=False)", (2, 2, 7)),
        ("nn.AvgPool2d(2)", (1, 2, 6, 5)),
        ("nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, divisor_override=2)", (1, 2, 6, 5)),
        ("nn.AvgPool3d(2)", (1, 1, 4, 4, 4)),
        ("nn.AdaptiveAvgPool1d(3)", (1, 2, 7)),
        ("nn.AdaptiveAvgPool2d(1)", (1, 2, 6, 5)),
        ("nn.AdaptiveAvgPool2d((None, 2))", (1, 2, 6, 5)),
        ("nn.AdaptiveAvgPool3d(2)", (1, 1, 3, 4, 5)),
        ("nn.AdaptiveMaxPool1d(3)", (1, 2, 7)),
        ("nn.AdaptiveMaxPool2d((2, 3))", (1, 2, 6, 5)),
        ("nn.AdaptiveMaxPool3d(2)", (1, 1, 3, 4, 5)),
    ],
)
def test_layer(make, shape):
    check(make, varied(*shape))

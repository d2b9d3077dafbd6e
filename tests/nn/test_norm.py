"""Normalization of single samples."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        ("nn.LayerNorm(4)", (2, 3, 4)),
        ("nn.LayerNorm((3, 4), eps=1e-3, bias=False)", (2, 3, 4)),
        ("nn.LayerNorm([4], elementwise_affine=False)", (2, 4)),
        ("nn.GroupNorm(2, 4)", (2, 4, 3, 3)),
        ("nn.GroupNorm(4, 4, affine=False)", (2, 4, 5)),
        ("nn.RMSNorm(4)", (2, 3, 4)),
        ("nn.RMSNorm((3, 4), eps=1e-2, elementwise_affine=False)", (2, 3, 4)),
        ("nn.LocalResponseNorm(3, alpha=0.1)", (2, 5, 3)),
    ],
)
def test_layer(make, shape):
    check(make, varied(*shape), tolerance=1e-7)


def test_groups_have_to_divide_the_channels():
    same("torch.nn.GroupNorm(3, 4)", "num_channels (4) must be divisible by num_groups (3)")

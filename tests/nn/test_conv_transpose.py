"""Transposed convolutions."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        ("nn.ConvTranspose1d(2, 4, 3, stride=2)", (2, 2, 5)),
        ("nn.ConvTranspose2d(2, 4, 3, stride=2, padding=1, output_padding=1)", (1, 2, 4, 3)),
        ("nn.ConvTranspose2d(4, 2, 2, groups=2, bias=False, dilation=2)", (4, 3, 3)),
        ("nn.ConvTranspose3d(1, 2, 2)", (1, 1, 2, 3, 2)),
    ],
)
def test_layer(make, shape):
    check(make, varied(*shape))


def test_a_wanted_output_size_is_reached():
    made = "torch.manual_seed(0); m = torch.nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1);"
    same(made + "m(torch.ones(1, 1, 3, 3), output_size=(1, 1, 6, 5)).shape")
    same(made + "m(torch.ones(1, 1, 3, 3), output_size=[6, 6]).shape")
    same(made + "m(torch.ones(1, 1, 3, 3), output_size=[9, 6])", "requested an output size of")
    same(made + "m(torch.ones(1, 1, 3, 3), output_size=[9])", "output_size must have 2 or 4")


def test_only_zeros_surround_the_input():
    same(
        "torch.nn.ConvTranspose2d(1, 1, 1, padding_mode='reflect')",
        'Only "zeros" padding mode is supported',
    )

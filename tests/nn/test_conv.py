"""Convolutions."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        ("nn.Conv1d(2, 4, 3)", (2, 2, 7)),
        ("nn.Conv1d(2, 4, (3,), padding='same', dilation=2)", (2, 7)),
        ("nn.Conv2d(2, 4, 3, stride=2, padding=1)", (2, 2, 6, 5)),
        ("nn.Conv2d(4, 4, (3, 5), groups=2, bias=False, padding='same')", (1, 4, 5, 5)),
        ("nn.Conv2d(1, 2, 2, padding='valid', dilation=(2, 1))", (1, 5, 5)),
        ("nn.Conv2d(1, 2, 3, padding=(1, 2), padding_mode='reflect')", (1, 1, 5, 5)),
        ("nn.Conv2d(1, 2, 3, padding=1, padding_mode='circular')", (1, 1, 5, 5)),
        ("nn.Conv2d(1, 2, 2, padding='same', padding_mode='replicate')", (1, 1, 5, 5)),
        ("nn.Conv3d(1, 2, 2, stride=(1, 2, 1))", (1, 1, 3, 4, 3)),
    ],
)
def test_layer(make, shape):
    check(make, varied(*shape))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("3, 4, 1, groups=2", "in_channels must be divisible by groups"),
        ("4, 3, 1, groups=2", "out_channels must be divisible by groups"),
        ("4, 4, 1, groups=0", "groups must be a positive integer"),
        ("1, 1, 1, padding='full'", "Invalid padding string 'full', should be one of"),
        ("1, 1, 3, 2, 'same'", "padding='same' is not supported for strided convolutions"),
        ("1, 1, 1, padding_mode='mirror'", "padding_mode must be one of"),
    ],
)
def test_arguments_that_contradict_are_refused(arguments, words):
    same(f"torch.nn.Conv2d({arguments})", words)


def test_the_border_is_the_one_of_torch():
    same(
        "m = torch.nn.Conv2d(1, 1, (4, 3), padding='same', dilation=(1, 2));"
        "list(m._reversed_padding_repeated_twice)"
    )

"""Pooling by random windows and by p-norms, and the way back from maxima."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        ("LPPool1d(2, 3, stride=2)", (2, 3, 9)),
        ("LPPool2d(2, (2, 3))", (2, 3, 6, 7)),
        ("LPPool3d(2, 2, ceil_mode=True)", (1, 2, 5, 4, 5)),
        ("FractionalMaxPool2d(2, output_size=3)", (2, 3, 7, 8)),
        ("FractionalMaxPool2d(2, output_ratio=(0.5, 0.6), return_indices=True)", (2, 3, 7, 8)),
        ("FractionalMaxPool3d(2, output_size=(2, 3, 2))", (1, 2, 5, 7, 6)),
    ],
)
def test_pooling(make, shape):
    check(f"nn.{make}", f"{varied(*shape)} + 1")


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_unpooling(dims):
    same(
        f"pool = torch.nn.MaxPool{dims}d(2, 2, return_indices=True)\n"
        f"back = torch.nn.MaxUnpool{dims}d(2, stride=2)\n"
        f"x = {varied(1, 2, *(5,) * dims)}\n"
        "(repr(back), back(*pool(x)), back(*pool(x), output_size=x.shape))"
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nn.FractionalMaxPool2d(2)", "requires specifying either an output size, or a pooling ra"),
        ("nn.FractionalMaxPool2d(2, 3, 0.5)", "only one of output_size and output_ratio may be"),
        ("nn.FractionalMaxPool2d(2, output_ratio=2.0)", "output_ratio must be between 0 and 1"),
        ("nn.FractionalMaxPool3d(0, 2)", "kernel_size must be greater than 0"),
    ],
)
def test_what_does_not_fit_is_refused(source, words):
    same(f"nn = torch.nn; {source}", words)

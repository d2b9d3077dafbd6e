"""Batch normalization drawn into the layer before it."""

from __future__ import annotations

import pytest

from tests.nn.layer import agree
from tests.twin import same

pytestmark = pytest.mark.torch

SETUP = """
nn = torch.nn; torch.manual_seed(0)
def seen(layer, bn, x):
    layer, bn, x = layer.double(), bn.double(), x.double()
    bn(layer(x)); layer.eval(); bn.eval()
    return layer, bn, x
"""


@pytest.mark.parametrize(
    ("layer", "bn", "shape", "fuse"),
    [
        ("Conv1d(2, 3, 2)", "BatchNorm1d(3)", (4, 2, 5), "fuse_conv_bn_eval(layer, bn)"),
        ("Conv2d(2, 3, 2, bias=False)", "BatchNorm2d(3, affine=False)", (2, 2, 3, 3),
         "fuse_conv_bn_eval(layer, bn)"),
        ("ConvTranspose1d(2, 3, 2)", "BatchNorm1d(3)", (4, 2, 5),
         "fuse_conv_bn_eval(layer, bn, transpose=True)"),
        ("Linear(2, 3)", "BatchNorm1d(3)", (4, 2), "fuse_linear_bn_eval(layer, bn)"),
    ],
)  # fmt: skip
def test_one_layer_does_the_work_of_two(layer, bn, shape, fuse):
    agree(
        f"{SETUP}layer, bn, x = seen(nn.{layer}, nn.{bn}, torch.randn{shape})\n"
        f"fused = nn.utils.{fuse}\n(fused(x), bn(layer(x)), [*fused.parameters()])"
    )


def test_only_in_evaluation_mode():
    same("nn = torch.nn; nn.utils.fuse_conv_bn_eval(nn.Conv1d(1, 1, 1), nn.BatchNorm1d(1))", "Fus")

"""Layers for old programs."""

from __future__ import annotations

import pytest

from tests.nn.layer import agree, varied
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("size", [3, 4, 5])
def test_cross_map_normalization(size):
    agree(f"torch.nn.CrossMapLRN2d({size}, 0.5, 0.6, 2.0)({varied(2, 6, 3, 2)}.double())")


def test_cross_map_normalization_takes_images_only():
    same("torch.nn.CrossMapLRN2d(3)(torch.ones(2, 3))", "Expected input to be 4D, got 2D")


@pytest.mark.parametrize(
    "source", ["nn.Container(a=nn.Linear(2, 3), b=nn.ReLU())", "nn.NLLLoss2d(reduction='sum')"]
)
def test_old_names_warn(source):
    same(f"nn = torch.nn; repr({source})")

"""Distances."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    "make",
    ["nn.PairwiseDistance()", "nn.PairwiseDistance(p=1.0, keepdim=True)", "nn.CosineSimilarity()",
     "nn.CosineSimilarity(dim=0, eps=1e-3)"],
)  # fmt: skip
def test_layer(make):
    check(make, varied(3, 4), f"{varied(3, 4)} * 0.5 + 0.3", tolerance=1e-7)

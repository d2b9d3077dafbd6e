"""Losses with a margin."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied
from tests.twin import same

pytestmark = pytest.mark.torch

SIGNS = "(torch.arange(4) % 2 * 2 - 1)"
X = varied(4, 3)
Y = f"({X} * 0.5 + 0.3)"
Z = f"({X} * -0.25 + 0.1)"
CLASSES = "torch.tensor([1, 0, 2, 1])"


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("loss", "inputs"),
    [
        ("HingeEmbeddingLoss(margin=0.7, {})", [varied(4), SIGNS]),
        ("CosineEmbeddingLoss(margin=0.1, {})", [X, Y, SIGNS]),
        ("MarginRankingLoss(margin=0.2, {})", [varied(4), f"{varied(4)} * 0.3", SIGNS]),
        ("MultiMarginLoss({})", [X, CLASSES]),
        (
            "MultiMarginLoss(p=2, margin=0.5, weight=torch.tensor([1.0, 2.0, 0.5]), {})",
            [X, CLASSES],
        ),
        ("MultiLabelMarginLoss({})", [X, "torch.tensor([[0, 1, -1]] * 4)"]),
        ("MultiLabelSoftMarginLoss({})", [X, f"({X} > 0).double().detach()"]),
        ("SoftMarginLoss({})", [varied(4), SIGNS]),
        ("TripletMarginLoss({})", [X, Y, Z]),
        ("TripletMarginLoss(margin=0.5, p=1.0, swap=True, {})", [X, Y, Z]),
        ("TripletMarginWithDistanceLoss(margin=0.5, {})", [X, Y, Z]),
    ],
)
def test_loss(loss, inputs, reduction):
    check(f"nn.{loss.format(f'reduction={reduction!r}')}", *inputs, tolerance=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        ("MultiMarginLoss(p=3)", "only p == 1 and p == 2 supported"),
        (
            "MultiMarginLoss(weight=torch.ones(1, 1))",
            "expected weight to be None or 1D tensor, got 2D",
        ),
        ("TripletMarginLoss(margin=0.0)", "expected margin to be greater than 0, got 0.0"),
        (
            "TripletMarginWithDistanceLoss(margin=-1)",
            "expected margin to be greater than 0, got -1",
        ),
    ],
)
def test_refusals(make, words):
    same(f"torch.nn.{make}", words)

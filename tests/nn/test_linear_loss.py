"""Cross entropy of a linear layer's output."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("make", "target"),
    [
        ("4, 3", "torch.tensor([0, 2])"),
        ("4, 3, bias=True, reduction='sum', label_smoothing=0.1", "torch.tensor([0, 2])"),
        ("4, 3, out_features=(2,), weight=torch.ones(3)", "torch.tensor([[0, 1], [2, 0]])"),
        ("4, 3, reduction='none', ignore_index=2", "torch.tensor([0, 2])"),
    ],
)
def test_loss(make, target):
    check(f"nn.LinearCrossEntropyLoss({make})", varied(2, 4), target)


@pytest.mark.parametrize(
    "call",
    ["()", "(acc_policy='best')", "(chunking_method='aspect_ratio:0')", "(batch_chunk_size=0)",
     "(chunking_method='aspect_ratio:3', batch_chunk_size=2)", "(acc_dtype=torch.int64)"],
)  # fmt: skip
def test_options_are_checked(call):
    same(f"repr(torch.nn.LinearCrossEntropyOptions{call})")


def test_what_does_not_fit_is_refused():
    same("torch.nn.LinearCrossEntropyLoss(4, 3, weight=torch.ones(2))", "expected weight shape")
    same("torch.nn.LinearCrossEntropyLoss(4, 3, label_smoothing=2.0)", "expected label_smoothing")

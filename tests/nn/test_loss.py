"""Losses."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied
from tests.twin import same

pytestmark = pytest.mark.torch

CLASSES = "torch.tensor([1, 0, 2, 1])"
LOGITS = varied(4, 3)
BINARY = "(torch.arange(12).reshape(4, 3) % 2).double()"
SHARES = "((torch.arange(12) + 1) / 16).reshape(4, 3)"
WEIGHT = "torch.tensor([0.2, 1.0, 3.0])"


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("loss", "inputs"),
    [
        ("CrossEntropyLoss({})", [LOGITS, CLASSES]),
        (f"CrossEntropyLoss(weight={WEIGHT}, ignore_index=1, {{}})", [LOGITS, CLASSES]),
        (f"CrossEntropyLoss(weight={WEIGHT}, label_smoothing=0.1, {{}})", [LOGITS, CLASSES]),
        ("CrossEntropyLoss({})", [LOGITS, SHARES]),
        (f"NLLLoss(weight={WEIGHT}, {{}})", [LOGITS, CLASSES]),
        ("MSELoss({})", [LOGITS, SHARES]),
        ("L1Loss({})", [LOGITS, SHARES]),
        ("SmoothL1Loss(beta=0.5, {})", [LOGITS, SHARES]),
        ("HuberLoss(delta=0.5, {})", [LOGITS, SHARES]),
        ("BCELoss({})", [SHARES, BINARY]),
        ("BCEWithLogitsLoss({})", [LOGITS, BINARY]),
        (f"BCEWithLogitsLoss(weight={WEIGHT}, pos_weight={WEIGHT}, {{}})", [LOGITS, BINARY]),
        ("KLDivLoss({})", [LOGITS, SHARES]),
        ("KLDivLoss(log_target=True, {})", [LOGITS, LOGITS]),
    ],
)
@pytest.mark.filterwarnings("ignore:reduction")
def test_loss(loss, inputs, reduction):
    targets = [f"({x}).detach()" for x in inputs[1:]]
    made = loss.format(f"reduction={reduction!r}")
    check(f"nn.{made}", inputs[0], *targets)


def test_old_arguments_choose_the_reduction():
    for arguments in ("size_average=False", "reduce=False", "reduce=True", "size_average=True"):
        same(f"torch.nn.MSELoss({arguments}).reduction")


def test_arguments_that_have_no_meaning_are_refused():
    same("torch.nn.HuberLoss(delta=1j)", "delta must be a float or int")
    same(
        "torch.nn.CrossEntropyLoss(ignore_index=1)(torch.ones(2, 3), torch.ones(2, 3))",
        "ignore_index is not supported for floating point target",
    )

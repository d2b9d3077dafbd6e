"""What the quick calls save."""

from __future__ import annotations

from dtrain.tensor.op import REGISTRY
from dtrain.tensor.saver import Saver


def saver(name: str, *wanted: bool) -> Saver:
    op = REGISTRY[name]
    return Saver(op, op.plan(wanted))


def test_only_what_the_rules_read() -> None:
    assert saver("exp", True).head == (-1,) or saver("exp", True).plan.saves == ((-1, "value"),)
    assert saver("sin", True).head == (0,)
    assert saver("neg", True).head == ()
    assert saver("mul", True, False).head == (1,)
    assert saver("mul", False, True).head == (0,)

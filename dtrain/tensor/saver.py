"""What the nodes of the quick calls save, found out once for each plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dtrain.tensor.op import Op, Plan

__all__ = ["Saver"]


class Saver:
    """What nodes of one plan save when all options have their defaults.

    Attributes:
        plan: The plan.
        head: Which operands (-1 the result); None where the general `save` has to be used.
        tail: The options.
    """

    __slots__ = ("head", "plan", "tail")

    def __init__(self, op: Op, plan: Plan) -> None:
        self.plan = plan
        self.head: tuple[int, ...] | None = None
        self.tail: tuple[Any, ...] = ()
        operands = [i for i, what in plan.saves if what == "value" and i < len(op.operands)]
        options = plan.saves[len(operands) :]
        if [i for i, _ in plan.saves[: len(operands)]] == operands and all(
            what == "value" and i >= len(op.operands) for i, what in options
        ):
            self.head = tuple(operands)
            self.tail = tuple([op.defaults[i] for i, _ in options])

"""torch.compile gives back what it gets."""

from __future__ import annotations

import dtrain
from dtrain import compiler


def test_functions_and_modules_stay_themselves() -> None:
    net = dtrain.nn.Linear(2, 2)
    assert dtrain.compile(net, mode="max-autotune", fullgraph=True) is net

    @dtrain.compile
    def double(x: int) -> int:
        return 2 * x

    @compiler.disable
    @dtrain.compile(dynamic=True)
    def triple(x: int) -> int:
        return 3 * x

    assert (double(2), triple(2)) == (4, 6)


def test_nothing_is_compiled() -> None:
    compiler.reset()
    assert not compiler.is_compiling()
    assert compiler.allow_in_graph(abs) is abs

"""CyclicLR against torch."""

from __future__ import annotations

import pytest

from tests.optim.rates import check
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("options", "optimizer"),
    [
        ("0.1, 1.0, 4", "Adam"),
        ("[0.1, 0.2], [1.0, 2.0], 3, 5", "AdamW"),
        ("0.1, 1.0, 4, mode='triangular2', cycle_momentum=False", "SGD"),
        ("0.1, 1.0, 4, mode='exp_range', gamma=0.9", "SGD"),
        ("0.1, 1.0, 4, scale_fn=lambda x: 1 / (1 + x)", "SGD"),
        ("0.1, 1.0, 4, scale_fn=lambda x: 0.9 ** x, scale_mode='iterations'", "SGD"),
        ("0.1, 1.0, 2, base_momentum=[0.1, 0.2], max_momentum=0.5", "SGD"),
    ],
)
def test_rates(options, optimizer):
    check(f"s.CyclicLR(o, {options})", optimizer=optimizer)


def test_the_state_of_a_function_object_is_kept():
    same(
        "class Scale:\n    height = 1.0\n    def __call__(self, x): return self.height / x\n"
        "o = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)\n"
        "m = torch.optim.lr_scheduler.CyclicLR(o, 0.1, 1.0, 3, scale_fn=Scale())\n"
        "m._scale_fn_custom.height = 0.5\n"
        "state = m.state_dict(); kept = state['_scale_fn_custom']\n"
        "n = torch.optim.lr_scheduler.CyclicLR(o, 0.1, 1.0, 3, scale_fn=Scale())\n"
        "n.load_state_dict(state)\n"
        "[kept, n.scale_fn(2)]"
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        ("CyclicLR(3, 0.1, 1.0)", "int is not an Optimizer"),
        ("CyclicLR(o, 0.1, 1.0, mode='x')", "mode is invalid and scale_fn is None"),
        ("CyclicLR(o, [0.1, 0.2], 1.0)", "base_lr must have the same length"),
        ("CyclicLR(a, 0.1, 1.0)", "optimizer must support momentum or beta1"),
    ],
)
def test_refusals(make, words):
    same(
        "p = torch.nn.Parameter(torch.ones(1)); o = torch.optim.SGD([p]);"
        f"a = torch.optim.Adagrad([p]); torch.optim.lr_scheduler.{make}",
        words,
    )

"""Calling modules with other tensors."""

from __future__ import annotations

import pytest

import dtrain
from dtrain.nn.utils.stateless import stateless_call
from tests.twin import same

pytestmark = pytest.mark.torch

SETUP = """
nn = torch.nn; call = nn.utils.stateless.functional_call
torch.manual_seed(0)
m = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
x = torch.arange(8.0).reshape(4, 2)
weight = torch.ones(3, 2, requires_grad=True)
"""


def test_gradients_go_to_the_given_tensors():
    same(
        f"{SETUP}y = call(m, {{'0.weight': weight}}, x)\n(y * x.sum()).pow(2).sum().backward()\n"
        "(weight.grad.shape, m[0].weight.grad, (m[0].weight == 1).any())"
    )


def test_changes_of_buffers_come_back():
    same(
        f"{SETUP}given = {{'1.running_mean': torch.zeros(3), '1.num_batches_tracked': "
        "torch.tensor(4)}\n"
        "before = m[1].running_mean.clone(); y = call(m, given, (x,))\n"
        "(given, m[1].running_mean - before, m[1].num_batches_tracked)"
    )


def test_tied_tensors_are_replaced_together():
    tied = (
        f"{SETUP}m = nn.Linear(2, 2); m.add_module('b', nn.Linear(2, 2)); m.b.weight = m.weight\n"
    )
    tied += "class N(nn.Module):\n    def __init__(s):\n        super().__init__(); s.m = m\n"
    tied += "    def forward(s, x):\n        return s.m.b(s.m(x))\nn = N(); w = torch.ones(2, 2)\n"
    same(f"{tied}call(n, {{'m.weight': w}}, x)")
    same(f"{tied}call(n, {{'m.weight': w}}, x, tie_weights=False)")
    same(f"{tied}call(n, {{'m.weight': w, 'm.b.weight': w + 1}}, x)", "multiple values for keys")


@pytest.mark.parametrize(
    ("tail", "words"),
    [
        ("call(m, {'0.weight': weight}, x, strict=True)", "Missing key(s): '0.bias'"),
        ("call(m, {'none': weight}, x, strict=True)", "Unexpected key(s): 'none'"),
        ("call(m, {'0.weight': 3}, x)", "3 is not an instance of torch.Tensor"),
        ("call(m, {'0.in_features': weight}, x)", "is not an instance of torch.Tensor"),
    ],
)
def test_what_does_not_fit_is_refused(tail, words):
    same(SETUP + tail, words)


def test_new_names_are_there_for_the_call():
    same(f"{SETUP}y = call(m, {{'0.scale': weight}}, x); hasattr(m[0], 'scale')")


def test_the_module_is_as_before_after_an_error():
    layer = dtrain.nn.Linear(2, 3)
    held = layer.weight
    with pytest.raises(RuntimeError):
        stateless_call(layer, {"weight": dtrain.ones(3, 5)}, dtrain.ones(1, 2))
    assert layer.weight is held

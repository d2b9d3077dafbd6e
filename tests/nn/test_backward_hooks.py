"""Backward hooks of modules."""

# ruff: noqa: E501 (programs in strings)

from __future__ import annotations

import pytest

import dtrain
from tests.twin import same

pytestmark = pytest.mark.torch

NET = """
log = []
class Two(torch.nn.Module):
    def forward(self, a, b, scale=2.0):
        return a * b * scale, a + b
m = Two()
a = torch.arange(3.0).requires_grad_()
b = torch.ones(3, requires_grad=True)
def note(name):
    def hook(m, *grads):
        log.append((name, [[None if g is None else g.tolist() for g in side] for side in grads]))
    return hook
"""

END = "\n[log, a.grad, b.grad]"


@pytest.mark.parametrize(
    "program",
    [
        "m.register_full_backward_hook(note('h')); y, z = m(a, b); (y * 3 + z).sum().backward()",
        "m.register_full_backward_hook(note('h')); y, z = m(a, b.detach()); (y + z).sum().backward()",
        "m.register_full_backward_hook(note('h')); y, z = m(a, b); y.sum().backward()",
        "m.register_full_backward_pre_hook(note('p')); y, z = m(a, b); (y + z).sum().backward()",
        (
            "m.register_full_backward_pre_hook(lambda m, g: tuple(x * 2 for x in g));"
            "y, z = m(a, b); (y + z).sum().backward()"
        ),
        (
            "m.register_full_backward_hook(lambda m, i, o: (i[0] * 0, i[1] * 10));"
            "y, z = m(a, b); (y + z).sum().backward()"
        ),
        (
            "m.register_full_backward_pre_hook(note('p')); m.register_full_backward_hook(note('h'));"
            "y, z = m(a, b); (y + z).sum().backward()"
        ),
        (
            "m.register_full_backward_hook(note('1')); m.register_full_backward_hook(note('2'), prepend=True);"
            "y, z = m(a, b); (y + z).sum().backward()"
        ),
        (
            "m.register_full_backward_hook(note('h')); h = m.register_full_backward_pre_hook(note('p')); h.remove();"
            "y, z = m(a, b); (y + z).sum().backward(retain_graph=True); (y + z).sum().backward()"
        ),
    ],
)
def test_gradients_are_shown_and_replaced(program):
    same(NET + program.replace("; ", "\n").replace(";", "\n") + END)


def test_without_a_gradient_at_the_inputs():
    same(
        "log = []; m = torch.nn.Linear(2, 1);"
        "m.register_full_backward_hook(lambda m, i, o: log.append((i, o[0].tolist())));"
        "m(torch.ones(3, 2)).sum().backward(); [log, m.bias.grad]"
    )


def test_without_grad_mode_nothing_is_called():
    same(
        f"{NET}m.register_full_backward_hook(note('h'))\n"
        "with torch.no_grad():\n    y = m(a, b)\n"
        "[y[0].requires_grad, log]"
    )


def test_a_wrong_number_of_gradients():
    same(
        f"{NET}m.register_full_backward_hook(lambda m, i, o: (i[0],))\nm(a, b)[0].sum().backward()",
        "got 1, but expected 2",
    )
    same(
        f"{NET}m.register_full_backward_pre_hook(lambda m, o: (o[0],))\n"
        "sum(m(a, b)).sum().backward()",
        "got 1, but expected 2",
    )


def test_gradients_cannot_be_replaced_where_there_are_none():
    same(
        "m = torch.nn.Linear(2, 1); m.register_full_backward_hook(lambda m, i, o: o);"
        "m(torch.ones(3, 2)).sum().backward()",
        "where no input requires gradient should always return None",
    )


def test_derivatives_of_higher_order_pass():
    same(
        f"{NET}m.register_full_backward_hook(note('h'))\n"
        "y = m(a, b)[0].pow(2).sum()\n"
        "g, = torch.autograd.grad(y, a, create_graph=True)\n"
        "torch.autograd.grad(g.sum(), a)[0]"
    )


def test_other_results_are_handed_on_with_a_warning():
    same(
        "class D(torch.nn.Module):\n    def forward(self, x):\n        return {'y': x * 2}\n"
        "m = D(); m.register_full_backward_hook(lambda *a: None)\n"
        "m(torch.ones(1, requires_grad=True))['y'].requires_grad"
    )


def test_the_old_kind_sees_the_last_operator():
    same(
        "log = []; m = torch.nn.Tanh(); x = torch.zeros(2, requires_grad=True);"
        "m.register_backward_hook(lambda m, i, o: log.append((i[0].tolist(), o[0].tolist())));"
        "m(x).sum().backward(); log"
    )


def test_an_output_may_be_changed_in_place():
    """As in ResNet, where ReLU(inplace=True) follows; torch refuses this."""
    torch = dtrain
    m = torch.nn.Linear(2, 2)
    x = torch.tensor([[1.0, -2.0]], requires_grad=True)
    torch.nn.ReLU()(m(x)).sum().backward()
    expected = x.grad.tolist()
    seen = []
    m.register_full_backward_hook(lambda m, i, o: seen.append(o[0].tolist()))
    x.grad = None
    torch.nn.ReLU(inplace=True)(m(x)).sum().backward()
    assert x.grad.tolist() == expected
    assert len(seen) == 1

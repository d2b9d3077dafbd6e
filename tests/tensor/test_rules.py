"""One node and a gradient: saved values, versions, broadcasting."""

from __future__ import annotations

import pytest

import dtrain as torch
from dtrain.errors import GradError, VersionError
from dtrain.tensor.op import RAW
from dtrain.tensor.rules import run_node, unbroadcast


def test_a_node_gives_one_gradient_for_each_edge() -> None:
    a, b = (torch.tensor(v, requires_grad=True) for v in (2.0, 5.0))
    node = (a * b).grad_fn
    g = torch.tensor(1.0)._a
    assert [float(d) for d in run_node(node, RAW[g.__class__], g, False)] == [5.0, 2.0]


def test_gradients_are_summed_to_the_shape_of_the_operand() -> None:
    g = torch.ones(4, 2, 3)._a
    F = RAW[g.__class__]
    assert unbroadcast(F, g, (2, 1)).tolist() == [[12], [12]]
    assert unbroadcast(F, g, ()).tolist() == 24
    assert unbroadcast(F, g, (4, 2, 3)) is g


def test_saved_values_are_gone_after_backward() -> None:
    x = torch.ones(2, requires_grad=True)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(GradError, match="Trying to backward through the graph a second time"):
        y.backward()


def test_a_saved_value_that_was_changed_is_noticed() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    z = y * y
    y.add_(1)
    with pytest.raises(VersionError, match="modified by an inplace operation"):
        z.sum().backward()


def test_complex_rules_take_the_conjugate() -> None:
    x = torch.tensor([1 + 2j], requires_grad=True)
    y = x * torch.tensor([3 - 1j])
    y.backward(torch.tensor([1 + 0j]))
    assert x.grad is not None
    assert x.grad.tolist() == [3 + 1j]

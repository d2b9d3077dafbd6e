"""backward() and grad(): their arguments and errors."""

from __future__ import annotations

import pytest

import dtrain
from dtrain.errors import GradError


def test_grad_leaves_dot_grad_alone() -> None:
    x = dtrain.tensor([1.0, 2.0], requires_grad=True)
    (g,) = dtrain.autograd.grad((x * x).sum(), x)
    assert g.tolist() == [2.0, 4.0]
    assert x.grad is None


def test_grad_of_a_middle_tensor() -> None:
    x = dtrain.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3.0
    z = (y * y).sum()
    gy, gx = dtrain.autograd.grad(z, (y, x))
    assert gy.tolist() == [6.0, 12.0]
    assert gx.tolist() == [18.0, 36.0]


def test_unused_inputs() -> None:
    x = dtrain.ones(2, requires_grad=True)
    y = dtrain.ones(3, requires_grad=True)
    with pytest.raises(GradError, match="appears to not have been used"):
        dtrain.autograd.grad(x.sum(), (x, y))
    assert dtrain.autograd.grad(x.sum(), (x, y), allow_unused=True)[1] is None
    zeros = dtrain.autograd.grad(x.sum(), (x, y), materialize_grads=True)[1]
    assert zeros.tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(GradError, match="does not require grad"):
        dtrain.autograd.grad(x.sum(), dtrain.ones(2))


def test_several_outputs_are_summed() -> None:
    x = dtrain.tensor([1.0, 2.0], requires_grad=True)
    outs = (x * 2.0, (x * x).sum())
    (g,) = dtrain.autograd.grad(outs, x, (dtrain.tensor([1.0, 10.0]), None))
    assert g.tolist() == [4.0, 24.0]


def test_backward_into_chosen_inputs() -> None:
    x = dtrain.ones(2, requires_grad=True)
    y = dtrain.ones(2, requires_grad=True)
    (x * y * 3.0).sum().backward(inputs=[x])
    assert x.grad.tolist() == [3.0, 3.0]
    assert y.grad is None


def test_vector_jacobian_products_in_a_batch() -> None:
    x = dtrain.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    rows = dtrain.eye(2)
    (jacobian,) = dtrain.autograd.grad(y, x, rows, is_grads_batched=True)
    assert jacobian.tolist() == [[2.0, 0.0], [0.0, 4.0]]

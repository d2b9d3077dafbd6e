"""Custom operators: Function, its context, and what goes wrong."""

from __future__ import annotations

import gc
import weakref

import pytest

import dtrain
from dtrain.autograd import Function
from dtrain.autograd.function import once_differentiable
from dtrain.errors import GradError, VersionError


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3.0 * x * x


def test_forward_backward_and_second_order() -> None:
    x = dtrain.tensor([1.0, 2.0], requires_grad=True)
    y = Cube.apply(x)
    assert type(y.grad_fn).__name__ == "CubeBackward"
    (g,) = dtrain.autograd.grad(y.sum(), x, create_graph=True)
    assert g.tolist() == [3.0, 12.0]
    (second,) = dtrain.autograd.grad(g.sum(), x)
    assert second.tolist() == [6.0, 12.0]


def test_saved_output_makes_no_cycle() -> None:
    class Exp(Function):
        @staticmethod
        def forward(ctx, x):
            result = x.exp()
            ctx.save_for_backward(result)
            return result

        @staticmethod
        def backward(ctx, g):
            (result,) = ctx.saved_tensors
            return g * result

    x = dtrain.zeros(3, requires_grad=True)
    gc.disable()
    try:
        y = Exp.apply(x)
        ref = weakref.ref(y)
        y.sum().backward(retain_graph=True)
        (g,) = dtrain.autograd.grad(y.sum(), x, create_graph=True)
        assert g.requires_grad
        del y, g
        assert ref() is None
    finally:
        gc.enable()
    assert x.grad.tolist() == [1.0, 1.0, 1.0]


def test_setup_context_style_and_none_gradients() -> None:
    class Scale(Function):
        @staticmethod
        def forward(x, factor):
            return x * factor

        @staticmethod
        def setup_context(ctx, inputs, output):
            _, ctx.factor = inputs

        @staticmethod
        def backward(ctx, g):
            return g * ctx.factor, None

    x = dtrain.ones(2, requires_grad=True)
    Scale.apply(x, 5.0).sum().backward()
    assert x.grad.tolist() == [5.0, 5.0]


def test_several_outputs_and_missing_gradients() -> None:
    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2.0, x * 3.0

        @staticmethod
        def backward(ctx, g2, g3):
            assert ctx.needs_input_grad == (True,)
            return g2 * 2.0 + g3 * 3.0

    x = dtrain.ones(2, requires_grad=True)
    a, b = Two.apply(x)
    a.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [2.0, 2.0]
    (a + b).sum().backward()
    assert x.grad.tolist() == [7.0, 7.0]


def test_wrong_number_of_gradients() -> None:
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * y

        @staticmethod
        def backward(ctx, g):
            return g

    x, y = dtrain.ones(2, requires_grad=True), dtrain.ones(2, requires_grad=True)
    with pytest.raises(GradError, match=r"incorrect number of gradients \(expected 2, got 1\)"):
        Wrong.apply(x, y).sum().backward()


def test_saved_tensor_changed_in_place() -> None:
    x = dtrain.ones(2, requires_grad=True)
    middle = x * 1.0
    y = Cube.apply(middle)
    middle.add_(1.0)
    with pytest.raises(VersionError):
        y.sum().backward()


def test_mark_dirty() -> None:
    class Double(Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(2.0)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 2.0

    x = dtrain.ones(2, requires_grad=True)
    y = x * 1.0
    z = Double.apply(y)
    assert z is y
    z.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_once_differentiable() -> None:
    class Once(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 2.0 * x

    x = dtrain.ones(2, requires_grad=True)
    Once.apply(x).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    g = dtrain.ones((), requires_grad=True) * 1.0
    (first,) = dtrain.autograd.grad(Once.apply(x).sum() * g, x, create_graph=True)
    with pytest.raises(GradError, match="once_differentiable"):
        first.sum().backward()


def test_non_differentiable_output() -> None:
    class Split(Function):
        @staticmethod
        def forward(ctx, x):
            marks = x * 0.0
            ctx.mark_non_differentiable(marks)
            return x * 2.0, marks

        @staticmethod
        def backward(ctx, g, unused):
            return g * 2.0

    x = dtrain.ones(2, requires_grad=True)
    y, marks = Split.apply(x)
    assert not marks.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_no_graph_without_need() -> None:
    with dtrain.no_grad():
        assert Cube.apply(dtrain.ones(2, requires_grad=True)).grad_fn is None
    assert Cube.apply(dtrain.ones(2)).grad_fn is None

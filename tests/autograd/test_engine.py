"""The walk: order, accumulation, hooks, errors, threads; torch is the oracle where it is there."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

import dtrain
from dtrain.autograd.engine import at_end
from dtrain.errors import GradError, ShapeError, VersionError


def leaf(*values: float) -> dtrain.Tensor:
    return dtrain.tensor(list(values), requires_grad=True)


def test_a_leaf_used_twice_gets_the_sum() -> None:
    x = leaf(1.0, 2.0)
    (x * x + x).sum().backward()
    assert x.grad.tolist() == [3.0, 5.0]


def test_gradients_accumulate_over_calls() -> None:
    x = leaf(1.0, 2.0)
    for _ in range(3):
        (x * 2.0).sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_two_leaves_never_share_one_gradient() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    g = dtrain.ones(2)
    (x + y).backward(g)
    x.grad.mul_(10.0)
    assert y.grad.tolist() == [1.0, 1.0]
    assert g.tolist() == [1.0, 1.0]


def test_accumulation_keeps_the_memory_of_grad() -> None:
    x = leaf(1.0, 2.0)
    flat = np.zeros(4, np.float32)
    x.grad = dtrain.from_numpy(flat[1:3])
    (x * 3.0).sum().backward()
    assert flat.tolist() == [0.0, 3.0, 3.0, 0.0]


def test_ready_hooks_run_while_backward_goes_on() -> None:
    x, y = leaf(1.0), leaf(2.0)
    order: list[str] = []
    x.register_post_accumulate_grad_hook(lambda t: order.append(f"x {t.grad.item()}"))
    y.register_post_accumulate_grad_hook(lambda t: order.append(f"y {t.grad.item()}"))
    middle = x * 3.0
    middle.register_hook(lambda g: order.append("middle"))
    (middle * y).sum().backward()
    assert order == ["y 3.0", "middle", "x 6.0"]


def test_hooks_replace_gradients() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2.0
    y.register_hook(lambda g: g * 10.0)
    y.sum().backward()
    assert x.grad.tolist() == [20.0, 20.0]


def test_retain_grad() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2.0
    y.retain_grad()
    (y * y).sum().backward()
    assert y.grad.tolist() == [4.0, 8.0]


def test_grad_of_a_non_leaf_warns_as_torch() -> None:
    y = leaf(1.0) * 2.0
    with pytest.warns(UserWarning, match="not a leaf Tensor is being accessed"):
        assert y.grad is None


def test_second_backward_needs_retain_graph() -> None:
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(GradError, match="backward through the graph a second time"):
        y.backward()
    assert x.grad.tolist() == [4.0, 8.0]


def test_only_scalars_go_without_a_gradient() -> None:
    with pytest.raises(GradError, match="only for scalar outputs"):
        (leaf(1.0, 2.0) * 2.0).backward()
    with pytest.raises(GradError, match="does not require grad"):
        dtrain.ones(1).backward()
    with pytest.raises(ShapeError, match="Mismatch in shape"):
        (leaf(1.0, 2.0) * 2.0).backward(dtrain.ones(3))


def test_a_changed_saved_value_is_noticed() -> None:
    x = leaf(1.0, 2.0)
    y = x * 1.0
    z = (y * y).sum()
    y.add_(1.0)
    with pytest.raises(VersionError, match="modified by an inplace operation"):
        z.backward()
    w = x.exp()
    w.mul_(2.0)
    with pytest.raises(VersionError):
        w.sum().backward()


def test_a_failed_backward_leaves_no_state_behind() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2.0
    handle = y.register_hook(lambda g: 1 / 0)
    loss = (y * y).sum()
    with pytest.raises(ZeroDivisionError):
        loss.backward(retain_graph=True)
    handle.remove()
    loss.backward()
    assert x.grad.tolist() == [8.0, 16.0]


def test_broadcast_gradients_are_summed_back() -> None:
    a = dtrain.ones(2, 3, requires_grad=True)
    b = dtrain.ones(3, requires_grad=True)
    c = dtrain.ones(2, 1, requires_grad=True)
    (a * b + c).sum().backward()
    assert b.grad.tolist() == [2.0, 2.0, 2.0]
    assert c.grad.tolist() == [[3.0], [3.0]]


def test_a_long_chain_needs_no_deep_stack() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(5 * sys.getrecursionlimit()):
        y = y + 1.0
    y.sum().backward()
    del y
    assert x.grad.item() == 1.0


def test_backward_inside_backward() -> None:
    x = leaf(2.0)

    class Inner(dtrain.autograd.Function):
        @staticmethod
        def forward(ctx, t):
            ctx.save_for_backward(t)
            return t.detach() * 1.0

        @staticmethod
        def backward(ctx, g):
            (t,) = ctx.saved_tensors
            inside = t.detach().requires_grad_()
            with dtrain.enable_grad():
                (inside * inside).sum().backward()
            return g * inside.grad

    Inner.apply(x * 3.0).sum().backward()
    assert x.grad.item() == pytest.approx(36.0)


def test_threads_may_share_leaves() -> None:
    x = dtrain.ones(1000, requires_grad=True)

    def work() -> None:
        for _ in range(20):
            dtrain.autograd.grad((x * 2.0).sum(), x)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    (x * 2.0).sum().backward()
    assert x.grad.tolist() == [2.0] * 1000


def test_node_hooks_see_and_replace() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2.0
    y.grad_fn.register_prehook(lambda grads: (grads[0] * 3.0,))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] + 1.0,))
    y.sum().backward()
    assert x.grad.tolist() == [7.0, 7.0]


@pytest.mark.torch
def test_second_order_equals_torch() -> None:
    torch = pytest.importorskip("torch")
    values = np.linspace(0.1, 0.9, 6, dtype=np.float64).reshape(2, 3)
    out = []
    for t in (dtrain, torch):
        x = t.from_numpy(values.copy()).requires_grad_()
        w = t.from_numpy(values[:1].copy()).requires_grad_()
        y = ((x * w).exp() / (x + 2.0)).sum()
        (gx,) = t.autograd.grad(y, x, create_graph=True)
        (gx * gx).sum().backward()
        out.append((x.grad.numpy(), w.grad.numpy()))
    for ours, theirs in zip(*out, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_at_end_calls_once_after_the_last_leaf() -> None:
    x, seen = leaf(1.0), []
    x.register_post_accumulate_grad_hook(
        lambda t: at_end(lambda well: seen.append((well, t.grad.item())))
    )
    ((x * 2.0) * (x * 3.0)).sum().backward()
    assert seen == [(True, 12.0)]


def test_at_end_knows_of_an_error() -> None:
    x, y, seen = leaf(1.0), leaf(1.0), []

    def fail(_: dtrain.Tensor) -> None:
        raise KeyError("hook")

    y.register_post_accumulate_grad_hook(fail)
    x.register_post_accumulate_grad_hook(lambda _: at_end(seen.append))
    loss = (y * 1.0).sum() + (x * 1.0).sum()  # newer nodes, those of x, run first
    with pytest.raises(KeyError, match="hook"):
        loss.backward()
    assert seen == [False]
    x.sum().backward()
    assert seen == [False, True]


def test_at_end_of_the_outermost_walk() -> None:
    x, inner, seen = leaf(1.0), leaf(1.0), []
    inner.register_post_accumulate_grad_hook(lambda _: at_end(lambda _: seen.append("end")))

    def descend(_: dtrain.Tensor) -> None:
        with dtrain.enable_grad():
            (inner * 2.0).sum().backward()
        seen.append("inside")

    x.register_hook(descend)
    x.sum().backward()
    assert seen == ["inside", "end"]


def test_at_end_needs_a_walk() -> None:
    with pytest.raises(GradError, match="no backward is under way"):
        at_end(print)


def test_threads_may_accumulate_in_shared_leaves() -> None:
    x = dtrain.zeros(1000, requires_grad=True)
    middle = x * 1.0
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        for _ in range(50):
            (middle * 3.0).sum().backward(retain_graph=True)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(interval)
    assert x.grad.tolist() == [600.0] * 1000


def test_a_node_that_is_only_asked_for_is_not_run() -> None:
    x = leaf(1.0, 2.0)
    y = x * x
    assert dtrain.autograd.grad(y.sum(), y)[0].tolist() == [1.0, 1.0]
    y.backward(dtrain.ones(2))  # its saved values are still there
    assert x.grad.tolist() == [2.0, 4.0]


@pytest.mark.torch
def test_a_gradient_behind_a_mask_can_be_differentiated_to_zeros() -> None:
    torch = pytest.importorskip("torch")
    for t in (dtrain, torch):
        x = t.tensor([-1.0, 2.0], requires_grad=True)
        (g,) = t.autograd.grad(t.relu(x).sum(), x, create_graph=True)
        assert g.requires_grad
        assert g.tolist() == [0.0, 1.0]
        (second,) = t.autograd.grad(g.sum(), x)
        assert second.tolist() == [0.0, 0.0]

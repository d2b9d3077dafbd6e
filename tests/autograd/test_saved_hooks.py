"""Hooks on saved tensors: what they see, what backward gets back, and what they may not do."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import dtrain as torch
from dtrain.autograd.function import Function
from dtrain.autograd.graph import (
    disable_saved_tensors_hooks,
    save_on_cpu,
    saved_tensors_hooks,
)
from dtrain.errors import GradError, OpTypeError
from dtrain.tensor.graph import WATCHERS
from tests.twin import same


class Square(Function):
    @staticmethod
    def forward(ctx, x):
        y = x * x
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * 2 * x + 0 * y


def program(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    y = torch.cat([x @ w, (x * x).exp()[:, :2]])
    z = Square.apply(y.softmax(-1) * 3)
    return (z[z > 0.1].sum() + y[torch.tensor([0, 0])].max(1).values.sum()) * 2


def gradients(order: int = 1) -> list[np.ndarray]:
    x = torch.linspace(0.1, 1, 6, dtype=torch.float64).reshape(2, 3).requires_grad_()
    w = torch.linspace(1, 2, 6, dtype=torch.float64).reshape(3, 2).requires_grad_()
    found = torch.autograd.grad(program(x, w), (x, w), create_graph=order > 1)
    if order > 1:
        found = torch.autograd.grad(sum((g * g).sum() for g in found), (x, w))
    return [g.numpy() for g in found]


@pytest.mark.parametrize("order", [1, 2])
def test_gradients_through_hooks_are_the_same(order: int) -> None:
    plain, packed, unpacked = gradients(order), [], []
    with saved_tensors_hooks(
        lambda t: packed.append(t) or t.numpy().copy(),
        lambda a: unpacked.append(1) or torch.from_numpy(a),
    ):
        hooked = gradients(order)
    assert packed
    assert unpacked
    assert not any(t.requires_grad for t in packed)
    assert not WATCHERS
    for a, b in zip(plain, hooked, strict=True):
        np.testing.assert_array_equal(a, b)


def test_save_on_cpu_and_the_innermost_pair_counts() -> None:
    seen: list[str] = []
    outer = saved_tensors_hooks(lambda t: seen.append("outer") or t, lambda t: t)
    x = torch.ones(3, requires_grad=True)
    with outer:
        y = x.exp()
        with save_on_cpu(pin_memory=True):
            y = y.exp()
    y.sum().backward()
    assert seen == ["outer"]
    assert x.grad.numpy() == pytest.approx(np.exp(1 + np.e) * np.ones(3))


def test_hooks_outlive_their_block_and_free_what_they_hold() -> None:
    x = torch.ones(2, requires_grad=True)
    with saved_tensors_hooks(lambda t: t * 2, lambda t: t):
        y = (x * x).sum()
    y.backward(retain_graph=True)
    assert x.grad.tolist() == [4.0, 4.0]
    y.backward()
    with pytest.raises(GradError, match="a second time"):
        y.backward()


def test_versions_are_the_hooks_own_business() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 1
    with saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        z = (y * y).sum()
    y.add_(1)
    z.backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_hooks_belong_to_the_thread() -> None:
    seen: list[int] = []
    x = torch.ones(2, requires_grad=True)
    with saved_tensors_hooks(lambda t: seen.append(1) or t, lambda t: t):
        other = threading.Thread(target=lambda: (x * x).sum().backward())
        other.start()
        other.join()
    assert not seen
    assert x.grad.tolist() == [2.0, 2.0]


def test_what_hooks_may_not_do() -> None:
    x = torch.ones(2, requires_grad=True)
    with (
        saved_tensors_hooks(lambda t: t.add_(1), lambda t: t),
        pytest.raises(GradError, match="pack hook is modifying its input in place"),
    ):
        x.exp()
    with saved_tensors_hooks(lambda t: 1, lambda held: held):
        y = x.exp().sum()
    with pytest.raises(OpTypeError, match="unpack_hook expected to be a Tensor"):
        y.backward()


def test_hooks_can_be_disabled() -> None:
    with (
        disable_saved_tensors_hooks("not in here"),
        pytest.raises(GradError, match="not in here"),
        saved_tensors_hooks(lambda t: t, lambda t: t),
    ):
        pass
    with (
        saved_tensors_hooks(lambda t: t, lambda t: t),
        pytest.raises(GradError, match="not in here"),
        disable_saved_tensors_hooks("not in here"),
    ):
        pass
    with saved_tensors_hooks(lambda t: t, lambda t: t):
        torch.ones(1, requires_grad=True).exp()


@pytest.mark.torch
@pytest.mark.parametrize(
    "expression",
    [
        "x * w",
        "x.exp()",
        "x @ w.t()",
        "x + w",
        "x.sum()",
        "x.tanh().sigmoid()",
        "x.view(6)",
        "x * 2",
    ],
)
def test_the_same_number_is_saved_as_by_torch(expression: str) -> None:
    same(
        "x = torch.ones(2, 3, requires_grad=True); w = torch.ones(2, 3, requires_grad=True)\n"
        "seen = []\n"
        "hooks = torch.autograd.graph.saved_tensors_hooks\n"
        "with hooks(lambda t: seen.append(t) or t, lambda t: t):\n"
        f"    y = {expression}\n"
        "len(seen)"
    )

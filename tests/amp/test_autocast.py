"""Autocast: types of results, nesting, threads, custom functions."""

from __future__ import annotations

import threading

import pytest

import dtrain
from dtrain.amp import autocast, custom_bwd, custom_fwd
from dtrain.errors import OpError, OpValueError
from tests.twin import lines, same

CASES = """
torch.mm(x, x)
x @ x
torch.addmm(x, x, x)
torch.bmm(x[None], x[None])
torch.baddbmm(x[None], x[None], x[None])
torch.einsum("ij,jk->ik", x, x)
torch.inner(x, x)
torch.nn.functional.linear(x, x, x[0])
torch.nn.functional.conv2d(x[None, None], x[None, None, :2, :2])
torch.nn.functional.conv_transpose2d(x[None, None], x[None, None, :2, :2])
torch.nn.functional.scaled_dot_product_attention(x[None], x[None], x[None])
torch.nn.functional.softmax(x, 1)
torch.nn.functional.mse_loss(x, x + 1)
torch.nn.functional.cross_entropy(x, torch.tensor([0, 1, 2, 3]))
torch.nn.functional.binary_cross_entropy_with_logits(x, x)
torch.nn.functional.layer_norm(x, [4])
x.prod()
x.sum()
x.exp()
torch.mv(x, x[0])
x.double() @ x.double()
"""


@pytest.mark.torch
@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("call", lines(CASES))
def test_types_are_torchs(call: str, short: bool) -> None:
    given = "x = torch.linspace(0, 1, 16).reshape(4, 4)"
    same(
        f"{given}{'.bfloat16()' if short else ''}\nwith torch.autocast('cpu'):\n    y = {call}\n"
        "y.dtype"
    )


@pytest.mark.torch
def test_gradients_come_back_in_the_type_of_the_parameters() -> None:
    same(
        "torch.manual_seed(0); net = torch.nn.Linear(3, 2)\n"
        "with torch.autocast('cpu', dtype=torch.bfloat16):\n"
        "    loss = (net(torch.ones(2, 3)) ** 2).sum()\n"
        "loss.backward(); loss.dtype, net.weight.grad.dtype, net.bias.grad.shape"
    )


@pytest.mark.torch
@pytest.mark.parametrize(
    "source",
    [
        "torch.is_autocast_enabled('cpu'), torch.get_autocast_dtype('cpu')",
        "torch.get_autocast_dtype('cuda'), torch.is_autocast_cache_enabled()",
        "torch.amp.is_autocast_available('cpu'), torch.amp.is_autocast_available('meta')",
        "torch.autocast('meta')",
        "torch.autocast(3)",
        "torch.autocast('cpu', dtype=torch.float32)._enabled",
        "torch.autocast('cuda')._enabled",
    ],
)
def test_questions(source: str) -> None:
    same(source)


def test_inside_and_outside() -> None:
    x = dtrain.ones(2, 2)
    with autocast("cpu"):
        assert (x @ x).dtype is dtrain.bfloat16
        with autocast("cpu", enabled=False):
            assert (x @ x).dtype is dtrain.float32
        with autocast("cpu", dtype=dtrain.float16):
            assert (x @ x).dtype is dtrain.float16
        assert dtrain.is_autocast_enabled("cpu")
    assert (x @ x).dtype is dtrain.float32
    assert not dtrain.is_autocast_enabled("cpu")


def test_as_a_decorator_on_nested_calls() -> None:
    @autocast("cpu")
    def product(depth: int) -> list[object]:
        x = dtrain.ones(2, 2)
        return [(x @ x).dtype, *(product(depth - 1) if depth else [])]

    assert product(2) == [dtrain.bfloat16] * 3
    assert not dtrain.is_autocast_enabled("cpu")


def test_another_thread_does_without() -> None:
    seen = []
    x = dtrain.ones(2, 2)
    with autocast("cpu"):
        thread = threading.Thread(target=lambda: seen.append((x @ x).dtype))
        thread.start()
        thread.join()
    assert seen == [dtrain.float32]


@pytest.mark.parametrize("cast_inputs", [None, dtrain.float32])
def test_functions_of_ones_own(cast_inputs: object) -> None:
    seen = {}

    class Product(dtrain.autograd.Function):
        @staticmethod
        @custom_fwd(device_type="cpu", cast_inputs=cast_inputs)
        def forward(ctx, x):
            ctx.save_for_backward(x)
            seen["forward"] = (x @ x).dtype
            return x * 2

        @staticmethod
        @custom_bwd(device_type="cpu")
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            seen["backward"] = (x @ x).dtype
            return g * 2

    x = dtrain.ones(2, 2, requires_grad=True)
    with autocast("cpu"):
        y = Product.apply(x)
    y.sum().backward()
    expected = dtrain.bfloat16 if cast_inputs is None else dtrain.float32
    assert seen == {"forward": expected, "backward": expected}
    Product.apply(x)
    assert seen["forward"] is dtrain.float32


def test_settings_refuse_what_is_nothing() -> None:
    with pytest.raises(OpError, match="unsupported autocast device_type"):
        dtrain.is_autocast_enabled("tpu")
    with pytest.raises(OpValueError, match="expected a dtype"):
        dtrain.set_autocast_dtype("cpu", "bfloat16")

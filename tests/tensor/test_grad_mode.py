"""Grad modes and inference tensors, torch the oracle."""

from __future__ import annotations

import threading

import pytest

import dtrain as torch
from dtrain.tensor.grad_mode import INFERRING, MODE, is_grad_enabled, is_inference_mode_enabled
from tests.twin import same


def test_grad_modes_nest_and_restore_after_an_error() -> None:
    with torch.no_grad():
        assert not is_grad_enabled()
        with torch.enable_grad():
            assert is_grad_enabled()
        assert not is_grad_enabled()
    with pytest.raises(ZeroDivisionError), torch.no_grad():
        _ = 1 / 0
    assert is_grad_enabled()


def test_grad_mode_decorators() -> None:
    @torch.no_grad()
    def with_parentheses() -> bool:
        return is_grad_enabled()

    @torch.no_grad
    def without() -> bool:
        return is_grad_enabled()

    @torch.inference_mode()
    def inference() -> bool:
        return is_grad_enabled()

    @torch.set_grad_enabled(False)
    def switched() -> bool:
        return is_grad_enabled()

    assert not any((with_parentheses(), without(), inference(), switched()))
    assert is_grad_enabled()


def test_no_grad_on_a_generator_covers_its_body_only() -> None:
    @torch.no_grad()
    def numbers():
        yield is_grad_enabled()
        yield is_grad_enabled()

    seen = [(inside, is_grad_enabled()) for inside in numbers()]
    assert seen == [(False, True), (False, True)]


def test_set_grad_enabled_as_function_and_context() -> None:
    torch.set_grad_enabled(False)
    assert not is_grad_enabled()
    torch.set_grad_enabled(True)
    with torch.set_grad_enabled(False):
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_grad_mode_belongs_to_the_thread() -> None:
    seen: list[bool] = []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append(MODE.grad))
        thread.start()
        thread.join()
    assert seen == [True]


INFERENCE = """
x = torch.ones(2, requires_grad=True)
n = torch.ones(2)
with torch.inference_mode():
    i = torch.ones(2)
"""


@pytest.mark.torch
@pytest.mark.parametrize(
    "program",
    [
        "i.is_inference(), n.is_inference(), x.is_inference()",
        "i * x",
        "x.exp() * i",
        "i + x",
        "i * 2 + 1",
        "i.add_(1)",
        "i[0] = 1",
        "i.view(2, 1).mul_(2)",
        "i.requires_grad_()",
        "i._version",
        "i.clone() * x",
        "i.view(2, 1).is_inference(), i[0].is_inference(), i.clone().is_inference()",
        "(i + 1).is_inference(), (i * n).is_inference(), i.detach().is_inference()",
        "n.add_(i), n.copy_(i)",
        "torch.cat([i, n]).is_inference()",
    ],
)
def test_inference_tensors_outside_of_the_mode(program: str) -> None:
    same(INFERENCE + program)


@pytest.mark.torch
@pytest.mark.parametrize(
    "program",
    [
        "x * 2",
        "(x * 2).is_inference(), x.view(2, 1).is_inference(), n.view(2).is_inference()",
        "n[0].is_inference(), n.t().is_inference(), n.reshape(2, 1).is_inference()",
        "torch.zeros(2).is_inference(), torch.tensor([1]).is_inference(), (n > 0).is_inference()",
        "n.sum().is_inference(), n.max(0).values.is_inference(), n.exp().is_inference()",
        "torch.stack([n, n]).is_inference(), n.unbind()[0].is_inference(), (n + 1).is_inference()",
        "i.add_(1), n.add_(1), x.add_(1)",
        "v = i.view(2, 1); v.add_(1); i",
        "torch.nn.Parameter(torch.ones(2)).requires_grad",
        "torch.is_inference_mode_enabled(), torch.is_grad_enabled()",
    ],
)
def test_inside_of_inference_mode(program: str) -> None:
    body = "".join(f"    {line}\n" for line in program.split("; ")[:-1])
    last = program.rsplit("; ", maxsplit=1)[-1]
    same(f"{INFERENCE}with torch.inference_mode():\n    i.add_(0)\n{body}    r = {last}\nr")


@pytest.mark.torch
@pytest.mark.parametrize(
    "outer", ["torch.no_grad()", "torch.inference_mode()", "torch.enable_grad()"]
)
@pytest.mark.parametrize("inner", ["True", "False"])
def test_inference_modes_nest(outer: str, inner: str) -> None:
    same(
        f"with {outer}:\n"
        f"    with torch.inference_mode({inner}):\n"
        "        r = torch.is_grad_enabled(), torch.is_inference_mode_enabled(),\n"
        "        t = torch.ones(1).is_inference()\n"
        "    s = torch.is_grad_enabled(), torch.is_inference_mode_enabled()\n"
        "r, s, t, torch.is_grad_enabled(), torch.is_inference_mode_enabled()"
    )


def test_inference_mode_belongs_to_the_thread() -> None:
    made: list[torch.Tensor] = []
    with torch.inference_mode():
        thread = threading.Thread(target=lambda: made.append(torch.ones(1) + 1))
        thread.start()
        thread.join()
        assert is_inference_mode_enabled()
    assert not made[0].is_inference()
    assert not INFERRING


def test_inference_mode_decorates_with_and_without_parentheses() -> None:
    @torch.inference_mode
    def bare() -> bool:
        return torch.ones(1).is_inference()

    @torch.inference_mode()
    def called() -> bool:
        return torch.ones(1).is_inference()

    assert bare()
    assert called()
    assert not INFERRING

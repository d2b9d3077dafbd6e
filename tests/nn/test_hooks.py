"""Hooks around calls."""

# ruff: noqa: E501 (programs in strings)

from __future__ import annotations

import pytest

import dtrain
from dtrain.nn import hooks
from tests.twin import same

NET = """
nn = torch.nn
log = []
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 2)
    def forward(self, x, k=1.0):
        log.append("forward")
        if k == 0:
            raise ValueError("no")
        return self.a(x) * k
torch.manual_seed(0)
m = Net()
x = torch.arange(4.0).reshape(2, 2)
"""

CALLS = [
    "m.register_forward_pre_hook(lambda m, a: log.append(('pre', len(a))))",
    "m.register_forward_pre_hook(lambda m, a: a[0] * 2)",
    "m.register_forward_pre_hook(lambda m, a: (a[0], 3.0))",
    "m.register_forward_pre_hook(lambda m, a, k: (a, {'k': 5.0}), with_kwargs=True)",
    "m.register_forward_pre_hook(lambda m, a, k: log.append(dict(k)), with_kwargs=True)",
    "m.register_forward_hook(lambda m, a, y: log.append(('post', y.shape)))",
    "m.register_forward_hook(lambda m, a, y: y + 1)",
    "m.register_forward_hook(lambda m, a, k, y: y + k['k'], with_kwargs=True)",
    (
        "m.register_forward_hook(lambda m, a, y: log.append('1')), "
        "m.register_forward_hook(lambda m, a, y: log.append('2'), prepend=True)"
    ),
    (
        "m.register_forward_pre_hook(lambda m, a: log.append('1')), "
        "m.register_forward_pre_hook(lambda m, a: log.append('2'), prepend=True)"
    ),
]


@pytest.mark.torch
@pytest.mark.parametrize("hook", CALLS)
def test_calls(hook):
    same(
        f"{NET}h = {hook}\ny = m(x, k=2.0).tolist() if 'kwargs' in {hook!r} else m(x).tolist()\n"
        "log.append('removed')\n"
        "[one.remove() for one in (h if isinstance(h, tuple) else (h,))]\n"
        "[y, m(x).tolist(), log]",
        tolerance=1e-6,
    )


@pytest.mark.torch
def test_a_hook_returns_what_can_be_passed_on():
    same(
        f"{NET}m.register_forward_pre_hook(lambda m, a, k: a, with_kwargs=True); m(x)",
        "forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got",
    )


@pytest.mark.torch
@pytest.mark.parametrize("options", ["always_call=True", "always_call=True, with_kwargs=True", ""])
def test_hooks_that_are_always_called(options):
    last = "lambda m, a, k, y: log.append((k, y))" if "with" in options else (
        "lambda m, a, y: log.append(y)"
    )  # fmt: skip
    same(
        f"{NET}m.register_forward_hook({last}, {options})\n"
        "try:\n    m(x, k=0)\nexcept ValueError as error:\n    log.append(str(error))\n"
        "log"
    )


@pytest.mark.torch
def test_an_always_called_hook_that_raises_is_reported():
    same(
        f"{NET}m.register_forward_hook(lambda m, a, y: 1 / 0, always_call=True)\n"
        "try:\n    m(x, k=0)\nexcept ValueError as error:\n    log.append(str(error))\n"
        "log"
    )


@pytest.mark.torch
@pytest.mark.parametrize(
    "register",
    [
        "register_module_forward_pre_hook(lambda m, a: log.append(type(m).__name__))",
        "register_module_forward_hook(lambda m, a, y: log.append((type(m).__name__, y.shape)))",
        "register_module_forward_hook(lambda m, a, k, y: log.append(k), with_kwargs=True)",
        "register_module_full_backward_hook(lambda m, i, o: log.append((type(m).__name__, len(i))))",
        "register_module_full_backward_pre_hook(lambda m, o: log.append((type(m).__name__, len(o))))",
        "register_module_parameter_registration_hook(lambda m, n, p: log.append(n))",
        "register_module_buffer_registration_hook(lambda m, n, p: log.append(n))",
        "register_module_module_registration_hook(lambda m, n, p: log.append(n))",
    ],
)
def test_hooks_on_every_module(register):
    same(
        f"{NET}h = torch.nn.modules.module.{register}\n"
        "x.requires_grad_()\n"
        "try:\n    m(x).sum().backward(); m.b = nn.BatchNorm1d(1)\nfinally:\n    h.remove()\n"
        "log.append('removed'); m(x).sum().backward(); m.c = nn.Linear(1, 1)\n"
        "log"
    )


@pytest.mark.torch
def test_a_registration_hook_may_put_another_value_in_place():
    same(
        "h = torch.nn.modules.module.register_module_parameter_registration_hook("
        "lambda m, n, p: torch.nn.Parameter(p.detach() * 0 + 7))\n"
        "try:\n    m = torch.nn.Linear(1, 1, bias=False)\nfinally:\n    h.remove()\n"
        "m.register_parameter('w', torch.nn.Parameter(torch.zeros(1))); m.w"
    )


@pytest.mark.torch
def test_one_kind_of_backward_hooks():
    words = "Cannot use both regular backward hooks and full backward hooks on a single Module"
    same(
        "m = torch.nn.Linear(1, 1); m.register_backward_hook(print); m.register_full_backward_hook(print)",
        words,
    )
    same(
        "m = torch.nn.Linear(1, 1); m.register_full_backward_hook(print); m.register_backward_hook(print)",
        words,
    )


def test_one_kind_of_global_backward_hooks():
    with hooks.register_module_backward_hook(print), pytest.raises(RuntimeError, match="global"):
        hooks.register_module_full_backward_hook(print)
    assert not hooks.CALL_HOOKS


def test_a_removed_hook_leaves_nothing_behind():
    m = dtrain.nn.Linear(1, 1)
    with m.register_forward_hook(print, with_kwargs=True, always_call=True):
        assert len(m._forward_hooks_with_kwargs) == len(m._forward_hooks_always_called) == 1
    assert not m._forward_hooks
    assert not m._forward_hooks_with_kwargs
    assert not m._forward_hooks_always_called

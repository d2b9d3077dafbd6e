"""Hooks of optimizers."""

# ruff: noqa: E501 (programs in strings)

from __future__ import annotations

import pytest

import dtrain
from dtrain.optim import hooks
from tests.twin import same

START = """
p = torch.nn.Parameter(torch.ones(2))
SGD = torch.optim.SGD
"""


@pytest.mark.torch
@pytest.mark.parametrize(
    "hook",
    [
        "o.register_step_pre_hook(lambda o, a, k: log.append(('pre', len(a), dict(k))))",
        "o.register_step_post_hook(lambda o, a, k: log.append(('post', p.tolist())))",
        "o.register_step_pre_hook(lambda o, a, k: ((o, lambda: log.append('closure')), {}))",
        "o.register_step_pre_hook(lambda o, a, k: 3)",
        "o.register_state_dict_pre_hook(lambda o: log.append('pre'))",
        "o.register_state_dict_post_hook(lambda o, s: {**s, 'more': 1})",
        "o.register_state_dict_post_hook(lambda o, s: log.append(list(s)), prepend=True)",
        "o.register_load_state_dict_pre_hook(lambda o, s: log.append(list(s)))",
        "o.register_load_state_dict_post_hook(lambda o: log.append('loaded'))",
    ],
)
def test_hooks(hook):
    same(
        START + f"o = SGD([p], lr=1.0); log = []; h = {hook}\n"
        "try:\n    p.grad = torch.ones(2); o.step(); s = o.state_dict(); log.append(list(s)); o.load_state_dict(s)\n"
        "except Exception as e:\n    log.append(isinstance(e, RuntimeError))\n"
        "finally:\n    h.remove()\n"
        "log.append('removed'); o.step(); o.load_state_dict(o.state_dict()); [log, p]"
    )


def test_hooks_on_every_optimizer():
    log = []
    p = dtrain.nn.Parameter(dtrain.ones(1))
    with (
        hooks.register_optimizer_step_pre_hook(lambda o, a, k: log.append("before")),
        hooks.register_optimizer_step_post_hook(lambda o, a, k: log.append("after")),
    ):
        dtrain.optim.SGD([p]).step()
        dtrain.optim.Adam([p]).step()
    dtrain.optim.SGD([p]).step()
    assert log == ["before", "after"] * 2


def test_a_step_inside_a_step_runs_the_hooks_once():
    class Twice(dtrain.optim.SGD):
        def step(self, closure=None):
            return super().step(closure)

    p = dtrain.nn.Parameter(dtrain.ones(1))
    o, log = Twice([p]), []
    o.register_step_post_hook(lambda *a: log.append(1))
    o.step()
    assert log == [1]

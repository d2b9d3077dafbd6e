"""What all optimizers share: groups, state dicts, hooks, errors."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import dtrain
from dtrain.optim import optimizer as module
from dtrain.optim.optimizer import Optimizer
from tests.twin import same

START = """
torch.manual_seed(0)
p, q = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.zeros(3))
SGD, Adam = torch.optim.SGD, torch.optim.Adam
def shown(o):
    return [{k: (len(v) if k == "params" else v) for k, v in g.items()} for g in o.param_groups]
"""

GROUPS = [
    "shown(SGD([p, q]))",
    "shown(SGD((x for x in [p, q]), lr=0.1))",
    "shown(SGD([{'params': p, 'lr': 0.5}, {'params': [q], 'momentum': 0.9}], lr=0.1))",
    "shown(SGD([('p', p), ('q', q)]))",
    "shown(SGD([{'params': [('p', p)]}, {'params': [('q', q)]}]))",
    "shown(SGD(torch.nn.Linear(1, 1).named_parameters(), lr=1.0))",
    "o = SGD([p]); o.add_param_group({'params': q, 'lr': 7.0}); shown(o)",
    "o = SGD([p]); o.defaults",
    "repr(SGD([{'params': p, 'lr': 0.5}, {'params': q}]))",
    "repr(Adam([p]))",
    "shown(SGD([p, p]))",
]


@pytest.mark.torch
@pytest.mark.parametrize("source", GROUPS)
def test_groups(source):
    same(START + source.replace("; ", "\n"))


@pytest.mark.torch
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("SGD([])", "optimizer got an empty parameter list"),
        (
            "SGD(p)",
            "params argument given to the optimizer should be an iterable of Tensors or dicts",
        ),
        ("SGD([3])", "optimizer can only optimize Tensors, but one of the params is int"),
        ("SGD([p * 2])", "can't optimize a non-leaf Tensor"),
        (
            "SGD([{'params': {p}}])",
            "optimizer parameters need to be organized in ordered collections",
        ),
        (
            "SGD([{'params': [p]}, {'params': [p]}])",
            "some parameters appear in more than one parameter",
        ),
        (
            "SGD([('p', p), q])",
            "all optimizer params should be with/without names. Some param names",
        ),
        (
            "SGD([('p', p)]).add_param_group({'params': [q]})",
            "cannot add param group without names",
        ),
        ("SGD([p]).add_param_group([q])", "param_group must be a dict, but got"),
        ("torch.optim.Optimizer([p], {}).step()", ""),
    ],
)
def test_refusals(source, words):
    same(START + source, words)


def test_a_required_option_has_to_be_given():
    class Needy(Optimizer):
        def __init__(self, params):
            super().__init__(params, {"lr": module.required})

    p = dtrain.nn.Parameter(dtrain.ones(1))
    with pytest.raises(
        ValueError, match="didn't specify a value of required optimization parameter"
    ):
        Needy([p])
    assert Needy([{"params": [p], "lr": 1.0}]).param_groups[0]["lr"] == 1.0


@pytest.mark.torch
def test_a_closure_is_called_with_grad():
    same(
        START + "o = SGD([p], lr=0.5)\n"
        "def closure():\n    o.zero_grad(); loss = (p * p).sum(); loss.backward(); return loss\n"
        "with torch.no_grad():\n    loss = o.step(closure)\n"
        "[loss.detach(), p]"
    )


@pytest.mark.torch
def test_zero_grad():
    same(START + "o = SGD([p, q]); p.grad = torch.ones(2); o.zero_grad(); [p.grad, q.grad]")
    same(
        START
        + "o = SGD([p]); p.grad = torch.ones(2); g = p.grad; o.zero_grad(False); [p.grad is g, g]"
    )


@pytest.mark.torch
def test_an_optimizer_written_for_torch():
    same(
        START + "class Sign(torch.optim.Optimizer):\n"
        "    def __init__(self, params, lr=0.1):\n        super().__init__(params, dict(lr=lr))\n"
        "    @torch.no_grad()\n"
        "    def step(self, closure=None):\n"
        "        for group in self.param_groups:\n"
        "            for p in group['params']:\n"
        "                if p.grad is None: continue\n"
        "                s = self.state[p]\n"
        "                s['n'] = s.get('n', 0) + 1\n"
        "                p.add_(p.grad.sign(), alpha=-group['lr'])\n"
        "log = []; o = Sign([p, q]); o.register_step_post_hook(lambda *a: log.append(1))\n"
        "p.grad = torch.tensor([3.0, -2.0]); o.step(); o.step()\n"
        "[p, log, o.state_dict(), repr(o)]"
    )


def test_copies_and_pickles_keep_state_and_parameters_together():
    p = dtrain.nn.Parameter(dtrain.ones(2))
    o = dtrain.optim.Adam([p], lr=0.1)
    p.grad = dtrain.ones(2)
    o.step()
    for twin in (copy.deepcopy(o), pickle.loads(pickle.dumps(o))):
        r = twin.param_groups[0]["params"][0]
        assert r is not p
        assert list(twin.state) == [r]
        r.grad = dtrain.ones(2)
        twin.step()
        assert float(twin.state[r]["step"]) == 2
    assert float(o.state[p]["step"]) == 1


@pytest.mark.parametrize("shape", [(), (7,), (3, 5), (200, 331), (3, 40000)])
@pytest.mark.parametrize("transposed", [False, True])
def test_steps_change_the_memory_in_place(shape, transposed):
    """DDP's buckets and users' views look at that memory; blocks must not change the result."""
    rng = np.random.default_rng(0)
    values, grad = rng.normal(size=(2, *shape)).astype(np.float32)
    values, grad = np.asarray(values), np.asarray(grad)
    if transposed:
        values, grad = values.T, grad.T
    p = dtrain.nn.Parameter(dtrain.from_numpy(values.copy("K")))
    p.grad = dtrain.from_numpy(grad.copy("K"))
    address, version = p.data_ptr(), p._version
    o = dtrain.optim.Adam([p], lr=0.1)
    o.step()
    assert p.data_ptr() == address
    assert p._version == version + 1
    expected = values - 0.1 * grad / (np.abs(grad) + 1e-8)
    np.testing.assert_allclose(p.detach().numpy(), expected, rtol=1e-4, atol=1e-6)

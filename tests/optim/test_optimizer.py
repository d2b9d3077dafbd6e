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
        ("SGD(p)", "params argument given to the optimizer should be an iterable of Tensors or dicts"),
        ("SGD([3])", "optimizer can only optimize Tensors, but one of the params is int"),
        ("SGD([p * 2])", "can't optimize a non-leaf Tensor"),
        ("SGD([{'params': {p}}])", "optimizer parameters need to be organized in ordered collections"),
        ("SGD([{'params': [p]}, {'params': [p]}])", "some parameters appear in more than one parameter"),
        ("SGD([('p', p), q])", "all optimizer params should be with/without names. Some param names"),
        ("SGD([('p', p)]).add_param_group({'params': [q]})", "cannot add param group without names"),
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
    with pytest.raises(ValueError, match="didn't specify a value of required optimization parameter"):
        Needy([p])
    assert Needy([{"params": [p], "lr": 1.0}]).param_groups[0]["lr"] == 1.0


STEP = START + """
o = MAKE
def go(n):
    for i in range(n):
        o.zero_grad()
        ((p - 2) ** 2).sum().backward()
        (q * torch.arange(3.0)).sum().backward()
        o.step()
def plain(d):
    if isinstance(d, dict):
        return {k: plain(v) for k, v in d.items()}
    return plain(list(d)) if isinstance(d, tuple) else [plain(v) for v in d] if isinstance(d, list) else d
"""

MAKES = ["SGD([p, q], lr=0.1)", "SGD([{'params': p}, {'params': q, 'lr': 0.5}], momentum=0.9)",
         "Adam([p, q], lr=0.1, amsgrad=True)", "torch.optim.AdamW([('p', p), ('q', q)])"]  # fmt: skip


@pytest.mark.torch
@pytest.mark.parametrize("make", MAKES)
def test_state_dicts_have_torchs_format(make):
    same(STEP.replace("MAKE", make) + "go(2)\nplain(o.state_dict())")
    same(STEP.replace("MAKE", make) + "plain(o.state_dict())")


@pytest.mark.torch
@pytest.mark.parametrize("make", MAKES)
def test_a_loaded_state_goes_on_as_the_saved_one(make):
    same(
        STEP.replace("MAKE", make)
        + "import copy\ngo(3)\ns = copy.deepcopy(o.state_dict())\nw = [p.detach().clone(), q.detach().clone()]\n"
        "go(2)\nfirst = [p.detach().clone(), q.detach().clone()]\n"
        f"with torch.no_grad():\n    p.copy_(w[0]); q.copy_(w[1])\no = {make}\no.load_state_dict(s)\n"
        "go(2)\n[torch.equal(p, first[0]), torch.equal(q, first[1])]"
    )


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_states_go_both_ways(kind):
    """What torch saved goes on here with the same numbers, and the other way round."""
    torch = pytest.importorskip("torch")
    options = {"lr": 0.1, **({"momentum": 0.9} if kind == "SGD" else {})}

    def make(lib):
        p = lib.nn.Parameter(lib.ones(3))
        return p, getattr(lib.optim, kind)([p], **options)

    def go(lib, p, o):
        o.zero_grad()
        ((p * lib.arange(3.0) - 1) ** 2).sum().backward()
        o.step()

    def carried(lib, value):
        if isinstance(value, dict):
            return {k: carried(lib, v) for k, v in value.items()}
        return lib.from_numpy(value.detach().numpy().copy()) if hasattr(value, "numpy") else value

    for source, target in ((torch, dtrain), (dtrain, torch)):
        p, o = make(source)
        go(source, p, o)
        r, other = make(target)
        with target.no_grad():
            r.copy_(carried(target, p))
        other.load_state_dict(carried(target, o.state_dict()))
        for _ in range(2):
            go(source, p, o)
            go(target, r, other)
        np.testing.assert_allclose(r.tolist(), p.tolist(), rtol=1e-6)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("s['param_groups'].append({'params': []})", "loaded state dict has a different number of"),
        ("s['param_groups'][0]['params'] = [0]", "that doesn't match the size of optimizer's group"),
    ],
)
def test_states_that_do_not_fit(change, words):
    same(START + f"o = SGD([p, q]); s = o.state_dict(); {change}\no.load_state_dict(s)", words)


def test_state_follows_the_type_of_the_parameter():
    p = dtrain.nn.Parameter(dtrain.ones(2, dtype=dtrain.float64))
    o = dtrain.optim.Adam([p])
    state = {"step": 3, "exp_avg": dtrain.ones(2), "exp_avg_sq": dtrain.ones(2)}
    o.load_state_dict({"state": {0: state}, "param_groups": o.state_dict()["param_groups"]})
    assert o.state[p]["exp_avg"].dtype == dtrain.float64
    assert o.state[p]["step"].dtype == dtrain.float32
    p.grad = dtrain.ones(2, dtype=dtrain.float64)
    o.step()
    assert float(o.state[p]["step"]) == 4


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
        module.register_optimizer_step_pre_hook(lambda o, a, k: log.append("before")),
        module.register_optimizer_step_post_hook(lambda o, a, k: log.append("after")),
    ):
        dtrain.optim.SGD([p]).step()
        dtrain.optim.Adam([p]).step()
    dtrain.optim.SGD([p]).step()
    assert log == ["before", "after"] * 2


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
    same(START + "o = SGD([p]); p.grad = torch.ones(2); g = p.grad; o.zero_grad(False); [p.grad is g, g]")


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


def test_a_step_inside_a_step_runs_the_hooks_once():
    class Twice(dtrain.optim.SGD):
        def step(self, closure=None):
            return super().step(closure)

    p = dtrain.nn.Parameter(dtrain.ones(1))
    o, log = Twice([p]), []
    o.register_step_post_hook(lambda *a: log.append(1))
    o.step()
    assert log == [1]


@pytest.mark.parametrize(
    "options",
    [{"foreach": True, "fused": True}, {"differentiable": True}, {"fused": True, "differentiable": True}],
)
def test_spellings_that_exclude_each_other(options):
    p = dtrain.nn.Parameter(dtrain.ones(1))
    with pytest.raises((RuntimeError, ValueError), match="differentiable|fused"):
        dtrain.optim.SGD([p], **options)

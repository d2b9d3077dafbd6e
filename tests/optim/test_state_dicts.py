"""State dicts of optimizers."""

# ruff: noqa: E501 (programs in strings)

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.twin import same

START = """
p, q = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.zeros(3))
SGD, Adam = torch.optim.SGD, torch.optim.Adam
"""

STEP = (
    START
    + """
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
)

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
        (
            "s['param_groups'][0]['params'] = [0]",
            "that doesn't match the size of optimizer's group",
        ),
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

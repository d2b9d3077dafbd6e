"""Small parameters updated as one: the same bits as one after the other."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from dtrain.optim import apply, batches

SHAPES = [(3,), (2, 5), (), (0, 4), (7, 3), (100,), (40, 40)]


def run(kind, options, block=None, monkeypatch=None):
    rng = np.random.default_rng(3)
    params = []
    for i, shape in enumerate(SHAPES * 3):
        a = np.asarray(rng.normal(size=shape), np.float64 if i % 4 == 0 else np.float32)
        params.append(dtrain.nn.Parameter(dtrain.from_numpy(a.T if i % 3 == 0 else a)))
    o = getattr(dtrain.optim, kind)(params, **options)
    for n in range(4):
        for i, p in enumerate(params):
            skip = n == 1 and i % 5 == 0
            p.grad = (
                None
                if skip
                else dtrain.from_numpy(
                    np.asarray(rng.normal(size=p.shape), p.detach().numpy().dtype)
                )
            )
        o.step()
    state = o.state_dict()["state"]
    return [p.detach().numpy().tobytes() for p in params], [
        {k: v.numpy().tobytes() for k, v in s.items()} for s in state.values()
    ]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
        ("Adam", {"lr": 0.1, "amsgrad": True}),
        ("ASGD", {"t0": 2}),
        ("NAdam", {}),
        ("Rprop", {}),
        ("RMSprop", {"centered": True, "momentum": 0.5}),
    ],
)
@pytest.mark.parametrize("block", [1 << 16, 1700])
def test_same_bits(kind, options, block, monkeypatch):
    monkeypatch.setattr(batches, "BLOCK", block)
    together = run(kind, options)
    monkeypatch.setattr(batches, "SMALL", -1)
    monkeypatch.setattr(apply, "BLOCK", 1 << 30)
    assert run(kind, options) == together


def test_parameters_that_share_memory_are_updated_in_turn():
    a = dtrain.ones(4)
    p, q = dtrain.nn.Parameter(a), dtrain.nn.Parameter(a[1:])
    p.grad, q.grad = dtrain.ones(4), dtrain.ones(3)
    dtrain.optim.SGD([p, q], lr=0.25).step()
    assert a.tolist() == [0.75, 0.5, 0.5, 0.5]


def test_new_memory_is_noticed():
    params = [dtrain.nn.Parameter(dtrain.ones(2)) for _ in range(3)]
    o = dtrain.optim.SGD(params, lr=0.5)
    for p in params:
        p.grad = dtrain.ones(2)
    o.step()
    params[1].data = dtrain.full((2,), 7.0)
    o.step()
    assert [p.tolist() for p in params] == [[0.0, 0.0], [6.5, 6.5], [0.0, 0.0]]

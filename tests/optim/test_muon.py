"""Muon against torch and against the law of orthogonal matrices."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.twin import same


@pytest.mark.torch
@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (9, 2)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.1, "nesterov": False, "weight_decay": 0.0},
        {"lr": 0.1, "adjust_lr_fn": "match_rms_adamw", "momentum": 0.5, "ns_steps": 3},
    ],
)
def test_steps(shape, options):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    start, *grads = rng.normal(size=(6, *shape)).astype(np.float32)
    ends = []
    for lib in (dtrain, torch):
        p = lib.nn.Parameter(lib.tensor(start.tolist()))
        o = lib.optim.Muon([p], **options)
        for g in grads:
            p.grad = lib.tensor(g.tolist())
            o.step()
        ends.append(
            (np.array(p.tolist()), np.array(o.state_dict()["state"][0]["momentum_buffer"].tolist()))
        )
    (ours, mean), (theirs, right) = ends
    np.testing.assert_allclose(mean, right, rtol=1e-5, atol=1e-6)
    # bfloat16 has 8 bits: five steps of five products each.
    moved = float(np.abs(theirs - start).max())
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.03 * moved)


def test_a_step_is_about_orthogonal():
    dtrain.manual_seed(0)  # a matrix that is nearly singular stays so
    p = dtrain.nn.Parameter(dtrain.zeros(6, 6))
    p.grad = dtrain.randn(6, 6)
    dtrain.optim.Muon([p], lr=1.0, weight_decay=0.0).step()
    sizes = np.linalg.svd(p.detach().numpy(), compute_uv=False)
    assert 0.3 < sizes.min() <= sizes.max() < 1.5


@pytest.mark.torch
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("Muon([p], lr=-1)", "Learning rate should be >= 0 but is: -1"),
        ("Muon([p], momentum=-1)", "momentum should be >= 0 but is: -1"),
        ("Muon([p], weight_decay=-1)", "weight decay should be >= 0 but is: -1"),
        ("Muon([p], adjust_lr_fn='x')", "Adjust learning rate function x is not supported"),
        ("Muon([q])", "Muon only supports 2D parameters whereas we found a parameter with size"),
        ("Muon([p], ns_steps=100).step()", "Number of steps must be less than 100"),
        ("Muon([p], ns_coefficients=(1.0,)).step()", "Coefficients must be a tuple of exactly 3"),
    ],
)
def test_refusals(source, words):
    same(
        "p, q = torch.nn.Parameter(torch.ones(2, 2)), torch.nn.Parameter(torch.ones(2))\n"
        f"p.grad = torch.ones(2, 2)\ntorch.optim.{source}",
        words,
    )

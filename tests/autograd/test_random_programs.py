"""Random programs of views, changes in place and new tensors: gradients equal torch's."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dtrain

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

VIEWS: list[Callable[[Any, int, float], Any]] = [
    lambda t, d, u: t[int(u * t.shape[0])],
    lambda t, d, u: t.transpose(0, t.dim() - 1),
    lambda t, d, u: t.narrow(d, 0, max(1, t.shape[d] - 1)),
    lambda t, d, u: t.unsqueeze(d),
    lambda t, d, u: t.reshape(-1),
    lambda t, d, u: t.select(d, int(u * t.shape[d])),
    lambda t, d, u: t.diagonal(),
    lambda t, d, u: t[..., ::2],
    lambda t, d, u: t.view_as(t),
]
CHANGES: list[Callable[[Any, Any, float], Any]] = [
    lambda t, o, u: t.mul_(1 + u),
    lambda t, o, u: t.add_(o),
    lambda t, o, u: t.mul_(o),
    lambda t, o, u: t.sin_(),
    lambda t, o, u: t.zero_(),
    lambda t, o, u: t.copy_(o),
    lambda t, o, u: t.__setitem__((..., 0), u),
    lambda t, o, u: t.__setitem__(0, o.sum()),
    lambda t, o, u: t.fill_(o.mean()),
    lambda t, o, u: t.masked_fill_(t.detach() > 1, u),
    lambda t, o, u: t.div_(o.detach().abs() + 1),
]
NEW: list[Callable[[Any, Any, float], Any]] = [
    lambda t, o, u: t * o,
    lambda t, o, u: t + o * u,
    lambda t, o, u: (t * t).tanh(),
    lambda t, o, u: t.exp().clamp(max=5.0),
    lambda t, o, u: t.clone(),
    lambda t, o, u: t.detach().clone() * o,
]


def play(module: Any, seed: int) -> tuple[list[bool], str, list[Any], list[Any]]:
    """Run the program of a seed: what worked, how backward ended, values and gradients."""
    draw, numbers = random.Random(seed), np.random.default_rng(seed)
    leaves = [
        module.from_numpy(numbers.uniform(0.5, 1.5, shape)).requires_grad_()
        for shape in ((2, 3, 4), (3, 4))
    ]
    live, worked = [leaves[0] * 1.0, leaves[1] * 2.0], []
    for _ in range(draw.randint(3, 12)):
        what, i, j, k, u = (draw.random() for _ in range(5))
        t, other = live[int(i * len(live))], live[int(j * len(live))]
        try:
            if what < 0.4:
                live.append(VIEWS[int(k * len(VIEWS))](t, int(u * t.dim()), u))
            elif what < 0.75:
                CHANGES[int(k * len(CHANGES))](t, other, u)
            else:
                live.append(NEW[int(k * len(NEW))](t, other, u))
            worked.append(True)
        except (RuntimeError, IndexError) as error:
            if "refer to a single memory location" in str(error):
                return worked, "overlap", [], []  # refused by torch alone
            worked.append(False)
    values = [t.detach().numpy().copy() for t in live]
    try:
        sum((t * t).sum() * (n + 1) for n, t in enumerate(live)).backward()
    except RuntimeError as error:
        return worked, "version" if "modified by an inplace" in str(error) else "error", values, []
    return worked, "well", values, [t.grad for t in leaves]


@pytest.mark.parametrize("block", range(6))
def test_gradients_equal_torch(block: int) -> None:
    compared = 0
    for seed in range(block * 100, block * 100 + 100):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs, ours = play(torch, seed), play(dtrain, seed)
        if theirs[1] == "overlap":
            continue
        assert ours[0] == theirs[0], seed
        for a, b in zip(ours[2], theirs[2], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, err_msg=str(seed))
        if theirs[1] != "well":  # dtrain copies where torch notices a change: it may go on
            continue
        assert ours[1] == "well", seed
        for a, b in zip(ours[3], theirs[3], strict=True):
            assert (a is None) == (b is None), seed
            if b is not None:
                np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, err_msg=str(seed))
        compared += 1
    assert compared > 50

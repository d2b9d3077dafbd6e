"""LBFGS against torch: the way to the minimum, not only the minimum."""

from __future__ import annotations

import pytest

import dtrain
from tests.twin import same

PROGRAM = """
p = torch.nn.Parameter(torch.tensor([-1.2, 1.0], dtype=torch.float64))
q = torch.nn.Parameter(torch.tensor(0.5, dtype=torch.float64))
o = torch.optim.LBFGS([p, q], {options})
log = []
def closure():
    o.zero_grad()
    loss = 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2 + (q - 3) ** 4
    loss.backward()
    log.append(loss.item())
    return loss
for _ in range({steps}):
    o.step(closure)
s = o.state_dict()["state"][0]
[log, sorted(s), s["n_iter"], s["func_evals"], len(s["old_dirs"])]
"""


@pytest.mark.torch
@pytest.mark.parametrize(
    "options",
    [
        "lr=0.001",
        "line_search_fn='strong_wolfe'",
        "lr=0.5, history_size=2, line_search_fn='strong_wolfe', max_iter=8",
        "max_eval=5, line_search_fn='strong_wolfe'",
        "lr=0.01, tolerance_change=1e-2",
    ],
)
def test_the_way(options):
    same(PROGRAM.format(options=options, steps=2), tolerance=1e-6)


def test_the_minimum():
    p = dtrain.nn.Parameter(dtrain.tensor([-1.2, 1.0], dtype=dtrain.float64))
    o = dtrain.optim.LBFGS([p], line_search_fn="strong_wolfe", max_iter=100)

    def closure():
        o.zero_grad()
        loss = 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2
        loss.backward()
        return loss

    o.step(closure)
    assert p.tolist() == pytest.approx([1, 1], abs=1e-4)


@pytest.mark.torch
def test_a_restart_goes_on():
    same(
        PROGRAM.format(options="line_search_fn='strong_wolfe', max_iter=3", steps=1)
        + "import copy\n"
        "state = copy.deepcopy(o.state_dict())\n"
        "o = torch.optim.LBFGS([p, q], line_search_fn='strong_wolfe', max_iter=3)\n"
        "o.load_state_dict(state); o.step(closure); log",
        tolerance=1e-6,
    )


@pytest.mark.torch
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("LBFGS([p], lr=-1)", "Invalid learning rate: -1"),
        ("LBFGS([{'params': [p]}, {'params': [q]}])", "doesn't support per-parameter options"),
        ("LBFGS([p], line_search_fn='x').step(closure)", "only 'strong_wolfe' is supported"),
    ],
)
def test_refusals(source, words):
    same(
        "p, q = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))\n"
        "def closure():\n    loss = (p * p).sum(); loss.backward(); return loss\n"
        f"torch.optim.{source}",
        words,
    )

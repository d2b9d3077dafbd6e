"""Sparse gradients: SparseAdam, and the optimizers that take them as well."""

from __future__ import annotations

import pytest

import dtrain
from tests.twin import same

pytestmark = pytest.mark.torch

START = """
p = torch.nn.Parameter(torch.arange(8.0).reshape(4, 2))
def sparse(*rows):
    values = torch.tensor([[float(r), r + 1.0] for r in rows]).reshape(-1, 2)
    return torch.sparse_coo_tensor(torch.tensor([rows]), values, (4, 2), check_invariants=False)
"""


@pytest.mark.parametrize(
    "make",
    [
        "SparseAdam([p])",
        "SparseAdam([p], lr=0.1, betas=(0.5, 0.9), eps=1e-3, maximize=True)",
        "SGD([p], lr=0.1)",
        "SGD([p], lr=0.1, maximize=True)",
    ],
)
def test_steps(make):
    same(
        START + f"o = torch.optim.{make}\n"
        "for rows in ((0, 2), (2,), (3, 1, 3), (0,)):\n    p.grad = sparse(*rows); o.step()\n"
        "[p, o.state_dict()['state']]"
    )


def test_the_step_stays_a_number():
    same(
        START + "o = torch.optim.SparseAdam([p]); p.grad = sparse(1); o.step()\n"
        "o.load_state_dict(o.state_dict()); o.step(); o.state_dict()['state'][0]['step']"
    )


def test_adagrad_leaves_rows_without_gradient():
    """A row whose gradient is zero stays: so the sparse step is the dense one."""
    ends = []
    for dense in (False, True):
        p = dtrain.nn.Parameter(dtrain.arange(8.0).reshape(4, 2))
        o = dtrain.optim.Adagrad([p], lr=0.1, lr_decay=0.1)
        for row in (0, 2, 0):
            values = dtrain.full((1, 2), 0.5 + row)
            grad = dtrain.sparse_coo_tensor(dtrain.tensor([[row]]), values, (4, 2))
            p.grad = grad.to_dense() if dense else grad
            o.step()
        ends.append([p.tolist(), o.state[p]["sum"].tolist()])
    assert ends[0] == ends[1]


def test_momentum_moves_rows_without_gradient():
    same(
        START + "o = torch.optim.SGD([p], lr=0.1, momentum=0.5)\n"
        "for rows in ((0, 2), (2,)):\n    p.grad = sparse(*rows); o.step()\n"
        "p"
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("SparseAdam([p], lr=0)", "Invalid learning rate: 0"),
        ("SparseAdam([p], eps=0)", "Invalid epsilon value: 0"),
        ("SparseAdam([p], betas=(0.1, 1.0))", "Invalid beta parameter at index 1: 1.0"),
        ("SparseAdam([sparse(1)])", "Sparse params at indices [[0, 0]]"),
        ("SparseAdam([c])", "Complex params at indices [[0, 0]]"),
        ("SparseAdam([p]).step()", "SparseAdam does not support dense gradients, please consider"),
    ],
)
def test_refusals(source, words):
    same(
        START + "c = torch.nn.Parameter(torch.ones(1, dtype=torch.complex64))\n"
        f"p.grad = torch.ones(4, 2)\ntorch.optim.{source}",
        words,
    )


@pytest.mark.parametrize("kind", ["Adam", "AdamW", "RMSprop", "Rprop", "NAdam", "ASGD"])
def test_others_refuse_sparse_gradients(kind):
    same(START + f"p.grad = sparse(1)\ntorch.optim.{kind}([p]).step()", "sparse gradients")

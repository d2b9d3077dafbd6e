"""Orthogonal matrices, spectral and weight normalization."""

from __future__ import annotations

import pytest

from tests.nn.layer import agree
from tests.twin import same

pytestmark = pytest.mark.torch

SETUP = """
nn = torch.nn; P = nn.utils.parametrizations; torch.manual_seed(0)
def trained(layer, *shape):
    for _ in range(3):
        y = layer(torch.ones(shape, dtype=torch.float64))
        (y * y).sum().backward()
        with torch.no_grad():
            for p in layer.parameters():
                p -= 0.01 * p.grad
                p.grad = None
    return [y, layer.weight, *layer.state_dict().values()]
"""


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        ("P.weight_norm(nn.Linear(3, 4).double())", (2, 3)),
        ("P.weight_norm(nn.Conv1d(3, 4, 2).double(), dim=None)", (2, 3, 5)),
        ("P.weight_norm(nn.Conv2d(3, 4, 2).double(), dim=1)", (2, 3, 5, 5)),
        ("P.spectral_norm(nn.Linear(3, 4).double())", (2, 3)),
        ("P.spectral_norm(nn.ConvTranspose1d(3, 4, 2).double(), n_power_iterations=2)", (2, 3, 5)),
        ("P.spectral_norm(nn.Linear(3, 4).double(), 'bias')", (2, 3)),
        ("P.orthogonal(nn.Linear(3, 3).double(), orthogonal_map='cayley')", (2, 3)),
        ("P.orthogonal(nn.Linear(3, 3).double())", (2, 3)),
        ("P.orthogonal(nn.Linear(5, 3).double())", (2, 5)),
        ("P.orthogonal(nn.Linear(3, 5).double(), orthogonal_map='matrix_exp')", (2, 3)),
        ("P.orthogonal(nn.Linear(3, 5).double(), use_trivialization=False)", (2, 3)),
    ],
)
def test_training(make, shape):
    agree(f"{SETUP}trained({make}, *{shape})", 1e-8)


def test_orthogonal_stays_orthogonal():
    agree(f"{SETUP}m = nn.Linear(5, 3).double(); P.orthogonal(m); trained(m, 2, 5)\n"
          "(m.weight @ m.weight.T, torch.eye(3, dtype=torch.float64))", 1e-9)  # fmt: skip


def test_keys_and_older_checkpoints():
    same(f"{SETUP}[*P.weight_norm(nn.Linear(2, 3)).state_dict()]")
    same(f"{SETUP}[*P.spectral_norm(nn.Linear(2, 3)).state_dict()]")
    same(
        f"{SETUP}m = P.weight_norm(nn.Linear(2, 3))\n"
        "one = torch.ones\n"
        "old = {'bias': one(3), 'weight_g': one(3, 1), 'weight_v': one(3, 2)}\n"
        "(str(m.load_state_dict(old)), m.weight)"
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("P.orthogonal(nn.Linear(2, 2), 'none')", "has no parameter or buffer with name 'none'"),
        ("P.orthogonal(nn.Linear(2, 2), 'bias')", "Expected a matrix or batch of matrices"),
        ("P.orthogonal(nn.Linear(2, 2), orthogonal_map='qr')", "orthogonal_map has to be one of"),
        ("P.spectral_norm(nn.Linear(2, 2), dim=2)", "Dimension out of range"),
        ("P.spectral_norm(nn.Linear(2, 2), n_power_iterations=0)", "n_power_iterations to be pos"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    same(SETUP + call, words)

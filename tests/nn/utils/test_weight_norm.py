"""Weight normalization in its older form."""

from __future__ import annotations

import pytest

from tests.nn.layer import agree
from tests.twin import same

pytestmark = pytest.mark.torch

SETUP = "nn = torch.nn; U = nn.utils; torch.manual_seed(0)\n"


@pytest.mark.parametrize("dim", [0, 1, -1, None])
def test_layer(dim):
    agree(
        f"{SETUP}m = U.weight_norm(nn.Conv1d(2, 3, 2).double(), dim={dim})\n"
        "x = torch.arange(16.0, dtype=torch.float64).reshape(2, 2, 4)\n"
        "with torch.no_grad():\n    m.weight_g *= 3\n"
        "m(x).sum().backward(); (m(x), [p.grad for p in m.parameters()])"
    )


def test_names_warning_and_removal():
    same(f"{SETUP}[*U.weight_norm(nn.Linear(2, 3)).state_dict()]")
    same(
        f"{SETUP}m = U.weight_norm(nn.Linear(2, 3)); w = m.weight.detach().clone()\n"
        "U.remove_weight_norm(m); ([n for n, _ in m.named_parameters()], m.weight - w)"
    )


def test_what_does_not_fit_is_refused():
    same(f"{SETUP}U.remove_weight_norm(nn.Linear(2, 3))", "weight_norm of 'weight' not found")
    same(f"{SETUP}U.weight_norm(U.weight_norm(nn.Linear(2, 3)))", "Cannot register two weight_norm")
    same(f"{SETUP}U.weight_norm(nn.LazyLinear(3))", "can't have uninitialized parameters")

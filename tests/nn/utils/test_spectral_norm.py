"""Spectral normalization in its older form."""

from __future__ import annotations

import pytest

from tests.nn.layer import agree
from tests.twin import same

pytestmark = pytest.mark.torch

SETUP = "nn = torch.nn; U = nn.utils; torch.manual_seed(0)\n"


@pytest.mark.parametrize("make", ["nn.Conv1d(2, 3, 2)", "nn.ConvTranspose1d(2, 3, 2)"])
def test_layer(make):
    agree(
        f"{SETUP}m = U.spectral_norm({make}.double(), n_power_iterations=2)\n"
        "x = torch.arange(16.0, dtype=torch.float64).reshape(2, 2, 4)\n"
        "m(x).sum().backward(); y = m.eval()(x)\n"
        "(y, m.weight, [p.grad for p in m.parameters()], [*m.buffers()])"
    )


def test_state_and_removal():
    same(
        f"{SETUP}m = U.spectral_norm(nn.Linear(2, 3)); s = m.state_dict()\n"
        "([*s], s._metadata[''], str(m.load_state_dict(s)))"
    )
    same(
        f"{SETUP}m = U.spectral_norm(nn.Linear(2, 3).double()); m(torch.ones(1, 2).double())\n"
        "w = m.weight.detach().clone(); U.remove_spectral_norm(m)\n"
        "([*m.state_dict()], (m.weight - w).abs().max().item() < 1e-12, len(m._state_dict_hooks))"
    )


def test_what_does_not_fit_is_refused():
    same(f"{SETUP}U.remove_spectral_norm(nn.Linear(2, 3))", "spectral_norm of 'weight' not found")
    same(f"{SETUP}U.spectral_norm(U.spectral_norm(nn.Linear(2, 3)))", "")
    same(f"{SETUP}U.spectral_norm(nn.Linear(2, 3, bias=False), 'bias')", "parameter `bias` is None")
    same(f"{SETUP}U.spectral_norm(nn.Linear(2, 3), n_power_iterations=0)", "to be positive")

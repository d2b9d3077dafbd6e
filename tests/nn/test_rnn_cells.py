"""Single steps of recurrent networks."""

from __future__ import annotations

import pytest

from tests.nn.layer import agree, check, varied
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    "cell",
    ["LSTMCell(3, 4)", "GRUCell(3, 4)", "RNNCell(3, 4)", "RNNCell(3, 4, False, 'relu')"],
)
@pytest.mark.parametrize("shape", [(2, 3), (3,)])
def test_cell(cell, shape):
    check(f"nn.{cell}", varied(*shape))


@pytest.mark.parametrize("cell", ["GRUCell", "RNNCell"])
def test_cell_from_a_state(cell):
    check(f"nn.{cell}(3, 4)", varied(2, 3), varied(2, 4))


def test_lstm_cell_from_a_state():
    agree(
        "torch.manual_seed(0); m = torch.nn.LSTMCell(3, 4).double()\n"
        "h = torch.ones(2, 4).double().requires_grad_(); c = h.detach().clone().requires_grad_()\n"
        "y, d = m(torch.ones(2, 3).double(), (h, c))\n"
        "(y * d).sum().backward(); (y, d, h.grad, c.grad)"
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nn.GRUCell(3, 4)(torch.ones(2, 2, 3))", "GRUCell: Expected input to be 1D or 2D, got 3D"),
        ("nn.RNNCell(3, 4)(torch.ones(2, 3), torch.ones(1, 2, 4))", "Expected hidden to be 1D or"),
        ("nn.RNNCell(3, 4)(torch.ones(2, 5))", "input has inconsistent input_size: got 5 expected"),
        (
            "nn.GRUCell(3, 4)(torch.ones(2, 3), torch.ones(5, 4))",
            "Input batch size 2 doesn't match",
        ),
        (
            "nn.GRUCell(3, 4)(torch.ones(2, 3), torch.ones(2, 5))",
            "hidden0 has inconsistent hidden_size: got 5, expected 4",
        ),
        ("nn.RNNCell(3, 4, nonlinearity='cos')(torch.ones(2, 3))", "Unknown nonlinearity: cos"),
    ],
)
def test_what_does_not_fit_is_refused(source, words):
    same(f"nn = torch.nn; {source}", words)

"""Layers of transformers."""

from __future__ import annotations

import pytest

from tests.nn.layer import agree, check, varied
from tests.twin import same

pytestmark = pytest.mark.torch

LAYER = "6, 2, dim_feedforward=8, dropout=0.0"


@pytest.mark.parametrize("more", ["", ", norm_first=True", ", bias=False", ", batch_first=True"])
@pytest.mark.parametrize("activation", ["'gelu'", "nn.ReLU()"])
def test_layers(more, activation):
    layer = f"({LAYER}, activation={activation}{more})"
    check(f"nn.TransformerEncoderLayer{layer}", varied(5, 2, 6))
    check(f"nn.TransformerDecoderLayer{layer}", varied(5, 2, 6), varied(5, 2, 6))


def test_dropout_draws_as_torch():
    agree(
        "torch.manual_seed(3); m = torch.nn.TransformerEncoderLayer(6, 2, 8).double()\n"
        "m(torch.ones(3, 2, 6).double())"
    )


def test_activations():
    same(
        "torch.nn.TransformerEncoderLayer(6, 2, activation='cos')", "activation should be relu/gelu"
    )
    same(
        "nn = torch.nn; layer = nn.TransformerEncoderLayer\n"
        "kinds = ('relu', 'gelu', nn.GELU(), torch.tanh)\n"
        "[layer(6, 2, 8, activation=kind).activation_relu_or_gelu for kind in kinds]"
    )

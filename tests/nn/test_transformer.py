"""Transformers and their layers."""

from __future__ import annotations

import pytest

from tests.nn.layer import agree, check, varied
from tests.twin import same

pytestmark = pytest.mark.torch

LAYER = "6, 2, dim_feedforward=8, dropout=0.0"
ENCODER = f"nn.TransformerEncoderLayer({LAYER}, batch_first=True)"
MASKED = """
torch.manual_seed(0)
m = torch.nn.Transformer(6, 2, 1, 1, 8, 0.0, batch_first=True).double()
src, tgt = torch.randn(2, 4, 6).double(), torch.randn(2, 3, 6).double()
causal = torch.nn.Transformer.generate_square_subsequent_mask(3, dtype=torch.float64)
hidden = torch.tensor([[False] * 4, [False, False, True, True]])
y = m(src, tgt, tgt_mask=causal, src_key_padding_mask=hidden, memory_key_padding_mask=hidden)
y.sum().backward()
(y, [p.grad for p in m.parameters()])
"""


def test_stacks():
    check(f"nn.TransformerEncoder({ENCODER}, 2)", varied(2, 5, 6))
    check(f"nn.TransformerEncoder({ENCODER}, 1, nn.LayerNorm(6))", varied(5, 6))
    decoder = f"nn.TransformerDecoderLayer({LAYER})"
    check(f"nn.TransformerDecoder({decoder}, 2, nn.LayerNorm(6))", varied(3, 2, 6), varied(5, 2, 6))
    how = "6, 2, 1, 2, 8, 0.0, 'gelu', batch_first=True"
    check(f"nn.Transformer({how})", varied(2, 3, 6), varied(2, 5, 6))


def test_masks():
    agree(MASKED)
    same("torch.nn.Transformer.generate_square_subsequent_mask(3)")


def test_a_causal_mask_is_seen():
    agree(
        "torch.manual_seed(0); nn = torch.nn\n"
        "layer = nn.TransformerEncoderLayer(6, 2, 8, 0.0, batch_first=True).double()\n"
        "m = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)\n"
        "mask = nn.Transformer.generate_square_subsequent_mask(4).double()\n"
        "x = torch.randn(2, 4, 6).double(); (m(x, mask), m(x, mask, is_causal=True))"
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("m(torch.ones(3, 2, 6), torch.ones(3, 4, 6))", "the batch number of src and tgt must be"),
        ("m(torch.ones(3, 2, 6), torch.ones(3, 2, 4))", "the feature number of src and tgt must"),
    ],
)
def test_what_does_not_fit_is_refused(source, words):
    same(f"nn = torch.nn; m = nn.Transformer(6, 2, 1, 1, 8); {source}", words)

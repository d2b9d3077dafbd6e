"""Multi-head attention."""

from __future__ import annotations

import pytest

from tests.nn.layer import agree, check, varied
from tests.twin import same

pytestmark = pytest.mark.torch

X = varied(5, 2, 6)
MASK = "torch.ones(5, 5).triu(1).bool()"
CALL = """
torch.manual_seed(0)
m = torch.nn.MultiheadAttention(6, 2{make}).double()
x = torch.randn(5, 2, 6).double().requires_grad_()
y, w = m(x, x, x, {call})
(y ** 3).sum().backward()
(y.contiguous(), w, x.grad, [p.grad for p in m.parameters()])
"""


SECOND = """
torch.manual_seed(0)
m = torch.nn.MultiheadAttention(6, 2).double()
x = torch.randn(3, 2, 6).double().requires_grad_()
wanted = (x, m.in_proj_weight, m.out_proj.weight)
g = torch.autograd.grad((m(x, x, x)[0] ** 3).sum(), wanted, create_graph=True)
torch.autograd.grad(sum((t * t).sum() for t in g), wanted)
"""


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        ("6, 2", [X, varied(4, 2, 6), varied(4, 2, 6)]),
        ("6, 3, bias=False", [X, X, X]),
        ("6, 2, batch_first=True", [X, varied(5, 4, 6), varied(5, 4, 6)]),
        ("6, 2, kdim=3, vdim=4", [X, varied(4, 2, 3), varied(4, 2, 4)]),
        ("6, 2, add_bias_kv=True, add_zero_attn=True", [X, X, X]),
        ("6, 2", [varied(5, 6), varied(4, 6), varied(4, 6)]),
        ("6, 1, dtype=torch.float64", [X, X, X]),
    ],
)
def test_layer(make, inputs):
    check(f"nn.MultiheadAttention({make})", *inputs)


@pytest.mark.parametrize("make", ["", ", batch_first=True"])
@pytest.mark.parametrize(
    "call",
    [
        "need_weights=False",
        "average_attn_weights=False",
        "key_padding_mask=torch.tensor([[False] * n + [True]] * (7 - n))",
        "attn_mask=torch.ones(L, L).triu(1).bool()",
        "attn_mask=torch.ones(L, L).triu(1).bool(), is_causal=True, need_weights=False",
        "attn_mask=torch.ones(2 * (7 - L), L, L).double().tril()",
    ],
)
def test_options(make, call):
    length = 2 if "batch" in make else 5
    call = call.replace("(7 - n)", str(7 - length)).replace("* n", f"* {length - 1}")
    call = call.replace("(7 - L)", str(7 - length)).replace("L", str(length))
    agree(CALL.format(make=make, call=call))


def test_second_gradients():
    agree(SECOND)


def test_merged_masks():
    same(
        "m = torch.nn.MultiheadAttention(6, 2)\nx = torch.ones(2, 3, 6)\n"
        "pad = torch.arange(6.0).reshape(2, 3); mask = torch.arange(9.0).reshape(3, 3)\n"
        "[m.merge_masks(*given, x) for given in ((None, pad), (mask, pad), (None, None))][1][0] * 1"
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("m(0, 2)", "embed_dim and num_heads must be greater than 0"),
        ("m(6, 4)", "embed_dim must be divisible by num_heads"),
        ("m(6, 2)(torch.ones(2, 5), torch.ones(2, 5), torch.ones(2, 5))", "expecting embedding"),
        ("m(6, 2)(x, x, x, is_causal=True)", "Need attn_mask if specifying the is_causal hint"),
    ],
)
def test_what_does_not_fit_is_refused(source, words):
    same(f"m = torch.nn.MultiheadAttention; x = torch.ones(3, 6); {source}", words)

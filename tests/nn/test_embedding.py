"""Embeddings."""

from __future__ import annotations

import pytest

from tests.nn.layer import check
from tests.twin import same

pytestmark = pytest.mark.torch

ROWS = "torch.tensor([[1, 0, 4], [2, 1, 1]])"


@pytest.mark.parametrize(
    "make",
    [
        "nn.Embedding(5, 3)",
        "nn.Embedding(5, 3, padding_idx=1)",
        "nn.Embedding(5, 3, padding_idx=-1, scale_grad_by_freq=True)",
        "nn.Embedding(5, 3, max_norm=0.5, norm_type=1.0)",
        "nn.EmbeddingBag(5, 3)",
        "nn.EmbeddingBag(5, 3, mode='sum', padding_idx=1)",
        "nn.EmbeddingBag(5, 3, mode='max')",
    ],
)
def test_layer(make):
    check(make, ROWS, tolerance=1e-6)


@pytest.mark.parametrize("kind", ["Embedding", "EmbeddingBag"])
def test_a_given_table_is_kept_and_not_trained(kind):
    same(
        f"w = torch.arange(6.0).reshape(3, 2); m = torch.nn.{kind}.from_pretrained(w);"
        "w[0, 0] = 9; [repr(m), m.weight.requires_grad, m.weight.tolist(),"
        f" torch.nn.{kind}.from_pretrained(w, freeze=False).weight.requires_grad]"
    )
    same(f"torch.nn.{kind}.from_pretrained(torch.ones(3))", "is expected to be 2-dimensional")
    same(f"torch.nn.{kind}(2, 2, padding_idx=2)", "adding_idx must be within num_embeddings")
    same(f"torch.nn.{kind}(2, 2, _weight=torch.ones(2, 3))", "Shape of weight does not match")

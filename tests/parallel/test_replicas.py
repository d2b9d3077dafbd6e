"""Broadcasts of many tensors, and the comparison of models."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain as torch
from dtrain.parallel import replicas
from dtrain.parallel.replicas import broadcast_tensors, check_same_model


def tensors(rank):
    return [
        torch.full((2, 3), rank, dtype=torch.float32),
        torch.tensor(rank == 0),
        torch.full((5,), rank, dtype=torch.int64),
        torch.full((2, 2), rank, dtype=torch.bfloat16),
        torch.zeros(0),
        torch.full((3, 4), rank, dtype=torch.float64).t(),
        torch.full((4, 4), rank, dtype=torch.float16)[:, ::2],
    ]


@pytest.mark.parametrize("message_bytes", [1, 40, 1 << 20])
@pytest.mark.parametrize("root", [0, 2])
def test_every_rank_gets_the_tensors_of_the_root(ranks, monkeypatch, root, message_bytes):
    monkeypatch.setattr(replicas, "_MESSAGE_BYTES", message_bytes)

    def body(group):
        mine = tensors(group.rank())
        broadcast_tensors(mine, group.communicator, root)
        return [t.tolist() for t in mine]

    expected = [t.tolist() for t in tensors(root)]
    assert ranks(3, body) == [expected] * 3


def test_what_changes_gets_a_new_version_and_nothing_else_does(ranks):
    def body(group):
        mine = [torch.zeros(3), torch.tensor([float(group.rank()), np.nan])]
        broadcast_tensors(mine, group.communicator)
        return [t._version for t in mine]

    assert ranks(2, body) == [[0, 0], [0, 1]]


def named(*shapes, dtype=torch.float32):
    return [(f"p{i}", torch.zeros(shape, dtype=dtype)) for i, shape in enumerate(shapes)]


def test_equal_models_pass(ranks):
    ranks(3, lambda group: check_same_model(named((2, 3), ()), group.communicator))


@pytest.mark.parametrize(
    ("others", "words"),
    [
        (
            named((2, 3)),
            r"Rank 0 has 2 params, while rank 2 has inconsistent 1 .*p1 .* against none",
        ),
        (named((2, 3), (5,)), r"p1 float32\[4\] against p1 float32\[5\]"),
        (named((2, 3), (4,), dtype=torch.float64), r"float32\[2, 3\] against p0 float64\[2, 3\]"),
    ],
)
def test_different_models_are_refused_on_every_rank(ranks, others, words):
    def body(group):
        mine = others if group.rank() == 2 else named((2, 3), (4,))
        with pytest.raises(RuntimeError, match=words):
            check_same_model(mine, group.communicator)

    ranks(3, body)

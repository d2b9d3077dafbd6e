"""SyncBatchNorm: N ranks with batch B do what BatchNorm does with batch N x B."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain as torch
from dtrain.parallel import SyncBatchNorm

X = np.random.default_rng(0).normal(size=(6, 3, 4)).astype(np.float32)
W = np.random.default_rng(1).normal(size=(6, 3, 4)).astype(np.float32)


def run(norm, rows):
    """Return the output, the gradient of the input and all that the layer holds."""
    x = torch.tensor(X[rows], requires_grad=True)
    y = norm(x)
    (y * torch.tensor(W[rows])).sum().backward()
    return y.detach().numpy(), x.grad.numpy(), norm


@pytest.mark.parametrize("size", [1, 2, 3])
def test_ranks_together_are_one_process(ranks, size):
    alone = run(torch.nn.BatchNorm1d(3), slice(None))

    def body(group):
        return run(SyncBatchNorm(3, process_group=group), slice(group.rank(), None, group.size()))

    parts = ranks(size, body)
    for rank, (y, grad, norm) in enumerate(parts):
        np.testing.assert_allclose(y, alone[0][rank::size], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(grad, alone[1][rank::size], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(dict(norm.state_dict()), dict(alone[2].state_dict()))
    total = sum(norm.weight.grad for _, _, norm in parts)
    torch.testing.assert_close(total, alone[2].weight.grad, rtol=1e-4, atol=1e-5)


def test_evaluation_uses_the_running_statistics(ranks):
    x = torch.tensor(X)
    expected = torch.nn.BatchNorm1d(3).eval()(x)

    def body(group):
        return SyncBatchNorm(3, process_group=group).eval()(x)

    for got in ranks(2, body):
        assert torch.equal(got, expected)


def test_without_a_group_it_is_batchnorm():
    x = torch.tensor(X)
    assert torch.equal(SyncBatchNorm(3)(x), torch.nn.BatchNorm1d(3)(x))
    with pytest.raises(ValueError, match="at least 2D"):
        SyncBatchNorm(3)(torch.ones(3))


def test_conversion_keeps_parameters():
    net = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Sequential(torch.nn.BatchNorm2d(3)))
    weight = net[1][0].weight
    made = SyncBatchNorm.convert_sync_batchnorm(net)
    assert isinstance(made[1][0], SyncBatchNorm)
    assert made[1][0].weight is weight
    assert isinstance(made[0], torch.nn.Linear)

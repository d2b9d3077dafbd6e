"""Filling with random numbers in place."""

from __future__ import annotations

import pytest

from tests.twin import lines, same

SAME = lines(
    r"""
    torch.manual_seed(3); torch.zeros(5).uniform_()
    torch.manual_seed(3); torch.zeros(5).uniform_(-1, 3)
    torch.manual_seed(3); torch.zeros(5).normal_()
    torch.manual_seed(3); torch.zeros(20).normal_(2, 3)
    torch.manual_seed(3); torch.zeros(5).normal_(mean=2, std=3)
    torch.manual_seed(3); torch.zeros(4, 5).t().normal_()
    torch.manual_seed(3); torch.zeros(4, 5)[:, ::2].normal_()
    torch.manual_seed(3); torch.zeros(4, 5)[:, ::2].uniform_()
    torch.manual_seed(3); torch.zeros(5).random_()
    torch.manual_seed(3); torch.zeros(5).random_(10)
    torch.manual_seed(3); torch.zeros(5).random_(3, 10)
    torch.manual_seed(3); torch.zeros(5, dtype=torch.int64).random_()
    torch.manual_seed(3); torch.zeros(5, dtype=torch.uint8).random_()
    torch.manual_seed(3); torch.zeros(5, dtype=torch.bool).random_()
    torch.manual_seed(3); torch.zeros(5, dtype=torch.int32).random_(0, 100)
    torch.manual_seed(3); torch.zeros(5).log_normal_()
    torch.manual_seed(3); torch.zeros(5).cauchy_()
    torch.manual_seed(3); torch.zeros(5).geometric_(0.3)
    g = torch.Generator().manual_seed(5); torch.zeros(3).uniform_(generator=g)
    x = torch.ones(2, requires_grad=True); y = x * 2; y.uniform_(); y.sum().backward(); x.grad
    x = torch.ones(2); v = x[:1]; v.uniform_(); x._version
    torch.Tensor(3, 4).uniform_(-1, 1).shape
    """
)

ERRORS = lines(
    r"""
    torch.manual_seed(3); torch.zeros(5).uniform_(3, 1)
    torch.manual_seed(3); torch.zeros(5).uniform_(a=1)
    torch.manual_seed(3); torch.zeros(5, dtype=torch.int64).uniform_()
    torch.manual_seed(3); torch.zeros(5).random_(10, 3)
    torch.manual_seed(3); torch.zeros(5).geometric_(0)
    torch.ones(2, requires_grad=True).uniform_()
    """
)


@pytest.mark.torch
@pytest.mark.parametrize("source", SAME)
def test_as_torch(source: str) -> None:
    same(source)


@pytest.mark.torch
@pytest.mark.parametrize("source", ERRORS)
def test_errors_as_torch(source: str) -> None:
    same(source)

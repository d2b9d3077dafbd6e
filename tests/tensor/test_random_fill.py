"""Filling with random numbers in place."""

from __future__ import annotations

import pytest

import dtrain as torch
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


MERSENNE = lines(
    r"""
    torch.manual_seed(3); torch.zeros(5).bernoulli_(1.5)
    torch.manual_seed(3); torch.zeros(8).bernoulli_(torch.full((8,), 0.5))
    torch.manual_seed(3); torch.zeros(5).exponential_()
    torch.manual_seed(3); torch.zeros(5).exponential_(2.0)
    """
)


@pytest.fixture
def mersenne() -> None:
    """Skip where torch draws some distributions from a generator inside MKL."""
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(0)
    torch.empty(4).exponential_(generator=generator)
    if int(generator.get_state().numpy()[16:20].view("uint32")[0]) != 8:
        pytest.skip("this torch takes exponential_ and bernoulli_ from MKL")


@pytest.mark.torch
@pytest.mark.parametrize("source", MERSENNE)
@pytest.mark.usefixtures("mersenne")
def test_draws_that_mkl_may_take_over(source: str) -> None:
    same(source)


def test_fills_of_a_view_follow_its_memory() -> None:
    torch.manual_seed(3)
    t = torch.zeros(3, 2).t()
    t.uniform_()
    torch.manual_seed(3)
    assert t.t().tolist() == torch.rand(3, 2).tolist()


def test_history_ends_where_all_values_are_replaced() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    y[:1].normal_()
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 2, 2]

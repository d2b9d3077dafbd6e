"""Random tensors: torch's streams."""

from __future__ import annotations

import pytest

import dtrain as torch
from dtrain.tensor.random import fork_rng
from tests.twin import lines, same

SAME = lines(
    r"""
    torch.manual_seed(3); torch.rand(3)
    torch.manual_seed(3); torch.rand(2, 3)
    torch.manual_seed(3); torch.rand((2, 3), dtype=torch.float64)
    torch.manual_seed(3); torch.rand(20)
    torch.manual_seed(3); torch.rand(())
    torch.manual_seed(3); torch.rand(size=(2,))
    torch.manual_seed(3); torch.rand(3, dtype=torch.float16)
    torch.manual_seed(3); torch.rand(3, dtype=torch.bfloat16)
    torch.manual_seed(3); torch.rand(3, requires_grad=True)
    torch.manual_seed(3); torch.rand(3, dtype=torch.complex64)
    torch.manual_seed(3); torch.randn(3)
    torch.manual_seed(3); torch.randn(16)
    torch.manual_seed(3); torch.randn(37)
    torch.manual_seed(3); torch.randn(4, 5)
    torch.manual_seed(3); torch.randn(20, dtype=torch.float64)
    torch.manual_seed(3); torch.randn(20, dtype=torch.bfloat16)
    torch.manual_seed(3); torch.randn(20, dtype=torch.complex64)
    torch.manual_seed(3); torch.randint(10, (5,))
    torch.manual_seed(3); torch.randint(3, 10, (5,))
    torch.manual_seed(3); torch.randint(3, 10, (2, 2), dtype=torch.int32)
    torch.manual_seed(3); torch.randint(0, 10, (5,), dtype=torch.float32)
    torch.manual_seed(3); torch.randint(high=10, size=(5,))
    torch.manual_seed(3); torch.randint(low=2, high=10, size=(5,))
    torch.manual_seed(3); torch.randint(2**40, (5,))
    torch.manual_seed(3); torch.randint(10, [5])
    torch.manual_seed(3); torch.randint(0, 2, (5,), dtype=torch.bool)
    torch.manual_seed(3); torch.randperm(10)
    torch.manual_seed(3); torch.randperm(1)
    torch.manual_seed(3); torch.randperm(0)
    torch.manual_seed(3); torch.randperm(10, dtype=torch.int32)
    torch.manual_seed(3); torch.randperm(10, dtype=torch.float32)
    torch.manual_seed(3); torch.normal(0, 1, (5,))
    torch.manual_seed(3); torch.normal(0., 1., size=(5,))
    torch.manual_seed(3); torch.normal(torch.zeros(5), 1.)
    torch.manual_seed(3); torch.normal(torch.zeros(5), torch.ones(5) * 2)
    torch.manual_seed(3); torch.normal(2., torch.ones(5))
    torch.manual_seed(3); torch.normal(torch.zeros(20))
    torch.manual_seed(3); torch.normal(torch.zeros(2, 1), torch.ones(3))
    torch.manual_seed(3); torch.normal(2.0, std=torch.arange(1., 4.))
    torch.manual_seed(3); torch.normal(mean=torch.arange(1., 4.), std=0.5)
    torch.manual_seed(3); torch.normal(0, 1, (2,), dtype=torch.float64)
    torch.manual_seed(3); torch.rand_like(torch.zeros(3))
    torch.manual_seed(3); torch.rand_like(torch.zeros(3), dtype=torch.float64)
    torch.manual_seed(3); torch.rand_like(torch.zeros(2, 3).t())
    torch.manual_seed(3); torch.randn_like(torch.zeros(3))
    torch.manual_seed(3); torch.randn_like(torch.zeros(4, 5).t())
    torch.manual_seed(3); torch.randint_like(torch.zeros(3), 10)
    torch.manual_seed(3); torch.randint_like(torch.zeros(3), 5, 10)
    torch.manual_seed(3); torch.randint_like(torch.zeros(3, dtype=torch.int8), 5, 10)
    g = torch.Generator(); g.manual_seed(5); torch.rand(3, generator=g)
    g = torch.Generator().manual_seed(5); torch.randn(3, generator=g)
    g = torch.Generator().manual_seed(5); torch.randint(5, (3,), generator=g)
    g = torch.Generator().manual_seed(5); torch.randperm(4, generator=g)
    g = torch.Generator().manual_seed(5); torch.normal(0., 1., (3,), generator=g)
    g = torch.Generator().manual_seed(5); g.initial_seed()
    g = torch.Generator(); g.device
    g = torch.Generator("cpu"); g.device
    torch.manual_seed(3).initial_seed()
    torch.manual_seed(-1); torch.rand(2)
    torch.manual_seed(3.7); torch.initial_seed()
    torch.manual_seed(7); torch.initial_seed()
    torch.manual_seed(3); s = torch.get_rng_state(); a = torch.rand(3);
        torch.set_rng_state(s); b = torch.rand(3); (a == b).all()
    torch.manual_seed(3); torch.get_rng_state()
    torch.manual_seed(3); torch.rand(5); torch.get_rng_state()
    torch.manual_seed(3); e = torch.random.fork_rng(); e.__enter__(); torch.rand(3);
        e.__exit__(None, None, None); torch.rand(3)
    torch.manual_seed(3); e = torch.random.fork_rng(enabled=False); e.__enter__();
        torch.rand(3); e.__exit__(None, None, None); torch.rand(3)
    torch.random.get_rng_state().dtype
    torch.random.manual_seed(3).initial_seed()
    torch.random.initial_seed() == torch.initial_seed()
    isinstance(torch.seed(), int)
    torch.default_generator is torch.manual_seed(2)
    t = torch.empty(3); torch.manual_seed(3); torch.rand(3, out=t); t
    t = torch.empty(3, dtype=torch.float64); torch.manual_seed(3); torch.rand(3, out=t); t
    t = torch.empty(0); torch.manual_seed(3); torch.randn(3, out=t); t
    t = torch.empty(0, dtype=torch.int64); torch.manual_seed(3);
        torch.randint(5, (3,), out=t); t
    t = torch.empty(0, dtype=torch.int64); torch.manual_seed(3); torch.randperm(3, out=t); t
    """
)

ERRORS = lines(
    r"""
    torch.manual_seed(3); torch.rand()
    torch.manual_seed(3); torch.rand(3, dtype=torch.int64)
    torch.manual_seed(3); torch.randn(3, dtype=torch.int32)
    torch.manual_seed(3); torch.randn(-1)
    torch.manual_seed(3); torch.randint(10, 3, (5,))
    torch.manual_seed(3); torch.randint(10, 5)
    torch.manual_seed(3); torch.randint(300, (5,), dtype=torch.uint8)
    torch.manual_seed(3); torch.randperm(-1)
    torch.manual_seed(3); torch.randperm(10.5)
    torch.manual_seed(3); torch.normal(0, -1, (5,))
    torch.manual_seed(3); torch.normal(torch.zeros(2), torch.tensor([1., -1.]))
    torch.manual_seed(3); torch.normal(torch.zeros(2, dtype=torch.int64), 1)
    torch.manual_seed(3); torch.normal(0, 1)
    torch.manual_seed(3); torch.rand_like(torch.zeros(3, dtype=torch.int64))
    torch.manual_seed(2**64)
    torch.manual_seed("a")
    torch.set_rng_state(torch.zeros(5, dtype=torch.uint8))
    torch.set_rng_state(torch.zeros(5056))
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
    torch.manual_seed(3); torch.bernoulli(torch.full((8,), 0.5))
    torch.manual_seed(3); torch.bernoulli(torch.full((8,), 1.5))
    torch.manual_seed(3); torch.bernoulli(torch.full((8,), 1))
    torch.manual_seed(3); torch.full((8,), 0.5).bernoulli()
    torch.manual_seed(3); torch.bernoulli(torch.full((8,), 0.5, dtype=torch.float64))
    torch.manual_seed(3); torch.multinomial(torch.tensor([0., 1., 2.]), 5, replacement=True)
    torch.manual_seed(3); w = torch.tensor([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]]);
        torch.multinomial(w, 5, replacement=True)
    torch.multinomial(torch.tensor([0., 1., 2.]), 3)
    torch.multinomial(torch.tensor([0., 1., 2.]), 4)
    torch.multinomial(torch.tensor([-1., 1., 2.]), 1)
    torch.multinomial(torch.tensor([0., 0.]), 1)
    torch.multinomial(torch.tensor([1, 2]), 1)
    torch.multinomial(torch.tensor([1., 2]), 0)
    torch.multinomial(torch.zeros(2, 2, 2), 1)
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


def test_fork_rng_gives_the_stream_back_after_an_error() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3).tolist()
    torch.manual_seed(1)
    with pytest.raises(RuntimeError), fork_rng():
        torch.rand(5) + torch.rand(3)
    assert torch.rand(3).tolist() == expected


def test_a_seed_says_everything() -> None:
    def numbers() -> list[float]:
        torch.manual_seed(11)
        found = torch.cat([torch.randn(20), torch.rand(3), torch.randperm(5).float()]).tolist()
        return list(found)

    assert numbers() == numbers()

"""Samplers: order, length, errors."""

from __future__ import annotations

import pytest

from tests.data.same import check
from tests.twin import lines

SAME = lines(
    """
    list(data.SequentialSampler(rows))
    list(data.RandomSampler(rows))
    list(data.RandomSampler(rows, replacement=True))
    list(data.RandomSampler(rows, replacement=True, num_samples=70))
    list(data.RandomSampler(rows, num_samples=10))
    list(data.RandomSampler(rows, num_samples=50))
    list(data.RandomSampler([]))
    data.RandomSampler(rows, num_samples=0)
    data.RandomSampler(rows, num_samples=-1)
    data.RandomSampler(rows, num_samples=2.5)
    data.RandomSampler(rows, replacement=3)
    data.RandomSampler(rows).num_samples
    len(data.RandomSampler(rows, num_samples=4))
    list(data.SubsetRandomSampler([1, 5, 7]))
    len(data.SubsetRandomSampler([1]))
    list(data.SubsetRandomSampler([]))
    len(data.WeightedRandomSampler([1.0], 4))
    data.WeightedRandomSampler([1.0], 0)
    data.WeightedRandomSampler([[1.0]], 1)
    data.WeightedRandomSampler([1.0], 1, replacement=3)
    list(data.WeightedRandomSampler([0.1, 0.2, 0.7], 20))
    list(data.BatchSampler(range(7), 3, False))
    list(data.BatchSampler(range(7), 3, True))
    len(data.BatchSampler(range(7), 3, False))
    len(data.BatchSampler(range(7), 3, True))
    data.BatchSampler([1], 0, False)
    data.BatchSampler([1], 2, 3)
    """
)


@pytest.mark.torch
@pytest.mark.parametrize("source", SAME)
def test_as_torch(source: str) -> None:
    check(source)


@pytest.mark.torch
@pytest.mark.parametrize("more", ["", "replacement=True, ", "num_samples=23, ", "num_samples=5, "])
def test_a_shared_generator_ends_in_the_same_state(more: str) -> None:
    check(
        "(lambda g: [list(data.RandomSampler(rows, " + more + "generator=g)) for _ in range(2)]"
        " + [torch.rand(2, generator=g)])(torch.Generator().manual_seed(5))"
    )

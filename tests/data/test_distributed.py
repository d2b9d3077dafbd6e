"""DistributedSampler: the ranks' parts, equal to torch's."""

from __future__ import annotations

from itertools import product

import pytest

from dtrain.data import DistributedSampler


@pytest.mark.torch
@pytest.mark.parametrize("world", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("n", [0, 1, 5, 10, 17])
def test_equal_to_torch(n: int, world: int) -> None:
    data = pytest.importorskip("torch.utils.data")
    options = product(range(world), (True, False), (True, False), (0, 3), (0, 2))
    for rank, shuffle, drop_last, seed, epoch in options:
        if n == 0 and not drop_last:
            continue  # torch divides by zero
        found = []
        for cls in (DistributedSampler, data.distributed.DistributedSampler):
            s = cls(list(range(n)), world, rank, shuffle, seed, drop_last)
            s.set_epoch(epoch)
            found.append([list(s), len(s), s.num_samples, s.total_size])
        assert found[0] == found[1], (rank, shuffle, drop_last, seed, epoch)


@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("world", [2, 3, 4])
def test_the_ranks_cover_the_data(world: int, drop_last: bool) -> None:
    parts = [
        list(DistributedSampler(range(10), world, r, drop_last=drop_last)) for r in range(world)
    ]
    assert len({len(p) for p in parts}) == 1
    seen = [i for p in parts for i in p]
    if drop_last:
        assert len(set(seen)) == len(seen) == 10 // world * world
    else:
        assert set(seen) == set(range(10))


@pytest.mark.parametrize("rank", [-1, 2])
def test_ranks_outside_the_world(rank: int) -> None:
    with pytest.raises(ValueError, match=r"rank should be in the interval \[0, 1\]"):
        DistributedSampler([1], 2, rank)


def test_without_a_process_group_the_ranks_must_be_given() -> None:
    with pytest.raises(ValueError, match="process group has not been initialized"):
        DistributedSampler([1])

"""DataLoader: batches, their order, options."""

from __future__ import annotations

import pytest

from tests.data.same import check
from tests.twin import lines

SAME = lines(
    """
    list(data.DataLoader([]))
    list(data.DataLoader([1, 2, 3], batch_size=2))
    list(data.DataLoader([np.array([1, 2])], batch_size=None))
    [type(b).__name__ for b in data.DataLoader(rows, batch_size=2)]
    list(data.DataLoader(rows, sampler=data.SubsetRandomSampler([1, 5, 7])))
    list(data.DataLoader(rows, batch_sampler=data.BatchSampler(data.RandomSampler(rows), 5, True)))
    list(data.DataLoader(rows, batch_sampler=[[1, 2], [3]]))
    list(data.DataLoader(rows, sampler=[3, 1]))
    data.DataLoader(rows, shuffle=True, sampler=[1])
    data.DataLoader(rows, batch_sampler=[[1]], batch_size=3)
    data.DataLoader(rows, batch_sampler=[[1]], shuffle=True)
    data.DataLoader(rows, batch_sampler=[[1]], drop_last=True)
    data.DataLoader(rows, batch_size=0)
    data.DataLoader(rows, batch_size=-1)
    data.DataLoader(rows, batch_size=2.5)
    data.DataLoader(rows, num_workers=-1)
    data.DataLoader(rows, timeout=-1)
    data.DataLoader(rows, batch_size=None, drop_last=True)
    data.DataLoader(rows, prefetch_factor=2)
    data.DataLoader(rows, persistent_workers=True)
    list(data.DataLoader(rows, collate_fn=lambda b: len(b), batch_size=5))
    data.DataLoader(rows, batch_size=3).batch_size
    data.DataLoader(rows, batch_sampler=[[1]]).batch_size
    type(data.DataLoader(rows, shuffle=True).sampler).__name__
    type(data.DataLoader(rows).sampler).__name__
    type(data.DataLoader(rows).batch_sampler).__name__
    data.DataLoader(rows).num_workers
    data.get_worker_info()
    list(data.DataLoader(Stream(5), batch_size=2))
    list(data.DataLoader(Stream(5), batch_size=2, drop_last=True))
    list(data.DataLoader(Stream(5), batch_size=None))
    list(data.DataLoader(Stream(0), batch_size=2))
    len(data.DataLoader(Stream(5), batch_size=2))
    len(data.DataLoader(Counted(5), batch_size=2))
    len(data.DataLoader(Counted(5), batch_size=2, drop_last=True))
    len(data.DataLoader(Counted(5), batch_size=None))
    data.DataLoader(Stream(5), shuffle=True)
    list(data.DataLoader(Stream(5), shuffle=False))
    data.DataLoader(Stream(5), sampler=[1])
    data.DataLoader(Stream(5), batch_sampler=[[1]])
    list(data.DataLoader(Together(), batch_size=2))
    list(data.DataLoader(data.Subset(Together(), [1, 2]), batch_size=2))
    list(data.DataLoader(Map(), batch_size=2))
    list(data.DataLoader(Map(), batch_size=2, shuffle=True))
    """
)


@pytest.mark.torch
@pytest.mark.parametrize("source", SAME)
def test_as_torch(source: str) -> None:
    check(source)


@pytest.mark.torch
@pytest.mark.parametrize("batch_size", [1, 4, 23, 30, None])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("generator", [True, False])
def test_two_epochs(
    batch_size: int | None, shuffle: bool, drop_last: bool, generator: bool
) -> None:
    if batch_size is None and drop_last:
        pytest.skip("excluded by the loader")
    options = f"batch_size={batch_size}, shuffle={shuffle}, drop_last={drop_last}"
    g = "torch.Generator().manual_seed(5)" if generator else "torch.default_generator"
    look = "lambda l: [list(l), list(l), len(l), torch.rand(2), torch.rand(2, generator=g)]"
    check(f"(lambda g: ({look})(data.DataLoader(rows, {options}, generator=g)))({g})")


@pytest.mark.torch
def test_random_split_and_loader() -> None:
    check(
        "[list(data.DataLoader(s, batch_size=4, shuffle=True))"
        " for s in data.random_split(rows, [10, 13])]"
    )

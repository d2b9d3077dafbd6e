"""Data sets and what is put together of them."""

from __future__ import annotations

from typing import Any

import pytest

import dtrain as torch
from dtrain.data.dataset import (
    ConcatDataset,
    IterableDataset,
    Subset,
    TensorDataset,
    batch_reader,
)
from tests.data.same import check
from tests.twin import lines

SAME = lines(
    """
    len(rows)
    rows[2]
    rows[-1]
    rows[2:4]
    rows[[1, 2]]
    rows[50]
    rows.tensors[0]
    data.Dataset()[0]
    len(data.Dataset())
    data.Subset(rows, [1, 2])[0]
    data.Subset(rows, [1, 2])[[0, 1]]
    len(data.Subset(rows, [1, 2]))
    data.Subset(Together(), [1, 2]).__getitems__([0, 1])
    data.ConcatDataset([rows, rows])[25]
    data.ConcatDataset([rows, rows])[-1]
    data.ConcatDataset([rows, rows])[-100]
    data.ConcatDataset([rows, rows])[100]
    len(rows + rows)
    (rows + rows).cumulative_sizes
    data.StackDataset(rows, rows)[1]
    data.StackDataset(a=rows, b=rows)[1]
    len(data.StackDataset(rows, rows))
    data.StackDataset()
    data.StackDataset(rows, [1])
    data.StackDataset(rows, a=rows)
    list(Stream(2) + Stream(3))
    len(data.ChainDataset([Counted(2), Counted(3)]))
    [list(s) for s in data.random_split(range(10), [3, 7])]
    [s.indices for s in data.random_split(range(10), [0.3, 0.3, 0.4])]
    [len(s) for s in data.random_split(range(11), [0.5, 0.5])]
    data.random_split(range(10), [3, 3])
    data.random_split(range(10), [0.3, 0.3])
    data.random_split(range(10), [1.5, -0.5])
    data.random_split(range(10), [3, 7], torch.Generator().manual_seed(42))[0].indices
    data.random_split(Stream(5), [2, 3])
    """
)


@pytest.mark.torch
@pytest.mark.parametrize("source", SAME)
def test_as_torch(source: str) -> None:
    check(source)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: ConcatDataset([]), ValueError, "should not be an empty iterable"),
        (lambda: ConcatDataset([IterableDataset()]), TypeError, "use ChainDataset"),
        (
            lambda: TensorDataset(torch.zeros(2), torch.zeros(3)),
            ValueError,
            r"Size mismatch between tensors: \[2, 3\]",
        ),
    ],
)
def test_errors_where_torch_asserts(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


def test_rows_of_tensors_are_read_in_one_call() -> None:
    data = TensorDataset(torch.arange(5), torch.arange(10.0).view(5, 2))
    read = batch_reader(Subset(Subset(data, [4, 3, 2, 1]), [0, 2]))
    assert read is not None
    assert [t.tolist() for t in read([1, 0])] == [[2, 4], [[4, 5], [8, 9]]]


def test_data_sets_with_rows_of_their_own_are_not() -> None:
    class Mine(TensorDataset):
        def __getitem__(self, index: Any) -> Any:
            return 7

    assert batch_reader(Mine(torch.zeros(2))) is None
    assert batch_reader([1, 2]) is None

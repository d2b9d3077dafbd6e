"""Collation: batches of all kinds of samples."""

from __future__ import annotations

import pytest

from tests.data.same import check
from tests.twin import lines

SAME = lines(
    """
    data.default_collate([1, 2])
    data.default_collate([1.5, 2.5])
    data.default_collate([1, 2.5])
    data.default_collate([True, False])
    data.default_collate([1j, 2j])
    data.default_collate(['a', 'b'])
    data.default_collate([b'a', b'b'])
    data.default_collate([None, None])
    data.default_collate([{1}, {2}])
    data.default_collate([])
    data.default_collate([torch.tensor(1), torch.tensor(2)])
    data.default_collate([torch.zeros(2), torch.zeros(3)])
    data.default_collate([(1, 2), (3, 4)])
    data.default_collate([[1, 2], [3, 4]])
    data.default_collate([[1, 2], [3]])
    data.default_collate([(1, 'x'), (2, 'y')])
    data.default_collate([{'a': 1, 'b': [2, 3.0]}, {'a': 4, 'b': [5, 6.0]}])
    data.default_collate([OrderedDict(a=1), OrderedDict(a=2)])
    data.default_collate([Pair(1, 2.0), Pair(3, 4.0)])
    data.default_collate([np.array([1, 2]), np.array([3, 4])])
    data.default_collate([np.array(1.0), np.array(2.0)])
    data.default_collate([np.float32(1), np.float32(2)])
    data.default_collate([np.int64(1), np.int64(2)])
    data.default_collate([np.array(['a'])])
    data.default_collate([torch.ones(2, requires_grad=True)] * 2).requires_grad
    data.default_convert(np.array([1, 2]))
    data.default_convert([np.array([1]), 'a', 1])
    data.default_convert((np.array([1]), 2))
    data.default_convert({'a': np.array([1])})
    data.default_convert(OrderedDict(a=np.array([1])))
    data.default_convert(np.array(['a']))
    data.default_convert(Pair(np.array([1]), 2))
    """
)


@pytest.mark.torch
@pytest.mark.parametrize("source", SAME)
def test_as_torch(source: str) -> None:
    check(source)

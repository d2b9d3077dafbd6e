"""Size: a tuple of integers that counts elements."""

from __future__ import annotations

import pytest

from tests.twin import lines, same

SAME = lines(
    r"""
    torch.zeros(2, 3).shape
    torch.zeros(2, 3).shape[0]
    torch.zeros(2, 3).shape[1:]
    torch.zeros(2, 3).shape + (4,)
    torch.zeros(2, 3).shape.numel()
    torch.Size([2, 3])
    torch.Size((2, 3)) == (2, 3)
    torch.Size([2, 3]) == [2, 3]
    (1,) + torch.Size([2])
    torch.Size([2, 3]) * 2
    2 * torch.Size([2, 3])
    torch.Size([])
    torch.Size()
    torch.Size([2, 3]).index(3)
    hash(torch.Size([2, 3])) == hash((2, 3))
    str(torch.Size([2, 3]))
    f"{torch.Size([2, 3])}"
    tuple(torch.Size([2, 3]))
    list(torch.Size([2, 3]))
    torch.Size([torch.tensor(2), 3])
    torch.Size([True, 3])
    torch.Size([2, 3])[::-1]
    import copy, pickle; pickle.loads(pickle.dumps(torch.Size([2, 3])))
    import copy; copy.deepcopy(torch.Size([2, 3]))
    """
)

ERRORS = lines(
    r"""
    torch.Size([1, 2]) + [3]
    torch.Size([1, 2.5])
    torch.Size(["a"])
    torch.Size([2, 3])[5]
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

"""The text of a tensor."""

from __future__ import annotations

import pytest

from tests.twin import lines, same

SAME = lines(
    """
    repr(torch.tensor([[1.5, 2], [3, 4]]))
    repr(torch.tensor([1, 2], dtype=torch.int8))
    repr(torch.tensor(True))
    repr(torch.ones(2, requires_grad=True))
    repr(torch.ones(2, requires_grad=True) * 2)
    repr(torch.ones(2, requires_grad=True).view(2, 1))
    repr((torch.ones(2, requires_grad=True) * 2).detach())
    repr(torch.nn.Parameter(torch.ones(2)))
    repr(torch.tensor([1 + 2j]))
    repr(torch.tensor([1.5], dtype=torch.bfloat16))
    str(torch.arange(2000))
    """
)


@pytest.mark.torch
@pytest.mark.parametrize("source", SAME)
def test_as_torch(source: str) -> None:
    same(source)

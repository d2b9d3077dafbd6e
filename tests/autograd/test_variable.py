"""Variable, the tensor with a gradient of old."""

from __future__ import annotations

import pytest

from tests.twin import lines, same

SAME = lines(
    """
    torch.autograd.Variable(torch.ones(2))
    torch.autograd.Variable(torch.ones(2), requires_grad=True)
    x = torch.ones(2); v = torch.autograd.Variable(x); v.add_(1); x
    isinstance(torch.ones(2), torch.autograd.Variable)
    isinstance(3, torch.autograd.Variable)
    torch.autograd.Variable(3)
    """
)


@pytest.mark.torch
@pytest.mark.parametrize("source", SAME)
def test_as_torch(source: str) -> None:
    same(source)

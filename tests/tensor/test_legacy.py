"""The constructors of old."""

from __future__ import annotations

import pytest

from tests.twin import lines, same

SAME = lines(
    r"""
    torch.Tensor(2, 3).shape
    torch.Tensor([1, 2])
    torch.Tensor([[1, 2], [3, 4]])
    torch.Tensor((1, 2))
    torch.Tensor()
    torch.Tensor(2).shape
    torch.Tensor(torch.Size([2, 3])).shape
    torch.Tensor(torch.tensor([1., 2]))
    torch.Tensor(torch.tensor([1, 2]))
    torch.Tensor(np.array([1, 2]))
    torch.Tensor(np.array(3.))
    torch.Tensor([True, False])
    torch.Tensor([1.5, 2]).dtype
    torch.Tensor(0).shape
    torch.Tensor([])
    torch.FloatTensor([1, 2])
    torch.LongTensor([1, 2])
    torch.LongTensor([1.7])
    torch.DoubleTensor(2).dtype
    torch.IntTensor([1]).dtype
    torch.ByteTensor([1]).dtype
    torch.BoolTensor([True, False])
    torch.HalfTensor([1.]).dtype
    isinstance(torch.zeros(1), torch.FloatTensor)
    isinstance(torch.zeros(1), torch.LongTensor)
    torch.set_default_tensor_type(torch.DoubleTensor); t = torch.zeros(2);
        torch.set_default_tensor_type(torch.FloatTensor); t
    torch.set_default_tensor_type("torch.DoubleTensor"); t = torch.zeros(2);
        torch.set_default_tensor_type("torch.FloatTensor"); t
    """
)

ERRORS = lines(
    r"""
    torch.Tensor([[1, 2], [3]])
    torch.Tensor(2.5)
    torch.Tensor("a")
    torch.Tensor(-1)
    torch.Tensor(None)
    torch.Tensor(2, "a")
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

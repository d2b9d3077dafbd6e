"""Tensors like others."""

from __future__ import annotations

import pytest

from tests.twin import lines, same

SAME = lines(
    r"""
    torch.zeros_like(torch.ones(2, 3))
    torch.zeros_like(torch.ones(2, 3).t())
    torch.zeros_like(torch.ones(2, 3), dtype=torch.int64)
    torch.zeros_like(torch.ones(2, 3)[:, ::2])
    torch.zeros_like(torch.ones(2, 1).expand(2, 3))
    torch.zeros_like(torch.ones(2, 3, requires_grad=True))
    torch.zeros_like(torch.ones(2, 3), requires_grad=True)
    torch.ones_like(torch.zeros(2, dtype=torch.bool))
    torch.ones_like(torch.zeros(()))
    torch.full_like(torch.zeros(2), 7)
    torch.full_like(torch.zeros(2, dtype=torch.int64), 7.5)
    torch.full_like(torch.zeros(2), torch.tensor(3))
    torch.full_like(torch.zeros(2), True)
    torch.full_like(torch.zeros(2, dtype=torch.bool), 2)
    torch.empty_like(torch.zeros(2, 3)).shape
    torch.empty_like(torch.zeros(2, 3, 4, 5), memory_format=torch.channels_last).stride()
    torch.zeros_like(torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last)).stride()
    t = torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last);
        torch.zeros_like(t, memory_format=torch.contiguous_format).stride()
    torch.ones(1).new_zeros(2, 3)
    torch.ones(1).new_zeros((2, 3))
    torch.ones(1, dtype=torch.int8).new_zeros(2)
    torch.ones(1).new_zeros(2, dtype=torch.int64)
    torch.ones(1).new_zeros(2, requires_grad=True)
    torch.ones(1).new_zeros(size=(2,))
    torch.ones(1).new_ones(2)
    torch.ones(1).new_full((2,), 5)
    torch.ones(1, dtype=torch.int64).new_full((2,), 5.7)
    torch.ones(1).new_empty(2, 3).shape
    torch.ones(1).new_tensor([1, 2])
    torch.ones(1, dtype=torch.int64).new_tensor([1.5, 2])
    torch.ones(1).new_tensor([1, 2], dtype=torch.int8)
    torch.ones(1).new_tensor(torch.tensor([1, 2]))
    torch.ones(1).new_tensor(3)
    torch.ones(1).new_empty_strided((2, 3), (1, 2)).stride()
    torch.ones(1).new([1, 2])
    torch.ones(1).new(2, 3).shape
    torch.ones(1).new().shape
    torch.ones(1, dtype=torch.int64).new([1, 2])
    torch.empty_strided((2, 3), (1, 2)).stride()
    torch.empty_strided((2, 3), (0, 1)).stride()
    torch.empty_strided((2, 0), (1, 1)).shape
    """
)

ERRORS = lines(
    r"""
    torch.zeros_like(3)
    torch.zeros_like([1, 2])
    torch.full_like(torch.zeros(2, dtype=torch.uint8), 300)
    torch.full_like(torch.zeros(2), "a")
    torch.full_like(torch.zeros(2), 1j)
    torch.full((2,), 1j, dtype=torch.float32)
    torch.ones(1).new_zeros()
    torch.ones(1).new_zeros(2, foo=1)
    torch.empty_strided((2, 3), (1,))
    torch.empty_strided((2, 3), (-1, 1))
    torch.empty_strided((2, -3), (1, 1))
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

"""Questions about tensors, and the limits of types."""

from __future__ import annotations

import pytest

from tests.twin import lines, same

SAME = lines(
    r"""
    torch.is_tensor(torch.zeros(1))
    torch.is_tensor(3)
    torch.is_floating_point(torch.zeros(1))
    torch.is_complex(torch.zeros(1))
    torch.is_nonzero(torch.tensor(1))
    torch.numel(torch.zeros(2, 3))
    torch.is_grad_enabled()
    torch.finfo(torch.float32)
    torch.finfo(torch.float64)
    torch.finfo(torch.float16)
    torch.finfo(torch.bfloat16)
    torch.finfo()
    torch.finfo(torch.complex64).dtype
    torch.finfo(torch.complex64).eps
    torch.finfo(torch.float32).eps
    torch.finfo(torch.float32).max
    torch.finfo(torch.float32).min
    torch.finfo(torch.float32).tiny
    torch.finfo(torch.float32).smallest_normal
    torch.finfo(torch.float32).resolution
    torch.finfo(torch.float32).bits
    torch.finfo(torch.bfloat16).eps
    torch.finfo(torch.bfloat16).max
    torch.finfo(torch.bfloat16).tiny
    torch.finfo(torch.bfloat16).resolution
    torch.finfo(torch.float16).resolution
    torch.finfo(torch.float16).eps
    torch.finfo(torch.float32).dtype
    torch.finfo(torch.float32) == torch.finfo(torch.float32)
    torch.iinfo(torch.int32)
    torch.iinfo(torch.int64).max
    torch.iinfo(torch.uint8).min
    torch.iinfo(torch.int8).bits
    torch.iinfo(torch.int32).dtype
    str(torch.finfo(torch.float64))
    str(torch.finfo(torch.bfloat16))
    str(torch.iinfo(torch.int8))
    """
)

ERRORS = lines(
    r"""
    torch.is_nonzero(torch.tensor([1, 2]))
    torch.is_nonzero(torch.tensor([]))
    torch.numel(3)
    torch.finfo(torch.int64)
    torch.finfo(torch.float32).foo
    torch.iinfo(torch.float32)
    torch.iinfo(torch.bool)
    torch.iinfo("a")
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

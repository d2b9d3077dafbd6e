"""Type promotion."""

from __future__ import annotations

import pytest

from tests.twin import lines, same

SAME = lines(
    r"""
    torch.can_cast(torch.float32, torch.int64)
    torch.can_cast(torch.int64, torch.float32)
    torch.can_cast(torch.int64, torch.bool)
    torch.can_cast(torch.bool, torch.int64)
    torch.can_cast(torch.complex64, torch.float32)
    torch.can_cast(torch.float64, torch.float32)
    torch.can_cast(torch.int64, torch.uint8)
    torch.can_cast(torch.int8, torch.uint8)
    torch.promote_types(torch.int32, torch.float32)
    torch.promote_types(torch.uint8, torch.int8)
    torch.promote_types(torch.uint16, torch.uint16)
    torch.promote_types(torch.uint64, torch.float32)
    torch.promote_types(torch.float16, torch.bfloat16)
    torch.promote_types(torch.float16, torch.complex64)
    torch.promote_types(torch.float64, torch.complex64)
    torch.result_type(torch.zeros(2), 1)
    torch.result_type(torch.zeros(2, dtype=torch.int32), 1.5)
    torch.result_type(torch.zeros(2, dtype=torch.int32), torch.tensor(1.5, dtype=torch.float64))
    torch.result_type(1, 2)
    torch.result_type(1, 2.5)
    torch.result_type(1, 2j)
    torch.result_type(True, 1)
    torch.result_type(torch.zeros(2, dtype=torch.bool), 1)
    torch.result_type(torch.zeros(2, dtype=torch.uint8), 300)
    torch.result_type(torch.zeros(2, dtype=torch.bfloat16), 2j)
    torch.result_type(torch.tensor(1, dtype=torch.int8), torch.tensor(1, dtype=torch.int64))
    """
)

ERRORS = lines(
    r"""
    torch.promote_types(torch.uint16, torch.int8)
    torch.promote_types(torch.uint8, torch.uint16)
    torch.promote_types(torch.uint32, torch.int64)
    torch.promote_types(torch.uint16, torch.bool)
    torch.promote_types(1, torch.int8)
    torch.result_type("a", 1)
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

"""Type promotion."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import dtrain as ours
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


TYPES = (
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64",
    "complex64", "complex128",
)  # fmt: skip
NUMBERS = (True, 3, 2.5, 1j)


def operands(torch: Any, name: str) -> list[Any]:
    """Return a tensor with dimensions and one without."""
    d = getattr(torch, name)
    return [torch.zeros(2, dtype=d), torch.zeros((), dtype=d)]


@pytest.mark.torch
@pytest.mark.parametrize("first", TYPES)
def test_the_whole_table(first: str) -> None:
    theirs = pytest.importorskip("torch")
    for second in TYPES:
        pairs = zip(
            product(operands(ours, first), operands(ours, second)),
            product(operands(theirs, first), operands(theirs, second)),
            strict=True,
        )
        for mine, other in pairs:
            expected = str(theirs.result_type(*other)).replace("complex32", "complex64")
            assert str(ours.result_type(*mine)) == expected, (mine, other)
            assert (mine[0] * mine[1]).dtype is ours.result_type(*mine)
        a, b = (getattr(ours, n) for n in (first, second))
        c, d = (getattr(theirs, n) for n in (first, second))
        assert str(ours.promote_types(a, b)) == str(theirs.promote_types(c, d))
        assert ours.can_cast(a, b) == theirs.can_cast(c, d)


@pytest.mark.torch
@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("number", NUMBERS, ids=str)
def test_numbers(name: str, number: Any) -> None:
    theirs = pytest.importorskip("torch")
    if name == "float16" and isinstance(number, complex):
        pytest.skip("torch's complex32 does not exist here")
    for mine, other in zip(operands(ours, name), operands(theirs, name), strict=True):
        assert str(ours.result_type(mine, number)) == str(theirs.result_type(other, number))
        assert str((mine * number).dtype) == str((other * number).dtype)
        assert str((number + mine).dtype) == str((number + other).dtype)


def test_numpys_numbers_keep_the_precision() -> None:
    t = ours.ones(2)
    assert (t + np.float64(1)).dtype is ours.float32
    assert (np.float64(2) * t).dtype is ours.float32
    assert (t * np.int64(2)).dtype is ours.float32

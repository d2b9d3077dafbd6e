"""Data types."""

from __future__ import annotations

import pytest

from tests.twin import lines, same

SAME = lines(
    r"""
    torch.float32
    torch.float
    torch.double
    torch.half
    torch.long
    torch.int
    torch.short
    torch.bool
    torch.uint8
    torch.cfloat
    torch.cdouble
    torch.float32.is_floating_point
    torch.complex64.is_complex
    torch.int8.is_signed
    torch.uint8.is_signed
    torch.bool.is_signed
    torch.float32.itemsize
    torch.bool.itemsize
    torch.complex128.itemsize
    torch.float32.to_complex()
    torch.float64.to_complex()
    torch.bfloat16.to_complex()
    torch.complex64.to_real()
    torch.complex128.to_real()
    torch.int64.to_real()
    torch.float32 == torch.float
    torch.float32 == "float32"
    str(torch.float32)
    hash(torch.float32) == hash(torch.float)
    isinstance(torch.float32, torch.dtype)
    import pickle; pickle.loads(pickle.dumps(torch.int8)) is torch.int8
    import copy; copy.deepcopy(torch.int8) is torch.int8
    torch.get_default_dtype()
    torch.set_default_dtype(torch.float64); t = torch.tensor([1.]); u = torch.zeros(2);
        v = torch.tensor(1j); w = torch.arange(3.); torch.set_default_dtype(torch.float32);
        (t, u, v, w)
    torch.set_default_dtype(torch.float64);
        t = torch.rand(2).dtype, torch.full((1,), 2.).dtype, torch.linspace(0, 1, 3).dtype, torch.eye(2).dtype, (torch.ones(2, dtype=torch.int64) / 2).dtype;
        torch.set_default_dtype(torch.float32); t
    """
)

ERRORS = lines(
    r"""
    torch.int64.to_complex()
    torch.set_default_dtype(torch.int64)
    torch.set_default_dtype("float64")
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

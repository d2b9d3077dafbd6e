"""Data types."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain as torch
from dtrain.tensor.dtype import DTYPES, dtype, np_dtype, of
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
    torch.set_default_dtype(torch.float64); torch.rand(2).dtype
    torch.set_default_dtype(torch.float64); torch.full((1,), 2.0).dtype
    torch.set_default_dtype(torch.float64); torch.linspace(0, 1, 3).dtype
    torch.set_default_dtype(torch.float64); (torch.ones(2, dtype=torch.int64) / 2).dtype
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


def test_there_is_no_complex_type_of_four_bytes() -> None:
    """torch has complex32; here float16 pairs with complex64."""
    assert torch.float16.to_complex() is torch.complex64


@pytest.mark.parametrize("d", DTYPES, ids=str)
def test_round_trip_through_numpy(d: dtype) -> None:
    assert of(d.np) is d
    assert np_dtype(d) == d.np
    assert d.np.itemsize == d.itemsize


def test_types_of_python() -> None:
    assert np_dtype(float) == np.float64
    assert np_dtype(int) == np.int64
    assert np_dtype(bool) == np.bool_
    with pytest.raises(TypeError, match="is no data type"):
        np_dtype("float32")
    with pytest.raises(TypeError, match=r"can't convert a np.ndarray of type numpy.<U"):
        of(np.dtype("U3"))

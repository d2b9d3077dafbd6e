"""Tensors from arrays, buffers and other tensors: what is shared, copied and refused."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain as torch
from tests.twin import lines, same

SAME = lines(
    r"""
    torch.as_tensor([1, 2])
    torch.as_tensor(np.array([1., 2]))
    torch.as_tensor(np.array([1., 2]), dtype=torch.float32)
    a = np.array([1., 2]); t = torch.as_tensor(a); a[0] = 7; t
    a = np.array([1., 2]); t = torch.as_tensor(a, dtype=torch.float64); a[0] = 7; t
    a = np.array([1., 2]); t = torch.tensor(a); a[0] = 7; t
    t = torch.ones(2); torch.as_tensor(t) is t
    t = torch.ones(2); torch.as_tensor(t, dtype=torch.float64)
    t = torch.ones(2, requires_grad=True); torch.as_tensor(t) is t
    torch.as_tensor(3)
    torch.as_tensor([1, 2], dtype=torch.float16, device="cpu")
    torch.asarray([1, 2])
    torch.asarray([1, 2.])
    torch.asarray(np.array([1, 2]), copy=True)
    t = torch.ones(2); torch.asarray(t) is t
    t = torch.ones(2); torch.asarray(t, copy=True) is t
    torch.asarray([1., 2], requires_grad=True)
    t = torch.ones(2, requires_grad=True); torch.asarray(t)
    t = torch.ones(2, requires_grad=True) * 2; torch.asarray(t)
    a = np.arange(6.); t = torch.asarray(a); a[1] = 9; t
    torch.asarray(2.5)
    torch.asarray(b"abcd", dtype=torch.uint8)
    torch.asarray(bytearray(b"abcd"), dtype=torch.uint8)
    torch.asarray(bytearray(8), dtype=torch.float32)
    torch.from_numpy(np.arange(3))
    torch.from_numpy(np.arange(6.).reshape(2, 3)[:, 1])
    torch.from_numpy(np.arange(6.).reshape(2, 3)[1:, 1:])
    torch.from_numpy(np.arange(6.).reshape(2, 3).T)
    torch.from_numpy(np.arange(6.)[2:]).storage_offset()
    torch.from_numpy(np.arange(6.)[2:]).untyped_storage().nbytes()
    torch.from_numpy(np.arange(6.)[::2]).untyped_storage().nbytes()
    torch.from_numpy(np.arange(6.)[::2])
    torch.from_numpy(np.array(3.))
    torch.from_numpy(np.broadcast_to(np.array(3.), (2, 2)))
    torch.from_numpy(np.zeros((0, 3)))
    torch.from_numpy(np.zeros(3, dtype=np.uint16))
    torch.frombuffer(bytearray(b"abcd"), dtype=torch.uint8)
    torch.frombuffer(bytearray(b"abcdefgh"), dtype=torch.int16, count=2, offset=2)
    torch.frombuffer(b"abcd", dtype=torch.uint8)
    """
)

ERRORS = lines(
    r"""
    torch.as_tensor("a")
    t = torch.ones(2); torch.asarray(t, dtype=torch.float64, copy=False)
    torch.asarray([1, 2], copy=False)
    torch.from_numpy(np.arange(6.)[::-1])
    torch.from_numpy([1])
    torch.from_numpy(np.array(["a"]))
    torch.from_numpy(np.float32(1))
    torch.from_numpy(np.zeros(3, dtype='>f4'))
    torch.from_numpy(np.zeros(3, dtype=[('a', 'f4')]))
    torch.from_numpy(np.zeros(3, dtype=np.longdouble))
    torch.frombuffer(bytearray(b"abc"), dtype=torch.int16)
    torch.frombuffer(bytearray(b""), dtype=torch.uint8)
    torch.frombuffer(bytearray(b"abcd"), dtype=torch.uint8, count=9)
    torch.frombuffer(bytearray(b"abcd"), dtype=torch.uint8, offset=9)
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


def test_a_slice_of_an_array_is_the_beginning_of_its_storage() -> None:
    array = np.arange(6.0)
    t = torch.from_numpy(array[2:])
    assert t.storage_offset() == 0
    t[0] = 9
    assert array[2] == 9


def test_read_only_arrays_are_shared_and_stay_read_only() -> None:
    array = np.zeros(2)
    array.flags.writeable = False
    with pytest.warns(UserWarning, match="not writable"):
        t = torch.from_numpy(array)
    with pytest.raises(ValueError, match="read-only"):
        t.add_(1)

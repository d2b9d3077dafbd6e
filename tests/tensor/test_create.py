"""Empty and filled tensors: sizes, types, out=, defaults."""

from __future__ import annotations

import pytest

from tests.twin import lines, same

SAME = lines(
    r"""
    torch.scalar_tensor(2)
    torch.scalar_tensor(2.5, dtype=torch.float64)
    torch.scalar_tensor(True)
    torch.zeros(10**15)
    torch.zeros(10**10, 10**10)
    torch.rand(10**15)
    torch.eye(10**9)
    torch.arange(10**16)
    torch.zeros(2, 3)
    torch.zeros((2, 3))
    torch.zeros([2, 3])
    torch.zeros(())
    torch.zeros(0)
    torch.zeros(2, 0)
    torch.zeros(torch.Size([2]))
    torch.zeros(size=(2,))
    torch.zeros(np.int64(2))
    torch.zeros(torch.tensor(2))
    torch.zeros((torch.tensor(2), 3))
    torch.zeros(2, dtype=torch.int32)
    torch.zeros(2, dtype=torch.bool)
    torch.zeros(2, dtype=torch.bfloat16)
    torch.zeros(2, dtype=torch.complex64)
    torch.zeros(2, dtype=int)
    torch.zeros(2, dtype=float)
    torch.zeros(2, requires_grad=True)
    torch.zeros(2, layout=torch.strided)
    torch.zeros(2, pin_memory=False)
    torch.zeros(2, device="cpu").device
    t = torch.empty(2, 3); torch.zeros(2, 3, out=t); t
    t = torch.empty(2, 3); torch.zeros(2, 3, out=t) is t
    t = torch.ones(6); torch.zeros(2, 3, out=t); t
    t = torch.empty(0); torch.ones(2, out=t); t
    t = torch.empty(0, dtype=torch.int64); torch.ones(2, out=t); t
    b = torch.zeros(4); v = b[:2]; torch.ones(2, out=v); b
    torch.ones(2, 3)
    torch.ones(2, dtype=torch.int64)
    torch.ones(())
    torch.ones(2, dtype=torch.bool)
    torch.ones(2, requires_grad=True).is_leaf
    torch.empty(2, 3).shape
    torch.empty(2, dtype=torch.int8).dtype
    torch.empty((2, 3), memory_format=torch.contiguous_format).shape
    torch.empty((2, 3, 4, 5), memory_format=torch.channels_last).stride()
    torch.empty(size=(1,)).shape
    torch.full((2, 3), 7)
    torch.full((2, 3), 7.)
    torch.full((2,), True)
    torch.full((2,), 1j)
    torch.full((2,), 7, dtype=torch.float32)
    torch.full((2,), 1.5, dtype=torch.int64)
    torch.full((), 3.)
    torch.full([2], 3.)
    torch.full((2,), torch.tensor(3))
    torch.full((2,), torch.tensor(3.))
    torch.full((2,), np.float64(3))
    torch.full((2,), np.int64(3))
    torch.full(size=(2,), fill_value=5)
    torch.full((2,), float('inf'))
    torch.full((2,), 1., requires_grad=True)
    t = torch.empty(2, dtype=torch.int64); torch.full((2,), 5, out=t)
    torch.eye(3)
    torch.eye(2, 3)
    torch.eye(3, 2)
    torch.eye(0)
    torch.eye(2, dtype=torch.int64)
    torch.eye(2, dtype=torch.bool)
    torch.eye(2, requires_grad=True)
    torch.eye(n=2, m=4)
    torch.get_default_device()
    torch.set_default_device("cpu"); t = torch.zeros(2), torch.get_default_device();
        torch.set_default_device(None); t
    """
)

ERRORS = lines(
    r"""
    torch.zeros()
    torch.zeros(2.0)
    torch.zeros(-1)
    torch.zeros(2, -1)
    torch.zeros("a")
    torch.zeros(True)
    torch.zeros(torch.tensor(2.))
    torch.zeros([2, [3]])
    torch.zeros(None)
    torch.zeros(2, dtype=torch.int32, requires_grad=True)
    torch.zeros(2, foo=1)
    torch.zeros(2, dtype="float32")
    t = torch.empty(0, dtype=torch.int64); torch.ones(2, out=t, dtype=torch.float32); t
    torch.full((2,), 300, dtype=torch.uint8)
    torch.full(2, 3.)
    torch.full((2,), "a")
    torch.full((2,))
    torch.full((2,), 2**40, dtype=torch.int32)
    torch.eye(-1)
    torch.eye(2.5)
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

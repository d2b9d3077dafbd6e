"""Numbers, nested lists and arrays to one array: what torch.tensor infers and refuses."""

from __future__ import annotations

import pytest

import dtrain as torch
from tests.twin import lines, same

SAME = lines(
    r"""
    torch.tensor(1)
    torch.tensor(1.5)
    torch.tensor(True)
    torch.tensor(1+2j)
    torch.tensor([])
    torch.tensor([[], []])
    torch.tensor([1, 2])
    torch.tensor([1, 2.0])
    torch.tensor([True, 2])
    torch.tensor([True, False])
    torch.tensor([1, 2j])
    torch.tensor(2**62)
    torch.tensor(-2**63)
    torch.tensor([2**63, 1.0])
    torch.tensor(np.float32(1.5))
    torch.tensor(np.float64(1.5))
    torch.tensor(np.int32(1))
    torch.tensor(np.int8(1))
    torch.tensor(np.bool_(True))
    torch.tensor([np.float32(1.5)])
    torch.tensor([np.float64(1.5)])
    torch.tensor([np.int32(1), np.int32(2)])
    torch.tensor([np.float32(1), 2])
    torch.tensor(np.array([1, 2]))
    torch.tensor(np.array([1., 2]))
    torch.tensor(np.array([1, 2], dtype=np.int16))
    torch.tensor(np.array(3))
    torch.tensor([np.array([1, 2]), np.array([3, 4])])
    torch.tensor([np.array([1., 2]), np.array([3, 4.])])
    torch.tensor(range(3))
    torch.tensor((1, 2))
    torch.tensor([(1, 2), [3, 4]])
    torch.tensor([torch.tensor(1), torch.tensor(2)])
    torch.tensor([torch.tensor(1.5), torch.tensor(2.5)])
    torch.tensor([torch.tensor(1.5, dtype=torch.float64), torch.tensor(2.5)])
    torch.tensor([torch.tensor([1]), torch.tensor([2])])
    torch.tensor([[torch.tensor(1.0), 2.0], [3, 4]])
    torch.tensor([torch.tensor(1), 2.5])
    torch.tensor(torch.tensor([1, 2]))
    torch.tensor(torch.ones(2, requires_grad=True))
    torch.tensor(torch.tensor([1, 2]), dtype=torch.float32)
    torch.tensor([1, 2], dtype=torch.float32)
    torch.tensor([1.7, -2.7], dtype=torch.int64)
    torch.tensor([-1], dtype=torch.uint8)
    torch.tensor([1.5, 0], dtype=torch.bool)
    torch.tensor([1, 2], dtype=torch.bfloat16)
    torch.tensor([1, 2], dtype=torch.float16)
    torch.tensor([1, 2], dtype=torch.complex64)
    torch.tensor([1, 2], dtype=float)
    torch.tensor([1, 2], dtype=int)
    torch.tensor([1, 2], dtype=bool)
    torch.tensor([1., 2], requires_grad=True)
    torch.tensor([1, 2], device="cpu")
    torch.tensor([1, 2], device="cpu:0")
    torch.tensor([1, 2], device=torch.device("cpu"))
    torch.tensor(data=[1., 2])
    torch.tensor(float('nan'))
    torch.tensor([float('inf'), 1])
    torch.tensor(2**63, dtype=torch.uint64)
    torch.tensor([2**63], dtype=torch.uint64)
    torch.tensor(2**63, dtype=torch.float32)
    torch.tensor(1e300, dtype=torch.float32)
    torch.tensor(bytearray(b"ab"))
    """
)

ERRORS = lines(
    r"""
    torch.tensor([[1, 2], [3]])
    torch.tensor([[1, 2], 3])
    torch.tensor([1, [2, 3]])
    torch.tensor([[1, 2], [3, 4, 5]])
    torch.tensor([[[1], [2]], [[3]]])
    torch.tensor("a")
    torch.tensor(["a"])
    torch.tensor([1, "a"])
    torch.tensor(None)
    torch.tensor([None])
    torch.tensor({})
    torch.tensor({1, 2})
    torch.tensor(2**63)
    torch.tensor(2**64)
    torch.tensor(-2**63-1)
    torch.tensor([2**63])
    torch.tensor([2**70, 1])
    torch.tensor(np.array(['a']))
    torch.tensor(np.array([1, 2], dtype=object))
    torch.tensor([torch.tensor([1, 2]), torch.tensor([2, 3])])
    torch.tensor([300], dtype=torch.uint8)
    torch.tensor([1+1j], dtype=torch.float32)
    torch.tensor([1, 2], dtype="float32")
    torch.tensor([1, 2], dtype=np.float32)
    torch.tensor([1, 2], requires_grad=True)
    torch.tensor([1, 2], device="nope")
    torch.tensor()
    torch.tensor([1.], foo=1)
    torch.tensor([1, 2], torch.float32)
    torch.tensor(b"ab")
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


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(RuntimeError, match="Torch not compiled with CUDA enabled"):
        torch.tensor([1], device="cuda")


def test_words_that_tutorials_quote() -> None:
    with pytest.raises(ValueError, match=r"expected sequence of length 2 at dim 1 \(got 1\)"):
        torch.tensor([[1, 2], [3]])
    with pytest.raises(ValueError, match="too many dimensions 'str'"):
        torch.tensor(["a"])
    with pytest.raises(RuntimeError, match="Could not infer dtype of NoneType"):
        torch.tensor([None])
    with pytest.raises(ValueError, match="Overflow when unpacking long long"):
        torch.tensor([2**70])


def test_long_lists() -> None:
    numbers = [float(i) for i in range(100_000)]
    assert torch.tensor(numbers, dtype=torch.float64).tolist() == numbers

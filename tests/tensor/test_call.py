"""What happens when an operator is called: arguments, devices, errors, out=."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain as torch
from dtrain.errors import DeviceError, OpTypeError, ShapeError
from dtrain.tensor.call import OPERANDS, as_array, describe
from dtrain.tensor.op import REGISTRY
from tests.fake_device import on_fake
from tests.twin import lines, same

SAME = lines(
    """
    torch.add(torch.ones(2), other=torch.ones(2))
    torch.add(input=torch.ones(2), other=torch.ones(2))
    torch.sum(torch.ones(2, 3), axis=1)
    torch.sum(torch.ones(2, 3), dim=1, keepdims=True)
    torch.ones(6).view(2, 3).shape
    torch.ones(6).view((2, 3)).shape
    torch.ones(2, 3).permute(1, 0).shape
    out = torch.empty(2); torch.add(torch.ones(2), 1, out=out); out
    out = torch.empty(0); torch.add(torch.ones(2), 1, out=out); out
    out = torch.empty(2); torch.add(torch.ones(2), 1, out=out) is out
    torch.add(torch.ones(2), 1, foo=2)
    torch.add(torch.ones(2))
    torch.add()
    t = torch.ones(2, 3); t[0] = 1j
    torch.cat([])
    1 - torch.tensor([True])
    torch.tensor([True]) - 1
    torch.tensor([True]) - torch.tensor([True])
    torch.ones(2) - True
    -torch.tensor([True])
    torch.Tensor.__radd__(3, torch.ones(2))
    torch.ones(2, 3).permute("a")
    torch.ones(2, 3).transpose("a", 0)
    torch.ones(2, 3).gather(0, [[0]])
    torch.ones(2, 3).sum(1.5)
    torch.ones(2).fill_(None)
    torch.zeros(0).argmax()
    torch.add(torch.ones(2), 1, 2, 3, 4)
    torch.add(torch.ones(2), torch.ones(2), other=torch.ones(2))
    torch.add("a", torch.ones(2))
    torch.sin("a")
    torch.sin(3)
    torch.add(torch.ones(3), torch.ones(4))
    torch.sum(torch.ones(2), dim=5)
    torch.cat("ab")
    torch.cat([torch.ones(2), 3])
    torch.add(torch.ones(2), torch.ones(2, requires_grad=True), out=torch.empty(2))
    torch.add(torch.ones(2), 1.5, out=torch.empty(2, dtype=torch.int64))
    """
)


@pytest.mark.torch
@pytest.mark.parametrize("source", SAME)
def test_as_torch(source: str) -> None:
    same(source)


def test_errors_show_the_operands() -> None:
    with pytest.raises(ShapeError, match=r"add\(input: float32\[3\], other: float32\[4\]\)"):
        torch.add(torch.ones(3), torch.ones(4))
    with pytest.raises(ShapeError, match=r"The size of tensor a \(3\) must match"):
        torch.add(torch.ones(3), torch.ones(4))


def test_operands_are_described() -> None:
    values = [torch.ones(2, 3), 1.5, None]
    assert describe(REGISTRY["add"], values[:2]) == "add(input: float32[2, 3], other=1.5)"
    joined = describe(REGISTRY["cat"], [[torch.ones(2), torch.ones(3)], 0])
    assert joined.startswith("cat(tensors: [[2], [3]]")


def test_devices_do_not_mix() -> None:
    with pytest.raises(DeviceError, match="expected all tensors to be on the same device"):
        torch.ones(2) + on_fake(torch.ones(2))


def test_a_tensor_has_to_be_among_the_operands() -> None:
    with pytest.raises(OpTypeError, match="must be Tensor, not list"):
        torch.sin([1.0])
    assert isinstance(np.float32(1), OPERANDS)


def test_scalars_of_numpy_become_arrays() -> None:
    made = as_array(np.ndarray, np.float32(2))
    assert made.__class__ is np.ndarray
    assert made.dtype == np.float32
    far = on_fake(torch.ones(2))._a
    assert as_array(np.ndarray, far) is far


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
def test_assignment_into_read_only_memory_says_so():
    fixed = np.zeros(2, np.float32)
    fixed.flags.writeable = False
    with pytest.raises(RuntimeError, match="read-only"):
        torch.from_numpy(fixed)[0] = 1

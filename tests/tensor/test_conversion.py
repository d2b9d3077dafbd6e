"""Tensors as Python numbers, lists, text and NumPy arrays."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import dtrain as torch
from tests.twin import lines, same

SAME = lines(
    r"""
    torch.tensor(3).item()
    torch.tensor(3.5).item()
    torch.tensor([3]).item()
    torch.tensor([[3]]).item()
    torch.tensor(True).item()
    torch.tensor(1+2j).item()
    torch.tensor(3.5, dtype=torch.bfloat16).item()
    torch.tensor(3.5, dtype=torch.float16).item()
    torch.tensor(0.1).item()
    torch.tensor([1, 2]).tolist()
    torch.tensor([[1.5, 2], [3, 4]]).tolist()
    torch.tensor(3).tolist()
    torch.tensor([]).tolist()
    torch.zeros(2, 0).tolist()
    torch.tensor([1.5], dtype=torch.bfloat16).tolist()
    torch.tensor(1.5, dtype=torch.bfloat16).tolist()
    torch.tensor([True]).tolist()
    torch.ones(2, requires_grad=True).tolist()
    len(torch.zeros(3, 2))
    bool(torch.tensor(3))
    bool(torch.tensor([0.]))
    int(torch.tensor(3.7))
    int(torch.tensor([3.7]))
    float(torch.tensor(3))
    complex(torch.tensor(3.))
    [10, 20, 30][torch.tensor(1)]
    [10, 20, 30][torch.tensor([1])]
    list(range(torch.tensor(3)))
    [1, 2, 3][torch.tensor(1):]
    [1, 2][torch.tensor(True)]
    f"{torch.tensor(3.14159):.2f}"
    f"{torch.tensor(3.14159)}"
    f"{torch.tensor([1., 2])}"
    "{:d}".format(torch.tensor(3))
    "{:5.1f}|".format(torch.tensor(3.14159))
    "%.3f" % torch.tensor(3.14159)
    "%d" % torch.tensor(3)
    "%s" % torch.tensor(3)
    str(torch.tensor(3))
    repr(torch.tensor([1., 2], requires_grad=True))
    repr(torch.ones(2, requires_grad=True) * 2)
    repr(torch.ones(2, requires_grad=True).sum())
    repr(torch.zeros(2, dtype=torch.float64))
    repr(torch.zeros(0))
    repr(torch.zeros(2, 0))
    [x.item() for x in torch.tensor([1, 2])]
    list(torch.tensor([[1, 2], [3, 4]]))
    list(iter(torch.zeros(0)))
    a, b = torch.tensor([1., 2]); a
    a, b = torch.tensor([1., 2], requires_grad=True); b
    2 in torch.tensor([1, 2])
    2.0 in torch.tensor([1, 2])
    torch.tensor(2) in torch.tensor([1, 2])
    torch.tensor([1]) in [torch.tensor([2]), torch.tensor([1])]
    x = torch.tensor(3.); hash(x) == id(x)
    x = torch.tensor(3.); len({x: 1, torch.tensor(3.): 2})
    x = torch.tensor([1, 2]); x == 1
    x = torch.tensor([1, 2]); x == "a"
    x = torch.tensor([1, 2]); x != None
    x = torch.tensor([1, 2]); x == None
    x = torch.tensor([1, 2]); x is None
    list(reversed(torch.tensor([1, 2, 3])))
    reversed(torch.tensor([1, 2, 3]))
    reversed(torch.tensor(3))
    np.asarray(torch.tensor([1., 2]))
    np.array(torch.tensor([1., 2]))
    np.asarray(torch.tensor([1., 2]), dtype=np.float64)
    np.mean(torch.tensor([1., 2]).numpy())
    np.sin(torch.tensor([1., 2]))
    np.add(torch.tensor([1., 2]), np.array([1., 2]))
    np.add(np.array([1., 2]), torch.tensor([1., 2]))
    np.concatenate([torch.tensor([1., 2]), np.array([3.])])
    np.stack([torch.tensor([1., 2]), torch.tensor([3., 4.])])
    torch.tensor([1., 2]) + np.array([1., 2])
    torch.tensor([1., 2]) + np.float64(1)
    torch.tensor([1, 2]) + np.float32(1)
    torch.tensor([1., 2]) * np.int64(2)
    np.float64(2) * torch.tensor([1., 2])
    np.float32(2) * torch.tensor([1., 2])
    np.int64(2) * torch.tensor([1., 2])
    np.array([1., 2]) / torch.tensor([1., 2])
    np.array([1., 2]) == torch.tensor([1., 3])
    np.float64(2) < torch.tensor([1., 3])
    np.array(torch.tensor(3))
    np.allclose(torch.tensor([1.]), np.array([1.]))
    np.argmax(torch.tensor([1., 3, 2]))
    np.abs(torch.tensor([-1., 3, 2]))
    np.sqrt(torch.tensor(4.))
    np.round(torch.tensor([1.25]).numpy(), 1)
    np.multiply(torch.tensor([1., 2]), 3)
    a = torch.tensor([1., 2]).numpy(); type(a).__name__
    t = torch.zeros(3); a = t.numpy(); a[0] = 5; t
    t = torch.zeros(3); a = t.numpy(); t[1] = 7; a
    t = torch.zeros(3); a = t.numpy(); t += 1; a
    a = np.zeros(3); t = torch.from_numpy(a); t.add_(2); a
    a = np.zeros((2, 3)); t = torch.from_numpy(a.T); t[0, 1] = 4; a
    torch.ones(2, requires_grad=True).numpy(force=True)
    torch.ones(2, requires_grad=True).detach().numpy()
    torch.ones(2, dtype=torch.bfloat16).float().numpy()
    t = torch.zeros(3); v = t.numpy()[1:]; u = torch.from_numpy(v); u[0] = 9; t
    a = np.arange(5.); np.add(a, 1, out=torch.from_numpy(a).numpy()); a
    a = np.zeros(3); a[:] = torch.ones(3); a
    a = np.zeros(3); a[0] = torch.tensor(2.); a
    np.where(torch.tensor([True, False]), 1, 2)
    np.zeros(3)[torch.tensor([0, 1])]
    np.arange(5)[torch.tensor(2)]
    """
)

ERRORS = lines(
    r"""
    torch.tensor([1, 2]).item()
    torch.tensor([]).item()
    len(torch.tensor(3))
    bool(torch.tensor([1, 2]))
    bool(torch.tensor([]))
    int(torch.tensor([3, 4]))
    float(torch.tensor([1., 2]))
    float(torch.tensor(1+1j))
    int(torch.tensor(float('inf')))
    int(torch.tensor(float('nan')))
    [10, 20, 30][torch.tensor(1.)]
    f"{torch.tensor([3.14159]):.2f}"
    list(torch.tensor(3))
    "a" in torch.tensor([1, 2])
    np.asarray(torch.ones(2, requires_grad=True))
    np.exp(torch.tensor([1.], requires_grad=True))
    torch.ones(2, requires_grad=True).numpy()
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


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "lt", "eq"])
def test_arrays_on_the_left_give_tensors(name: str) -> None:
    """torch refuses most of these since NumPy 2."""
    array, t = np.array([1.0, 5.0]), torch.tensor([2.0, 3.0], dtype=torch.float64)
    made = getattr(operator, name)(array, t)
    assert isinstance(made, torch.Tensor)
    assert made.tolist() == getattr(operator, name)(array, t.numpy()).tolist()


def test_gradients_flow_past_arrays() -> None:
    t = torch.tensor([2.0, 3.0], requires_grad=True)
    (np.array([1.0, 5.0], np.float32) * t).sum().backward()
    assert t.grad is not None
    assert t.grad.tolist() == [1, 5]


def test_bfloat16_leaves_as_the_type_of_ml_dtypes() -> None:
    """torch raises TypeError here."""
    array = torch.ones(2, dtype=torch.bfloat16).numpy()
    assert array.dtype.name == "bfloat16"
    assert torch.from_numpy(array).dtype is torch.bfloat16


def test_words_that_tutorials_quote() -> None:
    with pytest.raises(RuntimeError, match=r"Use tensor\.detach\(\)\.numpy\(\) instead"):
        torch.ones(1, requires_grad=True).numpy()
    with pytest.raises(
        RuntimeError, match="a Tensor with 2 elements cannot be converted to Scalar"
    ):
        torch.ones(2).item()
    with pytest.raises(RuntimeError, match="more than one value is ambiguous"):
        bool(torch.ones(2))

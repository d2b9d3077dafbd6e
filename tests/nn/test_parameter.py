"""Parameters and buffers."""

# ruff: noqa: E501 (programs in strings)

from __future__ import annotations

import copy
import pickle

import pytest

import dtrain as torch
from tests.twin import same


@pytest.mark.torch
@pytest.mark.parametrize(
    "source",
    [
        "torch.nn.Parameter(torch.ones(2))",
        "repr(torch.nn.Parameter(torch.ones(2)))",
        "torch.nn.Parameter(torch.ones(2), requires_grad=False)",
        "torch.nn.Parameter(torch.ones(2, dtype=torch.int64), requires_grad=False)",
        "torch.nn.Parameter()",
        "isinstance(torch.nn.Parameter(torch.ones(1)), torch.Tensor)",
        "w = torch.ones(2); p = torch.nn.Parameter(w); w[0] = 5; p",
        "p = torch.nn.Parameter(torch.ones(2)); (p * 2).sum().backward(); [p.grad, type(p * 2).__name__]",
        "b = torch.nn.Buffer(torch.ones(2)); [b.requires_grad, isinstance(b, torch.nn.Buffer), b.persistent]",
        "isinstance(torch.ones(1), torch.nn.Buffer)",
        "isinstance(torch.nn.Parameter(torch.ones(1)), torch.nn.Buffer)",
        "p = torch.nn.Parameter(torch.ones(2)); p.data = torch.zeros(2); p",
        "p = torch.nn.Parameter(torch.ones(2)); p += 1",
    ],
)
def test_as_in_torch(source):
    same(source)


def test_integers_have_no_gradient():
    with pytest.raises(RuntimeError, match="only Tensors of floating point"):
        torch.nn.Parameter(torch.ones(2, dtype=torch.int64))


def test_data_is_a_tensor():
    with pytest.raises(TypeError, match="Parameter"):
        torch.nn.Parameter([1.0])


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize("requires_grad", [True, False])
def test_copies_have_memory_of_their_own(twin, requires_grad):
    p = torch.nn.Parameter(torch.arange(3.0), requires_grad)
    p.note = "mine"
    q = twin(p)
    assert type(q) is torch.nn.Parameter
    assert q.requires_grad is requires_grad
    assert q.note == "mine"
    with torch.no_grad():
        p[0] = 7
    assert q.tolist() == [0, 1, 2]


def test_copies_in_one_structure_are_one():
    p = torch.nn.Parameter(torch.ones(1))
    a, b = copy.deepcopy([p, p])
    assert a is b


def test_copies_of_buffers_are_buffers():
    b = copy.deepcopy(torch.nn.Buffer(torch.ones(1), persistent=False))
    assert isinstance(b, torch.nn.Buffer)
    assert b.persistent is False


def test_a_lazy_parameter_gets_its_shape_later():
    same(
        "p = torch.nn.parameter.UninitializedParameter(); said = repr(p), torch.nn.parameter."
        "is_lazy(p)\np.materialize((2, 3)); (said, type(p).__name__, p.shape, p.requires_grad)"
    )
    same(
        "b = torch.nn.UninitializedBuffer(dtype=torch.float64); said = repr(b)\n"
        "b.materialize((2,)); (said, type(b).__name__, str(b.dtype), b.requires_grad)"
    )

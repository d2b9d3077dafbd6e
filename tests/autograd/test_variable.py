"""The legacy constructor."""

from __future__ import annotations

import pytest

import dtrain
from dtrain.autograd import Variable
from dtrain.errors import OpTypeError


def test_variable_is_a_leaf_over_the_same_memory() -> None:
    t = dtrain.ones(2)
    v = Variable(t, requires_grad=True)
    t.add_(1)
    (v * v).sum().backward()
    assert v.grad.tolist() == [4.0, 4.0]
    assert isinstance(t, Variable)
    assert not Variable(t).requires_grad
    with pytest.raises(OpTypeError, match="has to be a tensor"):
        Variable([1.0])

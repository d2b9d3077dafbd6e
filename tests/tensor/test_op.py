"""The operator decorator: what comes of one definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dtrain as torch
from dtrain.errors import OpTypeError
from dtrain.tensor.methods import Methods
from dtrain.tensor.op import BINARY, INTERNAL, RAW, REGISTRY, UNARY, attach, function, op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp


@pytest.fixture
def triple(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return an operator that lives for one test."""

    @op(UNARY, name="test_triple", input=lambda F, g, factor: g * factor)
    def test_triple(xp: Xp, input: Array, factor: float = 3.0) -> Array:
        """Multiply by three."""
        return input * xp.asarray(factor, input.dtype)

    yield test_triple
    del REGISTRY["test_triple"]
    for name in ("test_triple", "test_triple_"):
        delattr(Methods, name)


def test_one_definition_gives_function_method_inplace_and_out(triple: Any) -> None:
    t = torch.ones(2)
    assert triple(t).tolist() == [3, 3]
    assert t.test_triple(2.0).tolist() == [2, 2]
    out = torch.empty(2)
    assert triple(t, factor=4.0, out=out) is out
    assert out.tolist() == [4, 4]
    assert t.test_triple_() is t
    assert t.tolist() == [3, 3]
    assert triple.__doc__ == "Multiply by three."


def test_its_rule_is_used_in_both_orders(triple: Any) -> None:
    x = torch.ones(2, requires_grad=True)
    (g,) = torch.autograd.grad(triple(x * x).sum(), x, create_graph=True)
    assert g.tolist() == [6, 6]
    g.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [6, 6]
    assert triple(x).grad_fn.name() == "TestTripleBackward0"


def test_a_rule_may_only_read_what_there_is() -> None:
    @op(INTERNAL, name="test_wrong", input=lambda F, g, nothing: g)
    def test_wrong(xp: Xp, input: Array) -> Array:
        return input

    REGISTRY.pop("test_wrong", None)
    with pytest.raises(TypeError, match="'nothing' is no argument, output or result"):
        test_wrong(torch.ones(2, requires_grad=True))


def test_a_name_is_given_once() -> None:
    with pytest.raises(OpTypeError, match="method add is defined twice"):
        attach("add", lambda self: self)
    with pytest.raises(OpTypeError, match="method sin is defined twice"):

        @function
        def sin(input: Tensor) -> Tensor:
            return input


def test_operators_leave_foreign_operands_to_others() -> None:
    class Other:
        def __radd__(self, left: Any) -> str:
            return "mine"

    assert torch.ones(2) + Other() == "mine"  # type: ignore[comparison-overlap]
    with pytest.raises(TypeError, match="unsupported operand"):
        torch.ones(2) + object()


def test_bare_arrays_have_a_namespace_of_their_own() -> None:
    F = RAW[np.ndarray]
    assert isinstance(F.add(np.ones(2), np.ones(2)), np.ndarray)
    assert RAW[np.float64] is F


def test_kinds_are_fixed() -> None:
    with pytest.raises(AttributeError):
        BINARY.broadcast = False  # type: ignore[misc]

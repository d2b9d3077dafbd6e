"""The shorter ways through a call give what the general way gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain.tensor.call import general
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.op import REGISTRY
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array

NUMBERS = np.random.default_rng(0).uniform(0.2, 0.9, (3, 4))


def t(dtype: str = "float32", grad: bool = False) -> Tensor:
    made = wrap(NUMBERS.astype(dtype))
    return made.requires_grad_() if grad else made


CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("exp", (t(grad=True),), {}),
    ("log", (t(grad=True),), {}),
    ("exp", (t("int64"),), {}),
    ("neg", (t("int64"),), {}),
    ("round", (t(grad=True), 1), {}),
    ("round", (t(),), {"decimals": 1}),
    ("logit", (t(grad=True),), {"eps": 0.1}),
    ("add", (t(grad=True), t()), {}),
    ("add", (t(), t(grad=True)), {"alpha": 2}),
    ("mul", (t(grad=True), t(grad=True)), {}),
    ("mul", (t(grad=True), 2.5), {}),
    ("mul", (2.5, t(grad=True)), {}),
    ("mul", (t("int64"), t("float64", grad=True)), {}),
    ("div", (t(grad=True), t(grad=True)), {}),
    ("div", (t("int64"), 2), {}),
    ("pow", (t(grad=True), 2), {}),
    ("matmul", (t(grad=True), wrap(NUMBERS.T.astype("float32"))), {}),
    ("matmul", (t(), wrap(NUMBERS.T.astype("float32")).requires_grad_()), {}),
    ("eq", (t(grad=True), t()), {}),
    ("sum", (t(grad=True),), {}),
    ("sum", (t(grad=True), 1), {"keepdim": True}),
    ("sum", (t("bool"),), {"dim": 0}),
    ("amax", (t(grad=True),), {"dim": (0, 1)}),
    ("max", (t(grad=True), 1), {}),
    ("clamp", (t(grad=True),), {"max": 0.5}),
    ("where", (wrap(NUMBERS > 0.5), t(grad=True), 0.0), {}),
    ("lerp", (t(grad=True), t(), t(grad=True)), {}),
]


def described(result: Any) -> Any:
    """Return all that can be told of a result: values, types, history and what it saved."""
    if isinstance(result, tuple):
        return [type(result).__name__, *map(described, result)]
    node = result._node
    history: Any = None
    if node is not None:
        saved = [s.tolist() if hasattr(s, "tolist") else s for s in node.saved]
        edges = [e for e in node.edges if e is not None]
        history = (node.name(), edges, node.shapes if len(edges) == 1 else None, saved)
        history += (list(node.checks[1::2]),)
    return result._a.dtype, result._a.shape, result._a.tolist(), history


def name_of(call: tuple[str, tuple[Any, ...], dict[str, Any]]) -> str:
    name, args, kw = call
    kinds = [str(a._a.dtype) if isinstance(a, Tensor) else str(a) for a in args]
    return f"{name}({', '.join([*kinds, *kw])})"


@pytest.mark.parametrize("call", CALLS, ids=name_of)
@pytest.mark.parametrize("record", [True, False], ids=["recording", "no_grad"])
def test_the_short_way_gives_what_the_general_way_gives(call: Any, record: bool) -> None:
    name, args, kw = call
    op = REGISTRY[name]
    if record:
        assert described(op.call(*args, **kw))[:3] == described(general(op, args, dict(kw)))[:3]
        assert described(op.call(*args, **kw)) == described(general(op, args, dict(kw)))
        return
    with no_grad():
        assert described(op.call(*args, **kw)) == described(general(op, args, dict(kw)))


@pytest.mark.parametrize(
    ("name", "args", "kw"),
    [
        ("exp", (), {}),
        ("exp", (t(), t(), t()), {}),
        ("exp", (1.5,), {}),
        ("sum", (t(),), {"dims": 1}),
        ("sum", (t(), 1), {"dim": 1}),
        ("add", (t(),), {}),
        ("add", (t(), "text"), {}),
        ("maximum", (t(), 2.0), {}),
        ("eq", (2.0, t()), {}),
        ("where", (t() > 0, t(), "text"), {}),
    ],
)
def test_arguments_that_do_not_fit_are_type_errors(name: str, args: Any, kw: Any) -> None:
    with pytest.raises((TypeError, RuntimeError)):
        REGISTRY[name].call(*args, **kw)


def test_a_rule_for_one_of_two_operands_is_recorded() -> None:
    from dtrain.tensor.op import BINARY, op

    @op(BINARY, name="test_one_rule", input=lambda F, g, other: g * other)
    def test_one_rule(xp: Any, input: Array, other: Array) -> Array:
        return input * other

    del REGISTRY["test_one_rule"]
    x, y = wrap(np.ones(2, np.float32)).requires_grad_(), wrap(np.full(2, 3, np.float32))
    test_one_rule(x, y).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3.0, 3.0]


def test_the_ways_for_views_and_sequences_step_aside() -> None:
    from dtrain.tensor.sequence_call import can_join
    from dtrain.tensor.view_call import can_view

    assert can_view(REGISTRY["reshape"])
    assert not can_view(REGISTRY["matmul"]) or REGISTRY["matmul"].kind.view
    assert can_join(REGISTRY["cat"])

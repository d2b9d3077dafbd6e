"""Methods: every operator is there, and written down."""

from __future__ import annotations

import ast
from pathlib import Path

import dtrain as torch
from dtrain.tensor import methods
from dtrain.tensor.methods import Methods
from dtrain.tensor.op import REGISTRY


def test_every_operator_with_a_method_has_one() -> None:
    for name, record in REGISTRY.items():
        if record.kind.method:
            assert getattr(Methods, name).op is record
        if record.kind.method and record.inplace:
            assert getattr(Methods, f"{name}_").op is record


def test_python_operators() -> None:
    a, b = torch.tensor([7.0, 5.0]), torch.tensor([2.0, 4.0])
    for text in ("+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", ">=", "==", "!="):
        made = eval(f"a {text} b", {"a": a, "b": b})
        assert made.tolist() == eval(f"a {text} b", {"a": a.numpy(), "b": b.numpy()}).tolist()
        eval(f"2.0 {text} b", {"b": b})


def test_the_stub_is_a_class_of_signatures() -> None:
    stub = Path(methods.__file__).with_suffix(".pyi")
    (cls,) = [n for n in ast.parse(stub.read_text()).body if isinstance(n, ast.ClassDef)]
    assert cls.name == "Methods"
    assert {"add", "sum", "view"} <= {n.name for n in cls.body if isinstance(n, ast.FunctionDef)}

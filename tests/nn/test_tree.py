"""Registration, attributes and walks."""

# ruff: noqa: E501 (programs in strings)

from __future__ import annotations

import pytest

import dtrain
from tests.twin import same

NET = """
nn = torch.nn
torch.manual_seed(0)
m = nn.Module()
m.one = nn.Linear(1, 2)
m.two = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))
m.again = m.one
m.p = nn.Parameter(torch.ones(1))
m.register_parameter("no", None)
m.register_buffer("b", torch.zeros(1))
m.register_buffer("c", torch.zeros(2), persistent=False)
m.register_buffer("nob", None)
m.add_module("nom", None)
m.plain = 3
"""

WALKS = [
    "[n for n, _ in m.named_modules()]",
    "[n for n, _ in m.named_modules(prefix='x', remove_duplicate=False)]",
    "[type(c).__name__ for c in m.modules()]",
    "[type(c).__name__ for c in m.modules(remove_duplicate=False)]",
    "[n for n, _ in m.named_children()]",
    "len(list(m.children()))",
    "[n for n, _ in m.named_parameters()]",
    "[n for n, _ in m.named_parameters('root', remove_duplicate=False)]",
    "[n for n, _ in m.named_parameters(recurse=False)]",
    "len(list(m.parameters()))",
    "[n for n, _ in m.named_buffers()]",
    "[n for n, _ in m.named_buffers(prefix='x', recurse=False)]",
    "len(list(m.buffers()))",
    "list(m.state_dict())",
    "m.no, m.nob, m.nom, m.plain",
    "[n in dir(m) for n in ('p', 'b', 'one', 'plain', 'no', 'forward', '0')]",
    "'0' in dir(m.two), 'weight' in dir(m.one)",
    "sorted(m._modules), sorted(m._parameters), sorted(m._buffers)",
]

CHANGES = [
    "m.p = nn.Parameter(torch.zeros(3)); m.p",
    "m.p = None; m.p, list(m.state_dict())",
    "m.b = torch.ones(4); m.b, 'b' in m._buffers",
    "m.c = torch.ones(4); 'c' in m.state_dict()",
    "m.b = None; m.b, list(m.state_dict())",
    "m.b = nn.Parameter(torch.ones(1)); 'b' in m._parameters, 'b' in m._buffers",
    "m.one = None; m.one, len(list(m.children()))",
    "m.plain = nn.ReLU(); 'plain' in m._modules, 'plain' in m.__dict__",
    "setattr(m, 'p', torch.ones(1))",
    "m.x = nn.Buffer(torch.ones(2), persistent=False); 'x' in m._buffers, 'x' in m.state_dict()",
    "del m.p; hasattr(m, 'p')",
    "del m.c; m.c = torch.ones(1); 'c' in m._buffers",
    "del m.one; list(m.state_dict())",
    "del m.plain; hasattr(m, 'plain')",
    "m.nowhere",
    "m.register_parameter('p', nn.Parameter(torch.zeros(2))); m.p",
    "m.register_module('one', nn.ReLU()); repr(m.one)",
]

REFUSALS = [
    ("m.register_parameter('a.b', None)", 'contain "."'),
    ("m.register_parameter('', None)", 'be empty string ""'),
    ("m.register_parameter('plain', None)", "attribute 'plain' already exists"),
    ("m.register_parameter(3, None)", "parameter name should be a string. Got int"),
    ("m.register_parameter('q', torch.ones(1))", "object to parameter 'q' (torch.nn.Parameter or"),
    ("m.register_parameter('q', 3)", "cannot assign 'int' object to parameter 'q'"),
    ("m.register_buffer('a.b', None)", 'contain "."'),
    ("m.register_buffer('q', 3)", "cannot assign 'int' object to buffer 'q' (torch Tensor or None"),
    ("m.register_buffer('plain', None)", "attribute 'plain' already exists"),
    ("m.add_module('a.b', None)", 'contain ".", got: a.b'),
    ("m.add_module('q', 3)", "int is not a Module subclass"),
    ("m.add_module(3, nn.ReLU())", "module name should be a string. Got int"),
    ("m.add_module('plain', nn.ReLU())", "attribute 'plain' already exists"),
    ("m.get_submodule('two.5')", "Sequential has no attribute `5`"),
    ("m.get_submodule('p')", "`p` is not an nn.Module"),
    ("m.get_parameter('b')", "`b` is not an nn.Parameter"),
    ("m.get_parameter('one.q')", "Linear has no attribute `q`"),
    ("m.get_buffer('p')", "`p` is not a buffer"),
    ("m.set_submodule('', nn.ReLU())", "Cannot set the submodule without a target name!"),
    ("m.set_submodule('two.7', nn.ReLU(), strict=True)", "Sequential has no attribute `7`"),
    ("m.set_submodule('p', nn.ReLU())", "`p` is not an nn.Module"),
    ("setattr(m, 'p', 1)", "cannot assign 'int' as parameter 'p' (torch.nn.Parameter or None expected)"),
    ("setattr(m, 'one', 1)", "cannot assign 'int' as child module 'one' (torch.nn.Module or None expected)"),
    ("setattr(m, 'b', 1)", "cannot assign 'int' as buffer 'b' (torch.nn.Buffer, torch.Tensor or None"),
    ("m.nowhere", "'Module' object has no attribute 'nowhere'"),
]  # fmt: skip

EARLY = [
    ("self.w = torch.nn.Parameter(torch.ones(1))", "cannot assign parameters before Module.__init__"),
    ("self.m = torch.nn.ReLU()", "cannot assign module before Module.__init__() call"),
    ("self.register_buffer('b', None)", "cannot assign buffer before Module.__init__() call"),
    ("self.register_parameter('p', None)", "cannot assign parameter before Module.__init__() call"),
]  # fmt: skip


def run(source: str, words: str = "") -> None:
    same(NET + source.replace("; ", "\n"), words)


@pytest.mark.torch
@pytest.mark.parametrize("source", WALKS)
def test_walks(source):
    run(source)


@pytest.mark.torch
@pytest.mark.parametrize("source", CHANGES)
def test_changes(source):
    run(source)


@pytest.mark.torch
@pytest.mark.parametrize(("source", "words"), REFUSALS)
def test_refusals(source, words):
    run(source, words)


@pytest.mark.torch
@pytest.mark.parametrize(("statement", "words"), EARLY)
def test_nothing_is_registered_before_init(statement, words):
    same(
        f"class Early(torch.nn.Module):\n    def __init__(self):\n        {statement}\nEarly()",
        words,
    )


@pytest.mark.torch
@pytest.mark.parametrize(
    "source",
    [
        "m.get_submodule('') is m, m.get_submodule('two.0') is m.two[0]",
        "m.get_parameter('two.0.weight') is m.two[0].weight",
        "m.get_buffer('two.1.running_mean') is m.two[1].running_mean",
        "m.set_submodule('two.0', nn.ReLU()); repr(m.two)",
        "m.set_submodule('fresh', nn.ReLU()); repr(m.fresh)",
    ],
)
def test_paths(source):
    run(source)


def test_a_computed_tensor_is_no_parameter():
    torch = dtrain
    p = torch.nn.Parameter(torch.ones(1))
    m = torch.nn.Module()
    made = p * 2
    made.__class__ = torch.nn.Parameter
    with pytest.raises(ValueError, match="Cannot assign non-leaf Tensor to parameter 'w'"):
        m.register_parameter("w", made)


def test_buffers_of_a_subclass_with_an_old_signature():
    class Old(dtrain.nn.Module):
        def register_buffer(self, name, tensor):
            super().register_buffer(name, tensor)

    m = Old()
    m.b = dtrain.nn.Buffer(dtrain.ones(1))
    assert list(m.state_dict()) == ["b"]
    with pytest.raises(RuntimeError, match="without the persistent argument"):
        m.c = dtrain.nn.Buffer(dtrain.ones(1), persistent=False)

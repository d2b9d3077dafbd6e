"""Modules: calls, modes, printing, copies."""

# ruff: noqa: E501 (programs in strings)

from __future__ import annotations

import copy
import pickle

import pytest

import dtrain
from tests.twin import same

NET = """
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
        self.head = torch.nn.Linear(3, 1, bias=False)
        self.register_buffer("scale", torch.ones(1))
    def forward(self, x, shift=0.0):
        return self.head(self.body(x)) * self.scale + shift
torch.manual_seed(0)
net = Net()
x = torch.arange(4.0).reshape(2, 2)
"""


class Pair(dtrain.nn.Module):
    """A module at the top of a file, which pickle can find."""

    def __init__(self):
        super().__init__()
        self.a = dtrain.nn.Linear(2, 2)
        self.b = self.a
        self.register_buffer("seen", dtrain.zeros(1), persistent=False)
        self.plain = {"k": 1}

    def forward(self, x):
        return self.a(x)


@pytest.mark.torch
@pytest.mark.parametrize(
    "source",
    [
        "net(x)",
        "net(x, shift=2.0)",
        "net(x=x)",
        "repr(net)",
        "str(torch.nn.Module())",
        "net.eval() is net, [m.training for m in net.modules()]",
        "net.eval().train() is net, [m.training for m in net.modules()]",
        "net.requires_grad_(False) is net, [p.requires_grad for p in net.parameters()]",
        "net(x).sum().backward(); net.zero_grad(); [p.grad for p in net.parameters()]",
        "net(x).sum().backward(); net.zero_grad(set_to_none=False); [p.grad for p in net.parameters()]",
        "seen = []; net.apply(lambda m: seen.append(type(m).__name__)) is net, seen",
        "torch.nn.Linear(1, 1).extra_repr()",
        "net.forward(x)",
    ],
)
def test_as_in_torch(source):
    same(NET + source.replace("; ", "\n"))


@pytest.mark.torch
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("torch.nn.Module()(1)", 'is missing the required "forward" function'),
        ("torch.nn.Module(3)", "takes 1 positional argument but 2 were given"),
        ("torch.nn.Module(k=3)", "got an unexpected keyword argument 'k'"),
        ("net.train('yes')", "training mode is expected to be boolean"),
    ],
)
def test_refusals(source, words):
    same(NET + source, words)


@pytest.mark.torch
def test_a_representation_of_several_lines():
    same(
        "class Two(torch.nn.Module):\n"
        "    def extra_repr(self):\n        return 'a=1\\nb=2'\n"
        "m = Two(); m.add_module('inner', Two()); m.add_module('none', None)\n"
        "repr(m)"
    )


@pytest.mark.torch
def test_call_super_init():
    same(
        "class Other:\n    def __init__(self, n):\n        self.n = n\n"
        "class Both(torch.nn.Module, Other):\n    call_super_init = True\n"
        "Both(n=4).n"
    )


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_keep_what_is_shared(twin):
    m = Pair()
    m.eval().register_forward_hook(shout)
    other = twin(m)
    assert other.a is other.b
    assert other.training is False
    assert [n for n, _ in other.named_parameters()] == ["a.weight", "a.bias"]
    assert list(other.state_dict()) == list(m.state_dict())
    with dtrain.no_grad():
        m.a.weight.zero_()
    assert float(other.a.weight.abs().sum()) > 0
    assert dtrain.equal(other(dtrain.ones(2)), dtrain.zeros(1) + 7)


def shout(module, args, output):
    return dtrain.zeros(1) + 7


def test_a_state_of_an_older_version_gets_what_is_new():
    m = Pair()
    state = dict(m.__dict__)
    del state["_forward_hooks_always_called"], state["_non_persistent_buffers_set"]
    new = Pair.__new__(Pair)
    new.__setstate__(state)
    new(dtrain.ones(2))
    assert "seen" in new.state_dict()


def test_replicas_do_not_clear_gradients():
    m = Pair()
    m._is_replica = True
    with pytest.warns(UserWarning, match="has no effect"):
        m.zero_grad()

"""Parametrizations."""

from __future__ import annotations

import pytest

from tests.twin import same

pytestmark = pytest.mark.torch

SETUP = """
nn = torch.nn; P = nn.utils.parametrize; torch.manual_seed(0)
class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).transpose(-1, -2)
    def right_inverse(self, x):
        return x.triu()
class Double(nn.Module):
    def forward(self, x):
        return 2 * x
class Split(nn.Module):
    def forward(self, a, b):
        return a + b
    def right_inverse(self, x):
        return x / 2, x - x / 2
class Wide(nn.Module):
    def forward(self, x):
        return torch.cat([x, x])
class Whole(nn.Module):
    def forward(self, x):
        return x.long()
layer = nn.Linear(3, 3)
register = P.register_parametrization
"""


@pytest.mark.parametrize(
    ("steps", "result"),
    [
        (["register(layer, 'weight', Symmetric())"], "layer(torch.ones(2, 3))"),
        (
            [f"register(layer, {p})" for p in ("'weight', Symmetric()", "'weight', Double()",
                                               "'bias', Double()")],
            "layer.weight, layer.bias",
        ),
        (
            ["register(layer, 'weight', Symmetric())", "layer.weight = torch.ones(3, 3)"],
            "layer.weight, layer.parametrizations.weight.original",
        ),
        (["register(layer, 'weight', Split())"], "layer.weight"),
        (
            ["register(layer, 'weight', Split())", "layer.weight = torch.ones(3, 3)"],
            "layer.weight, layer.parametrizations.weight.original1",
        ),
        (["register(layer, 'weight', Split())", "P.remove_parametrizations(layer, 'weight')"],
         "layer.weight"),
        (["register(layer, 'weight', Double())", "P.remove_parametrizations(layer, 'weight')"],
         "layer.weight, type(layer) is nn.Linear"),
        (["register(layer, 'weight', Double())",
          "P.remove_parametrizations(layer, 'weight', leave_parametrized=False)"], "layer.weight"),
        (["register(layer, 'weight', Double())"],
         "P.is_parametrized(layer), type(layer).__name__"),
        (["register(layer, 'weight', Double())"],
         "P.is_parametrized(layer, 'bias'), P.type_before_parametrizations(layer) is nn.Linear"),
        (["first, layer = layer, nn.Linear(3, 3)", "register(first, 'weight', Double())",
          "P.transfer_parametrizations_and_params(first, layer)"], "layer.weight"),
        (["import copy", "register(layer, 'weight', Double())", "layer = copy.deepcopy(layer)"],
         "layer.weight"),
        (["register(layer, 'weight', Wide(), unsafe=True)"], "layer.weight"),
        (["layer.register_buffer('b', torch.ones(2))", "register(layer, 'b', Double())"],
         "layer.b, layer(torch.ones(1, 3))"),
    ],
)  # fmt: skip
def test_parametrized_layer(steps, result):
    lines = "\n".join(steps)
    same(f"{SETUP}{lines}\n({result}, repr(layer), [*layer.state_dict()])")


def test_gradients_reach_the_original():
    same(
        f"{SETUP}register(layer, 'weight', Symmetric()); layer(torch.ones(2, 3)).sum().backward()\n"
        "layer.parametrizations.weight.original.grad"
    )


def test_cached_values_are_computed_once():
    same(
        f"{SETUP}register(layer, 'weight', Double())\n"
        "with P.cached():\n    inside = layer.weight is layer.weight\n"
        "(inside, layer.weight is layer.weight)"
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("register(layer, 'none', Double())", "does not have a parameter, a buffer, or a"),
        ("register(layer, 'weight', Wide())", "may not change the shape of the tensor"),
        ("register(layer, 'weight', Whole())", "may not change the dtype of the tensor"),
        ("P.remove_parametrizations(layer, 'weight')", "does not have a parametrization on weight"),
        ("P.ParametrizationList([], layer.weight)", "requires one or more modules"),
        (
            "register(layer, 'weight', Double()); layer.weight = torch.ones(3, 3)",
            "parametrization Double does not implement right_inverse",
        ),
        (
            "register(layer, 'weight', Double()); register(layer, 'weight', Wide())",
            "may not change the shape of the tensor",
        ),
        (
            "register(layer, 'weight', Split()); P.remove_parametrizations(layer, 'weight', False)",
            "Cannot leave unparametrized",
        ),
        (
            "import pickle; register(layer, 'weight', Double()); pickle.dumps(layer)",
            "Serialization of parametrized modules is only supported through state_dict",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    *steps, last = call.split("; ")
    lines = "\n".join(steps)
    same(f"{SETUP}{lines}\nexec({last!r})", words)

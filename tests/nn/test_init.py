"""Initial values."""

from __future__ import annotations

import pytest

from tests.twin import same

pytestmark = pytest.mark.torch

DRAW = "torch.manual_seed({seed}); w = torch.empty{shape}; i = torch.nn.init; {call}; w"


@pytest.mark.parametrize("shape", ["(3, 5)", "(6, 4, 3, 3)", "(40, 30)"])
@pytest.mark.parametrize(
    "call",
    [
        "i.uniform_(w, -2, 3)",
        "i.normal_(w, 1.0, 0.5)",
        "i.trunc_normal_(w, std=0.02)",
        "i.trunc_normal_(w, mean=0.5, std=2.0, a=0.0, b=1.0)",
        "i.xavier_uniform_(w, gain=2.0)",
        "i.xavier_normal_(w)",
        "i.kaiming_uniform_(w, a=1.0)",
        "i.kaiming_uniform_(w, mode='fan_out', nonlinearity='relu')",
        "i.kaiming_normal_(w, mode='fan_out', nonlinearity='tanh')",
        "i.constant_(w, 2.5)",
        "i.ones_(w)",
        "i.zeros_(w)",
    ],
)
def test_same_numbers_from_the_same_seed(call, shape):
    same(DRAW.format(seed=3, shape=shape, call=call))


@pytest.mark.parametrize("shape", ["(4, 4)", "(3, 6)", "(6, 3)", "(4, 2, 3)"])
def test_orthogonal(shape):
    same(
        DRAW.format(seed=0, shape=shape, call="i.orthogonal_(w, gain=2.0)")
        + ".double().reshape(-1).tolist()",
        tolerance=1e-4,
    )


@pytest.mark.parametrize(
    ("shape", "call"),
    [
        ("(3, 5)", "i.eye_(w)"),
        ("(4, 2, 3)", "i.dirac_(w)"),
        ("(4, 2, 3, 5)", "i.dirac_(w, 2)"),
        ("(2, 3, 2, 2, 2)", "i.dirac_(w)"),
        ("(10, 4)", "i.sparse_(w, 0.25)"),
    ],
)
def test_matrices(shape, call):
    same(DRAW.format(seed=0, shape=shape, call=call))


def test_a_generator_of_ones_own():
    same(
        "g = torch.Generator().manual_seed(7); torch.nn.init.normal_(torch.empty(20), generator=g)"
    )


@pytest.mark.parametrize(
    "arguments",
    ["'linear'", "'conv3d'", "'sigmoid'", "'tanh'", "'relu'", "'selu'", "'leaky_relu'",
     "'leaky_relu', 0.3"],
)  # fmt: skip
def test_gain(arguments):
    same(f"float(torch.nn.init.calculate_gain({arguments}))")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("calculate_gain('step')", "Unsupported nonlinearity step"),
        ("calculate_gain('leaky_relu', True)", "negative_slope True not a valid number"),
        ("xavier_uniform_(torch.ones(2))", "Fan in and fan out can not be computed for tensor"),
        ("kaiming_normal_(torch.ones(2, 2), mode='in')", "Mode in not supported, please use one"),
        ("eye_(torch.ones(2))", "Only tensors with 2 dimensions are supported"),
        ("dirac_(torch.ones(2, 2))", "Only tensors with 3, 4, or 5 dimensions are supported"),
        ("dirac_(torch.ones(3, 2, 1), 2)", "dim 0 must be divisible by groups"),
        ("orthogonal_(torch.ones(2))", "Only tensors with 2 or more dimensions are supported"),
        ("sparse_(torch.ones(2), 0.1)", "Only tensors with 2 dimensions are supported"),
    ],
)
def test_refusals(call, words):
    same(f"torch.nn.init.{call}", words)


def test_warnings():
    same("torch.nn.init.kaiming_uniform_(torch.empty(0, 3))")
    same("torch.manual_seed(0); torch.nn.init.trunc_normal_(torch.empty(3), 9.0, 1.0, 5.0, 6.5)")


def test_old_spellings_work_and_warn():
    import dtrain as torch

    for name in ("uniform", "normal", "xavier_uniform", "kaiming_normal", "orthogonal", "eye"):
        w = torch.empty(3, 3)
        with pytest.warns(FutureWarning, match=f"`nn.init.{name}` is now deprecated in favor of"):
            assert getattr(torch.nn.init, name)(w) is w


def test_parameters_are_filled_without_history():
    same(
        "p = torch.nn.Parameter(torch.ones(3, 3)); q = torch.nn.init.eye_(p);"
        "[q is p, p.is_leaf, p.requires_grad, p.tolist()]"
    )

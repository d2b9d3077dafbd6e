"""Derivatives of functions, each call made by torch as well."""

from __future__ import annotations

import pytest

import dtrain
from dtrain.errors import OpValueError
from tests.twin import same

HEAD = """
from_ = lambda *s: torch.linspace(0.1, 0.9, s[0] * s[-1], dtype=torch.float64).reshape(s)
x, w, s = from_(2, 3), from_(3, 3) + 1, from_(1, 1).reshape(())
one = lambda x: (x.exp() * x).sum(1)
two = lambda x, w: ((x @ w).tanh(), (x * x).sum())
scalar = lambda x: (x ** 3).sum() * x.sin().sum()
both = lambda x, w: ((x @ w) ** 2).sum() + w.exp().sum()
F = torch.autograd.functional
flat = lambda r: [flat(t) for t in r] if isinstance(r, tuple) else (r.shape, r.dtype, r.tolist())
"""
NEAR = 1e-12


@pytest.mark.torch
@pytest.mark.parametrize(
    "call",
    [
        "F.jacobian(one, x)",
        "F.jacobian(two, (x, w))",
        "F.jacobian(one, (x,))",
        "F.jacobian(two, (x, w), vectorize=True)",
        "F.jacobian(lambda x, w: x * 2, (x, w))",
        "F.jacobian(lambda x: torch.ones(2), x)",
        "F.jacobian(lambda s: s * s, s)",
        "F.jacobian(one, x, strict=True, vectorize=True)",
        "F.jacobian(one, [x])",
        "F.hessian(scalar, x)",
        "F.hessian(both, (x, w))",
        "F.hessian(lambda x: x.sum(), x)",
        "F.hessian(one, x)",
        "F.hessian(lambda x: (x.sum(),), x)",
        "F.vjp(one, x, torch.ones(2, dtype=torch.float64))",
        "F.vjp(two, (x, w), (x @ w, s))",
        "F.vjp(scalar, x)",
        "F.vjp(one, x)",
        "F.vjp(one, x, torch.ones(3, dtype=torch.float64))",
        "F.vjp(two, (x, w), (x,))",
        "F.jvp(one, x, x + 1)",
        "F.jvp(two, (x, w), (x + 1, w * 2))",
        "F.jvp(lambda s: s.exp(), s)",
        "F.jvp(one, x)",
        "F.jvp(lambda x, w: x * 1, (x, w), (x, w))",
        "F.vhp(scalar, x, x + 1)",
        "F.vhp(both, (x, w), (x + 1, w * 2))",
        "F.vhp(lambda x: x.sum(), x, x)",
        "F.vhp(one, x, x)",
        "F.hvp(scalar, x, x + 1)",
        "F.hvp(both, (x, w), (x + 1, w * 2))",
        "F.hvp(lambda x, w: (x * x).sum(), (x, w), (x, w))",
    ],
)
def test_as_torch(call: str) -> None:
    same(f"{HEAD}flat({call})", tolerance=NEAR)


@pytest.mark.torch
@pytest.mark.parametrize(
    "call",
    [
        "F.jacobian(one, x, create_graph=True)",
        "F.hessian(scalar, x, create_graph=True)",
        "F.vjp(scalar, x, create_graph=True)[1]",
        "F.jvp(one, x, v, create_graph=True)[1]",
        "F.vhp(scalar, x, v, create_graph=True)[1]",
        "F.hvp(scalar, x, v, create_graph=True)[1]",
    ],
)
def test_results_have_history_under_create_graph(call: str) -> None:
    same(
        f"{HEAD}\nx.requires_grad_(); v = (x.detach() + 1).requires_grad_()\n"
        f"({call} ** 2).sum().backward()\n"
        "x.grad, v.grad",
        tolerance=NEAR,
    )


@pytest.mark.torch
@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("F.vjp(lambda x, w: x.sum(), (x, w), strict=True)", "independent of input 1"),
        ("F.jacobian(lambda x, w: x * 1, (x, w), strict=True)", "independent of input 1"),
        ("F.jacobian(lambda x: torch.ones(2), x, strict=True)", "does not require gradients"),
        ("F.jacobian(lambda x: x * 2, x.requires_grad_(), True, True)", "independent of input 0"),
        ("F.hvp(lambda x: x.sum(), x, x, strict=True)", "with respect to input 0"),
        ("F.hessian(lambda x, w: (x * x).sum() + w.sum(), (x, w), strict=True)", ""),
    ],
)
def test_strict_refuses_what_does_not_depend(call: str, words: str) -> None:
    same(HEAD + call, words)


def test_unknown_strategy_is_refused() -> None:
    with pytest.raises(OpValueError, match="Expected strategy"):
        dtrain.autograd.functional.jacobian(dtrain.exp, dtrain.ones(2), strategy="sideways")

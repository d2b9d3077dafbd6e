"""Every optimizer that divides by something, against torch, step by step."""

from __future__ import annotations

import pytest

import dtrain
from dtrain.optim import adadelta, adagrad, adamax, asgd, nadam, radam, rmsprop, rprop
from tests.optim.race import race
from tests.twin import same

pytestmark = pytest.mark.torch

MODULES = [adadelta, adagrad, adamax, asgd, nadam, radam, rmsprop, rprop]
KINDS = [name for module in MODULES for name in module.__all__]

OPTIONS = {
    "Adadelta": [{"rho": 0.5, "eps": 1e-3}, {"rho": 1.0}],
    "Adagrad": [{"lr_decay": 0.1, "initial_accumulator_value": 0.5}, {"eps": 0.1}],
    "Adamax": [{"betas": (0.5, 0.9), "eps": 1e-3}],
    "ASGD": [{"t0": 3, "lambd": 0.1, "alpha": 0.5}],
    "NAdam": [{"momentum_decay": 0.1}, {"weight_decay": 0.1, "decoupled_weight_decay": True}],
    "RAdam": [{"betas": (0.8, 0.9)}, {"weight_decay": 0.1, "decoupled_weight_decay": True}],
    "RMSprop": [{"momentum": 0.9}, {"centered": True}, {"centered": True, "momentum": 0.5}],
    "Rprop": [{"etas": (0.3, 1.5), "step_sizes": (1e-3, 0.05)}],
}
SHARED = [{}, {"lr": 0.1, "maximize": True}, {"lr": 0.1, "foreach": True}]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_steps(kind, dtype):
    for options in [*SHARED, *({"lr": 0.1, **more} for more in OPTIONS[kind])]:
        if dtype == "float32" and kind == "RMSprop" and len(options) > 1:
            continue  # sums of numbers that nearly cancel each other: few digits are left
        if dtype == "float64" and kind == "ASGD" and options.get("foreach"):
            continue  # torch rounds the rate to float32 there, and nowhere else
        race(kind, options, dtype)
        if kind != "Rprop":
            race(kind, {"weight_decay": 0.05, **options}, dtype)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "complex64"])
@pytest.mark.parametrize("kind", KINDS)
def test_other_types(kind, dtype):
    race(kind, {"lr": 0.0625, **({} if kind in {"ASGD", "Rprop"} else {"eps": 1e-2})}, dtype)


@pytest.mark.parametrize("kind", KINDS)
def test_defaults(kind):
    same(f"torch.optim.{kind}([torch.nn.Parameter(torch.ones(1))]).defaults")


@pytest.mark.parametrize("kind", KINDS)
def test_capturable_needs_a_device(kind):
    if kind == "Adagrad":
        pytest.skip("has no such option")
    same(
        "p = torch.nn.Parameter(torch.ones(2)); p.grad = torch.ones(2)\n"
        f"torch.optim.{kind}([p], capturable=True).step()",
        "If capturable=True, params",
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        ("Adadelta([p], rho=1.5)", "Invalid rho value: 1.5"),
        ("Adadelta([p], eps=-1)", "Invalid epsilon value: -1"),
        ("Adagrad([p], lr_decay=-1)", "Invalid lr_decay value: -1"),
        ("Adagrad([p], initial_accumulator_value=-1)", "Invalid initial_accumulator_value value"),
        ("Adagrad([p], fused=True, foreach=True)", "cannot be `True` together"),
        ("Adamax([p], betas=(0.0, 1.0))", "Invalid beta parameter at index 1: 1.0"),
        ("ASGD([p], weight_decay=-1)", "Invalid weight_decay value: -1"),
        ("NAdam([p], momentum_decay=-0.2)", "Invalid momentum_decay value: -0.2"),
        ("RAdam([p], eps=-1)", "Invalid epsilon value: -1"),
        ("RMSprop([p], momentum=-1.0)", "Invalid momentum value: -1.0"),
        ("RMSprop([p], alpha=-1.0)", "Invalid alpha value: -1.0"),
        ("Rprop([p], etas=(1.0, 0.5))", "Invalid eta values: 1.0, 0.5"),
    ],
)
def test_refusals(make, words):
    same(f"p = torch.nn.Parameter(torch.ones(1)); torch.optim.{make}", words)


@pytest.mark.parametrize("kind", [*KINDS, "Adam", "AdamW", "SGD", "Adafactor", "Muon"])
@pytest.mark.parametrize("first", ["torch", "dtrain"])
def test_states_go_both_ways(kind, first):
    """A run that goes on in the other library ends where one library alone ends."""
    torch = pytest.importorskip("torch")
    options = {"momentum": 0.9} if kind == "SGD" else {}

    def go(lib, values, state=None):
        p = lib.nn.Parameter(lib.tensor(values))
        o = getattr(lib.optim, kind)([p], lr=0.1, **options)
        if state is not None:
            o.load_state_dict(translated(state, lib))
        for _ in range(3):
            o.zero_grad()
            ((p * lib.arange(6.0).reshape(2, 3) - 1) ** 2).sum().backward()
            o.step()
        return p.detach().tolist(), o.state_dict()

    def translated(x, lib):
        if isinstance(x, dict):
            return {k: translated(v, lib) for k, v in x.items()}
        if isinstance(x, (list, tuple)):
            return type(x)(translated(v, lib) for v in x)
        is_tensor = hasattr(x, "requires_grad")
        return lib.tensor(x.tolist(), dtype=getattr(lib, str(x.dtype)[6:])) if is_tensor else x

    start = [[1.0, 2.0, -3.0], [0.5, -0.5, 4.0]]
    a, b = (torch, dtrain) if first == "torch" else (dtrain, torch)
    middle, state = go(a, start)
    end, mixed = go(b, middle, state)
    expected, plain = go(torch, *go(torch, start))
    assert str(translated(mixed["param_groups"], torch)) == str(plain["param_groups"])
    limit = 2e-2 if kind == "Muon" else 1e-5
    for row, right in zip(end, expected, strict=True):
        assert row == pytest.approx(right, rel=limit, abs=limit)

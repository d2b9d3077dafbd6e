"""Steps that a gradient leads through: against finite differences, and against torch."""

from __future__ import annotations

import pytest

import dtrain
from dtrain.optim import differentiable
from tests.twin import same

OPTIONS = {
    "SGD": [{}, {"momentum": 0.9, "nesterov": True, "dampening": 0.0}],
    "Adam": [{}, {"amsgrad": True, "maximize": True}],
    "AdamW": [{}],
    "Adadelta": [{"eps": 0.1}],
    "Adagrad": [{}],
    "Adamax": [{"eps": 0.1}],
    "ASGD": [{"t0": 2}],
    "NAdam": [{"eps": 0.1}],
    "RAdam": [{"betas": (0.5, 0.6)}],
    "RMSprop": [{"momentum": 0.9, "centered": True}],
}


def run(kind, options, values, grads):
    """Return parameters after three steps."""
    p = values.clone()
    p.retain_grad()
    o = getattr(dtrain.optim, kind)([p], differentiable=True, lr=0.1, **options)
    for i in range(3):
        p.grad = grads * (0.5 + i)
        o.step()
    return p


@pytest.mark.parametrize(
    ("kind", "options"), [(kind, o) for kind, several in OPTIONS.items() for o in several]
)
def test_gradients(kind, options):
    options = {"weight_decay": 0.1, **options}
    x = dtrain.tensor([0.5, 2.0, -1.0], dtype=dtrain.float64, requires_grad=True)
    g = dtrain.tensor([1.5, -0.5, 0.25], dtype=dtrain.float64, requires_grad=True)
    run(kind, options, x, g).pow(2).sum().backward()
    delta = 1e-6
    for t in (x, g):
        for i in range(3):
            ends = []
            for sign in (1, -1):
                moved = [v.detach().clone().requires_grad_() for v in (x, g)]
                with dtrain.no_grad():
                    moved[0 if t is x else 1][i] += sign * delta
                ends.append(run(kind, options, *moved).pow(2).sum().item())
            assert t.grad[i].item() == pytest.approx(
                (ends[0] - ends[1]) / (2 * delta), rel=1e-4, abs=1e-6
            )


@pytest.mark.torch
@pytest.mark.parametrize("kind", [*OPTIONS, "Rprop"])
def test_steps_are_the_same_as_without(kind):
    program = (
        "p = torch.tensor([0.5, 2.0], dtype=torch.float64) * 1\n"
        f"o = torch.optim.{kind}([p], lr=0.1, differentiable=True)\n"
        "for i in range(3):\n"
        "    p.grad = torch.tensor([1.5, -0.5], dtype=torch.float64) * (i - 1.5)\n"
        "    o.step()\n"
        "[p.tolist(), sorted(o.state_dict()['state'].get(0, []))]"
    )
    same(program, tolerance=1e-4)


def test_a_gradient_for_the_rate():
    x, lr = dtrain.tensor([1.0, 2.0]), dtrain.tensor(0.5, requires_grad=True)
    p = x.clone()
    o = dtrain.optim.SGD([p], lr=lr, differentiable=True, momentum=0.5)
    for _ in range(2):
        p.grad = dtrain.ones(2)
        o.step()
    p.sum().backward()
    assert lr.grad.item() == -5.0  # two elements, each moved by 1 and 1.5 times the rate


@pytest.mark.torch
def test_a_leaf_cannot_be_written():
    same(
        "p = torch.ones(2, requires_grad=True); p.grad = torch.ones(2)\n"
        "torch.optim.SGD([p], differentiable=True).step()",
        "a leaf Variable that requires grad",
    )


def test_a_name_stands_for_another_tensor_after_a_change_in_place():
    t = dtrain.ones(2)
    name = differentiable.Traced(t)
    also = name
    name *= 3
    name[...] = 1 - name / 2
    assert also.t.tolist() == [-0.5, -0.5]
    assert t.tolist() == [1.0, 1.0]

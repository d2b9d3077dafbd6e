"""Averages of weights against torch."""

from __future__ import annotations

import pytest

from tests.optim.rates import check
from tests.twin import same

pytestmark = pytest.mark.torch

START = """
u = torch.optim.swa_utils
def made():
    m = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    with torch.no_grad():
        for i, p in enumerate(m.parameters()):
            p.copy_(torch.arange(p.numel()).reshape(p.shape) * 0.25 + i)
    return m
model = made()
def go(average, n=4):
    for i in range(n):
        with torch.no_grad():
            for p in model.parameters(): p.mul_(1.5)
        model(torch.arange(8.0).reshape(4, 2))
        average.update_parameters(model)
    return [*average.module.parameters(), *average.module.buffers(), average.n_averaged]
"""


@pytest.mark.parametrize(
    "options",
    [
        "",
        "use_buffers=True",
        "avg_fn=u.get_ema_avg_fn(0.5)",
        "avg_fn=u.get_swa_avg_fn()",
        "multi_avg_fn=u.get_ema_multi_avg_fn(0.5)",
        "multi_avg_fn=u.get_ema_multi_avg_fn(0.5), use_buffers=True",
        "multi_avg_fn=u.get_swa_multi_avg_fn()",
        "avg_fn=lambda a, p, n: 0.25 * a + 0.75 * p",
        "device='cpu'",
    ],
)
def test_averages(options):
    same(START + f"go(u.AveragedModel(model, {options}))")


def test_state_dict_and_forward():
    same(
        START + "a = u.AveragedModel(model)\nmodel[0].weight.grad = None\n"
        "with torch.no_grad():\n    y = a.eval()(torch.ones(2, 2))\n"
        "[sorted(a.state_dict()), y]"
    )


def test_update_bn():
    same(
        START + "model[1].momentum = 0.3; model.eval()\n"
        "data = [torch.arange(8.0).reshape(4, 2), torch.ones(4, 2)]\n"
        "u.update_bn([data[0], (data[1], 0)], model)\n"
        "[*model.buffers(), model.training, model[1].momentum]"
    )
    same(START + "u.update_bn([], torch.nn.Linear(1, 1))")


@pytest.mark.parametrize("options", ["0.05", "[0.05, 0.5], 4, 'linear'", "0.5, anneal_epochs=0"])
def test_swalr(options):
    check(f"torch.optim.swa_utils.SWALR(o, {options})")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("u.SWALR(o, 0.1, 1, 'x')", "anneal_strategy must be one of 'cos' or 'linear'"),
        ("u.SWALR(o, 0.1, -1)", "anneal_epochs must be equal or greater than 0, got -1"),
        ("u.SWALR(o, [0.1, 0.2])", "swa_lr must have the same length"),
        ("u.get_ema_avg_fn(2.0)", "Invalid decay value 2.0 provided."),
        ("u.get_ema_multi_avg_fn(-1.0)", "Invalid decay value -1.0 provided."),
        ("u.AveragedModel(model, avg_fn=min, multi_avg_fn=min)", "Only one of avg_fn and multi"),
    ],
)
def test_refusals(source, words):
    same(START + f"o = torch.optim.SGD(model.parameters())\n{source}", words)

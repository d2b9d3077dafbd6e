"""GradScaler: against torch's, over steps that are good and bad."""

from __future__ import annotations

import pytest

import dtrain
from dtrain.amp import GradScaler
from dtrain.errors import GradError, OpValueError
from tests.twin import same

LOOP = """
net = torch.nn.Linear(2, 1)
with torch.no_grad():
    net.weight.fill_(0.5); net.bias.fill_(0.25)
opt = torch.optim.SGD(net.parameters(), lr=0.125)
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=2)
scales = []
for value in (1.0, 2.0, float("inf"), 1.0, 3.0, 1.0):
    opt.zero_grad()
    scaler.scale(net(torch.full((1, 2), value)).sum()).backward()
    {between}
    scaler.step(opt)
    scaler.update()
    scales.append(scaler.get_scale())
scales, net.weight, net.bias, scaler.state_dict()
"""


@pytest.mark.torch
@pytest.mark.parametrize(
    "between",
    ["pass", "scaler.unscale_(opt); torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)"],
)
def test_training_as_torch(between: str) -> None:
    same(LOOP.replace("{between}", between))


@pytest.mark.torch
@pytest.mark.parametrize(
    "source",
    [
        "s = torch.amp.GradScaler('cpu', enabled=False); s.scale(torch.ones(1)), s.get_scale()",
        "s = torch.amp.GradScaler('cpu', enabled=False); s.update(); s.state_dict()",
        "s = torch.amp.GradScaler('cuda'); s.is_enabled()",
        "s = torch.amp.GradScaler('cpu', init_scale=4.0); s.scale([torch.ones(1), torch.ones(2)])",
        "s = torch.amp.GradScaler('cpu'); s.load_state_dict({})",
        "s = torch.amp.GradScaler('cpu'); s.scale(3)",
    ],
)
def test_small_questions(source: str) -> None:
    same(source)


def one_step(scaler: GradScaler) -> dtrain.optim.Optimizer:
    p = dtrain.nn.Parameter(dtrain.ones(2))
    scaler.scale(p.sum()).backward()
    return dtrain.optim.SGD([p], lr=0.1)


def test_the_order_of_calls() -> None:
    scaler = GradScaler("cpu")
    with pytest.raises(GradError, match="_scale is None"):
        scaler.update()
    optimizer = one_step(scaler)
    scaler.unscale_(optimizer)
    with pytest.raises(GradError, match="already been called on this optimizer"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(GradError, match="called after step"):
        scaler.unscale_(optimizer)
    with pytest.raises(GradError, match="since the last update"):
        scaler.step(optimizer)
    scaler.update()
    with pytest.raises(GradError, match="No inf checks"):
        scaler.update()
    with pytest.raises(GradError, match="Closure"):
        scaler.step(optimizer, closure=lambda: 0)


def test_a_scale_of_ones_own() -> None:
    scaler = GradScaler("cpu")
    one_step(scaler)
    scaler.update(8.0)
    assert scaler.get_scale() == 8.0


def test_float16_gradients_are_refused() -> None:
    scaler = GradScaler("cpu")
    p = dtrain.nn.Parameter(dtrain.ones(2, dtype=dtrain.float16))
    scaler.scale(p.float().sum()).backward()
    with pytest.raises(OpValueError, match="FP16"):
        scaler.unscale_(dtrain.optim.SGD([p], lr=0.1))


def test_factors_are_checked() -> None:
    with pytest.raises(OpValueError, match="growth factor"):
        GradScaler("cpu", growth_factor=1.0)
    with pytest.raises(OpValueError, match="backoff factor"):
        GradScaler("cpu", backoff_factor=1.0)


def test_its_state_goes_to_another_one() -> None:
    one, other = GradScaler("cpu", init_scale=2.0, growth_interval=7), GradScaler("cpu")
    other.load_state_dict(one.state_dict())
    assert other.state_dict() == one.state_dict()
    assert other.get_growth_interval() == 7

"""The base class of schedules."""

# ruff: noqa: E501 (programs in strings)

from __future__ import annotations

import pytest

import dtrain
from tests.twin import same

START = """
import warnings
s = torch.optim.lr_scheduler
o = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
"""


@pytest.mark.torch
@pytest.mark.parametrize(
    "source",
    [
        "m = s.StepLR(o, 1); m.step(); m.get_last_lr()",
        "m = s.StepLR(o, 1); o.step(); m.step(); m.get_last_lr()",
        "o.step(); m = s.StepLR(o, 1); m.step(); m.get_last_lr()",
        "m = s.StepLR(o, 1); o.step = lambda: None; m.step(); m.get_last_lr()",
        "m = s.StepLR(o, 1); n = s.ExponentialLR(o, 0.5); o.step(); m.step(); n.step(); n.get_last_lr()",
        "m = s.StepLR(o, 1); m.get_lr()",
        "m = s.StepLR(o, 2); o.param_groups[0]['lr'] = 5.0; o.step(); m.step(); m.step(); m.get_last_lr()",
        "m = s.StepLR(o, 2); o.param_groups[0]['initial_lr'], m.base_lrs, m.last_epoch, m._step_count",
        "m = s.StepLR(o, 2); n = s.StepLR(o, 2, last_epoch=5); n.get_last_lr(), n.last_epoch",
    ],
)
def test_as_in_torch(source):
    same(START + source.replace("; ", "\n"))


@pytest.mark.torch
def test_refusals():
    same(f"{START}s.StepLR(3, 1)", "int is not an Optimizer")
    same(
        f"{START}s.StepLR(o, 1, last_epoch=4)",
        "param 'initial_lr' is not specified in param_groups[0]",
    )


@pytest.mark.torch
def test_a_rate_that_is_a_tensor_keeps_its_memory():
    same(
        "lr = torch.tensor(1.0); o = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=lr);"
        "m = torch.optim.lr_scheduler.ExponentialLR(o, 0.5); o.step(); m.step();"
        "[o.param_groups[0]['lr'] is lr, lr, m.get_last_lr()]"
    )


def test_a_schedule_of_ones_own():
    class Half(dtrain.optim.lr_scheduler.LRScheduler):
        def get_lr(self):
            return [lr / (1 + self.last_epoch) for lr in self.base_lrs]

    o = dtrain.optim.SGD([dtrain.nn.Parameter(dtrain.ones(1))], lr=1.0)
    m = Half(o)
    o.step()
    m.step()
    assert o.param_groups[0]["lr"] == 0.5

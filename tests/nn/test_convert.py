"""Conversions of modules."""

# ruff: noqa: E501 (programs in strings)

from __future__ import annotations

import pytest

import dtrain as torch
from tests.twin import same

NET = """
torch.manual_seed(0)
m = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
w = m[0].weight
w.grad = torch.ones(2, 2)
"""

CALLS = [
    "m.double()", "m.half()", "m.bfloat16()", "m.float()", "m.cpu()", "m.to(torch.float64)",
    "m.to('cpu')", "m.to(torch.device('cpu'), torch.float64)", "m.to('cpu', torch.float16, True)",
    "m.to(dtype=torch.float64)", "m.to(device='cpu', dtype=torch.float64)", "m.to(None, torch.float64)",
    "m.to(torch.ones(1, dtype=torch.float64))", "m.to(torch.float64, non_blocking=True)",
    "m.to(memory_format=torch.channels_last)", "m.type(torch.float64)", "m.to_empty(device='cpu').double()",
]  # fmt: skip


@pytest.mark.torch
@pytest.mark.parametrize("call", CALLS)
def test_as_in_torch(call):
    same(
        f"{NET}r = {call}\n"
        "[r is m, m[0].weight is w, w.dtype, w.grad.dtype, w.requires_grad, w.is_leaf,"
        " [(k, v.dtype, v.shape) for k, v in m.state_dict().items()]]"
    )


@pytest.mark.torch
def test_only_floating_types():
    same(
        f"{NET}m.to(torch.int64)",
        "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.int64",
    )
    same(f"{NET}m.to('cpu', 3, 4, 5, 6)")


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:Complex modules")
def test_complex_modules():
    same(f"{NET}m.to(torch.complex128)[0].weight.dtype")


def test_an_optimizer_keeps_its_parameters():
    m = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(m.parameters(), lr=1.0)
    m.double()
    before = m.weight.tolist()
    m(torch.ones(2, dtype=torch.float64)).sum().backward()
    optimizer.step()
    assert m.weight.tolist() != before
    assert m.weight.dtype == torch.float64


def test_values_survive():
    m = torch.nn.Linear(3, 3)
    before = m.weight.tolist()
    assert m.double().float().weight.tolist() == before

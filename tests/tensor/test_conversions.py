"""Conversions of type and memory: to, type, float and their kin, memory formats."""

from __future__ import annotations

import pytest

from tests.twin import same

pytestmark = pytest.mark.torch

NAMES = [
    "float", "double", "half", "bfloat16", "int", "long", "short", "char", "byte", "bool", "cfloat",
    "cdouble",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_named_conversions(name: str) -> None:
    same(f"x = torch.tensor([0., 1.5, 3.]); y = x.{name}(); (y.to(torch.complex64).real, y.dtype)")


@pytest.mark.parametrize(
    "source",
    [
        "x = torch.ones(2); x.to(torch.float32) is x",
        "x = torch.ones(2); x.float() is x",
        "x = torch.ones(2); x.to('cpu') is x",
        "x = torch.ones(2); x.to(torch.float32, copy=True) is x",
        "x = torch.ones(2); x.to('cpu', torch.float64)",
        "x = torch.ones(2); x.to(torch.device('cpu'), dtype=torch.int32, non_blocking=True)",
        "x = torch.ones(2); x.to(torch.zeros(1, dtype=torch.int8))",
        "x = torch.ones(2); x.type()",
        "x = torch.ones(2).long(); x.type()",
        "x = torch.ones(2); x.type('torch.LongTensor')",
        "x = torch.ones(2); x.type(torch.float64)",
        "x = torch.ones(2); x.type_as(torch.zeros(1).bool())",
        "x = torch.ones(2); x.cpu() is x",
        "x = torch.ones(2, requires_grad=True); y = x.double(); (y * 2).sum().backward(); x.grad",
        "x = torch.ones(2, requires_grad=True); x.double().grad_fn.name()",
        "x = torch.tensor([1.7, -1.7]); x.int()",
        "x = torch.ones(2); x.is_same_size(torch.zeros(2))",
    ],
)
def test_to_and_type(source: str) -> None:
    same(source)


@pytest.mark.parametrize(
    "source",
    [
        "x.contiguous(memory_format=torch.channels_last)",
        "x.to(memory_format=torch.channels_last)",
        "x.clone(memory_format=torch.channels_last)",
        "x.contiguous(memory_format=torch.channels_last).clone()",
        "x.contiguous(memory_format=torch.channels_last).contiguous()",
        "x.contiguous(memory_format=torch.channels_last).is_contiguous()",
        "f = torch.channels_last; x.contiguous(memory_format=f).is_contiguous(memory_format=f)",
        "x.is_contiguous(memory_format=torch.channels_last)",
        "x.contiguous(memory_format=torch.contiguous_format) is x",
        "x.t().contiguous(memory_format=torch.channels_last)",
        "x.transpose(0, 3).clone()",
        "x[:, ::2].clone()",
        "x.expand(2, 3, 4, 5).clone()",
        "torch.channels_last",
    ],
)
def test_memory_formats(source: str) -> None:
    same(f"x = torch.arange(120.).reshape(2, 3, 4, 5); {source}")

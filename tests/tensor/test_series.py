"""Number series."""

from __future__ import annotations

import pytest

from tests.twin import lines, same

SAME = lines(
    r"""
    torch.arange(5)
    torch.arange(5.)
    torch.arange(1, 5)
    torch.arange(1, 5, 2)
    torch.arange(1, 6, 2)
    torch.arange(5, 1, -1)
    torch.arange(5, 1, -2)
    torch.arange(0, 1, 0.1)
    torch.arange(0, 1, 0.3)
    torch.arange(1, 2.5, 0.5)
    torch.arange(5, dtype=torch.float32)
    torch.arange(5, dtype=torch.int32)
    torch.arange(5., dtype=torch.int64)
    torch.arange(0.5, 5, dtype=torch.int64)
    torch.arange(0, 5, 1.5, dtype=torch.int64)
    torch.arange(0, 1, 0.1, dtype=torch.float64)
    torch.arange(5, dtype=torch.bfloat16)
    torch.arange(5, dtype=torch.float16)
    torch.arange(0)
    torch.arange(3, 3)
    torch.arange(start=1, end=4)
    torch.arange(end=4)
    torch.arange(1, end=4, step=2)
    torch.arange(end=4, start=1)
    torch.arange(torch.tensor(4))
    torch.arange(torch.tensor(4.))
    torch.arange(np.int64(4))
    torch.arange(np.float32(4))
    torch.arange(True)
    torch.arange(5., requires_grad=True)
    torch.arange(-3, 3)
    torch.arange(2**40, 2**40 + 3)
    torch.arange(10000000000, dtype=torch.int8).shape if False else 0
    torch.arange(5, device="cpu", layout=torch.strided, pin_memory=False)
    t = torch.empty(0); torch.arange(3, out=t); t
    t = torch.empty(0, dtype=torch.int64); torch.arange(3., out=t); t
    torch.arange(0.1, 0.7, 0.2)
    torch.arange(-1.5, 1.5, 0.25)
    torch.arange(0, 2, 0.1)[-1].item()
    torch.range(1, 4)
    torch.range(0, 1, 0.25)
    torch.range(1, 4, dtype=torch.int64)
    torch.range(4, 1, -1)
    torch.linspace(0, 1, 5)
    torch.linspace(0, 1, 4)
    torch.linspace(-3, 7, 11)
    torch.linspace(0, 1, 1)
    torch.linspace(0, 1, 0)
    torch.linspace(0, 1, 2)
    torch.linspace(0, 1, 3, dtype=torch.float64)
    torch.linspace(0, 10, 5, dtype=torch.int64)
    torch.linspace(0, 10, 4, dtype=torch.int64)
    torch.linspace(10, 0, 4, dtype=torch.int32)
    torch.linspace(0, 1j, 3)
    torch.linspace(0, 1, 5, dtype=torch.complex64)
    torch.linspace(torch.tensor(0.), torch.tensor(1.), 3)
    torch.linspace(0, 1, steps=3, requires_grad=True)
    torch.linspace(start=0, end=1, steps=3)
    torch.linspace(0, 1, 100)
    torch.linspace(-1.3, 2.7, 37)
    torch.linspace(0, 1, 7, dtype=torch.float16)
    torch.linspace(0, 1, 7, dtype=torch.bfloat16)
    torch.linspace(5, 5, 3)
    torch.logspace(0, 2, 3)
    torch.logspace(0, 3, 4, base=2)
    torch.logspace(0, 3, 4, 2)
    torch.logspace(0, 3, 4, 2, dtype=torch.int64)
    torch.logspace(-1, 1, 5, dtype=torch.float64)
    torch.logspace(0, 1, 1)
    torch.logspace(0, 1, 0)
    """
)

ERRORS = lines(
    r"""
    torch.arange(2, dtype=torch.bool)
    torch.arange(3, 1)
    torch.arange(1, 3, -1)
    torch.arange(1, 3, 0)
    torch.arange(float('inf'))
    torch.arange(0, float('nan'))
    torch.arange()
    torch.arange("a")
    torch.arange(5, requires_grad=True)
    torch.arange(1, 5, 2, 3)
    torch.arange(5, foo=1)
    torch.arange(1j)
    torch.arange(0, 3, dtype=torch.complex64)
    torch.range(3, 1)
    torch.linspace(0, 1, -1)
    torch.linspace(0, 1j, 3, dtype=torch.float32)
    torch.linspace(0, 1, 2.5)
    torch.linspace(0, 1)
    torch.linspace(0, 1, 5, dtype=torch.bool)
    torch.logspace(0, 1, -1)
    torch.logspace(0, 1, 2.5)
    """
)


@pytest.mark.torch
@pytest.mark.parametrize("source", SAME)
def test_as_torch(source: str) -> None:
    same(source)


@pytest.mark.torch
@pytest.mark.parametrize("source", ERRORS)
def test_errors_as_torch(source: str) -> None:
    same(source)

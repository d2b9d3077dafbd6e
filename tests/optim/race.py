"""The same optimizer with the same gradients in dtrain and in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dtrain

__all__ = ["race"]

# Absolute, and relative to values above one: torch rounds a * b + c once, NumPy twice.
TOLERANCE = {
    "float64": 1e-14,
    "float32": 1e-6,
    "complex64": 1e-6,
    "float16": 4e-3,
    "bfloat16": 4e-2,
}
STEPS = 10


def race(kind: str, options: dict[str, Any], dtype: str) -> None:
    """Assert that ten steps of an optimizer lead where PyTorch's lead, state included.

    Args:
        kind: Name of the optimizer.
        options: Its options.
        dtype: Type of the parameters.
    """
    rng = np.random.default_rng(1)
    shapes = [(3, 4), (), (5,)]
    start = [np.asarray(rng.normal(size=s)) for s in shapes]
    grads = [[np.asarray(rng.normal(size=s)) for s in shapes] for _ in range(STEPS)]
    sides = []
    for lib in (dtrain, pytest.importorskip("torch")):
        params = [lib.nn.Parameter(made(lib, a, dtype)) for a in start]
        optimizer = getattr(lib.optim, kind)(params, **options)
        for step in grads:
            for p, g in zip(params, step, strict=True):
                p.grad = made(lib, g, dtype)
            optimizer.step()
        state = optimizer.state_dict()["state"]
        rows = [("p", p) for p in params]
        rows += [(k, v) for s in state.values() for k, v in s.items()]
        sides.append(rows)
    assert [k for k, _ in sides[0]] == [k for k, _ in sides[1]]
    for (name, mine), (_, right) in zip(*sides, strict=True):
        assert str(mine.dtype) == str(right.dtype)
        ours, theirs = numbers(mine), numbers(right)
        limit = TOLERANCE[dtype] * max(1.0, float(np.max(np.abs(theirs))))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=limit, err_msg=name)


def made(lib: Any, a: np.ndarray[Any, Any], dtype: str) -> Any:
    if dtype == "complex64":
        a = a + 1j * a[::-1] if a.ndim else a * (1 + 0.5j)
    return lib.tensor(a.tolist(), dtype=getattr(lib, dtype))


def numbers(t: Any) -> np.ndarray[Any, Any]:
    return np.array(t.detach().tolist())

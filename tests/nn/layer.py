"""One layer made, run and differentiated by dtrain and by PyTorch from the same seed."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest

from tests.twin import outcome

__all__ = ["agree", "check", "varied"]

PROGRAM = """
def flat(y):
    if isinstance(y, (tuple, list)):
        return [t for part in y for t in flat(part)]
    return [] if y is None else [y]

nn = torch.nn
torch.manual_seed(0)
m = {make}
weights = [(name, str(p.dtype), p.tolist()) for name, p in m.state_dict().items()]
m = m.double()
xs = [{inputs}]
xs = [x.double().requires_grad_() if x.is_floating_point() else x for x in xs]
values = []
for mode in (True, False):
    y = flat(m.train(mode)(*xs))
    values += y
    sum((t * t).sum() for t in y if t.is_floating_point()).backward()
values += [p.grad for p in (*xs, *m.parameters()) if p.grad is not None]
values += m.buffers()
(repr(m), weights, [(str(t.dtype), list(t.shape), t.tolist()) for t in values])
"""


def varied(*shape: int) -> str:
    """Return the source of a tensor with values of both signs that do not repeat soon."""
    return f"(torch.arange({prod(shape)}) * 37 % 61 / 32 - 0.9).reshape({shape})"


def check(make: str, *inputs: str, tolerance: float = 1e-9) -> None:
    """Assert that a layer prints, starts, computes and differentiates as PyTorch's.

    Args:
        make: Source that makes the layer, with `nn` and `torch`.
        inputs: Source of each input; floating point ones get a gradient.
        tolerance: Relative and absolute, for each number.
    """
    import dtrain

    source = PROGRAM.format(make=make, inputs=", ".join(inputs))
    ours, we_said = outcome(source, dtrain)
    theirs, they_said = outcome(source, pytest.importorskip("torch"))
    for side in (theirs, ours):
        if isinstance(side, Exception):
            raise AssertionError(source) from side  # noqa: TRY004
    assert ours[0] == theirs[0]
    same_tensors(ours[1], theirs[1], 0)
    same_tensors(ours[2], theirs[2], tolerance)
    assert we_said == they_said


def agree(source: str, tolerance: float = 1e-9) -> None:
    """Assert that `source` gives the same tensors up to a tolerance, however they are nested."""
    import dtrain

    sides = [outcome(source, module)[0] for module in (dtrain, pytest.importorskip("torch"))]
    for side in sides:
        if isinstance(side, Exception):
            raise AssertionError(source) from side  # noqa: TRY004
    rows = [[(str(t.dtype), list(t.shape), t.tolist()) for t in flat(side)] for side in sides]
    same_tensors(*rows, tolerance)


def flat(value: Any) -> list[Any]:
    """Return the tensors in nested lists and tuples."""
    if isinstance(value, (tuple, list)):
        return [t for part in value for t in flat(part)]
    return [] if value is None else [value]


def same_tensors(ours: list[Any], theirs: list[Any], tolerance: float) -> None:
    """Assert that rows (..., values) agree, values up to a tolerance."""
    assert [row[:-1] for row in ours] == [row[:-1] for row in theirs]
    for mine, right in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine[-1], right[-1], rtol=tolerance, atol=tolerance)

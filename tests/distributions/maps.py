"""The same transform in dtrain and in torch, and the comparison of the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import dtrain
from tests.oracle import assert_same

torch = pytest.importorskip("torch")


@dataclass(frozen=True)
class Map:
    """A transform and the shape of an x; `at` are x's values where not any number will do."""

    build: Callable[..., Any]
    shape: tuple[int, ...]
    at: Any = None
    inverse: bool = True


def map_case(name: str, build: Callable[..., Any], shape: tuple[int, ...], **how: Any) -> Any:
    return pytest.param(Map(build, shape, **how), id=name)


def maps(*found: Any) -> Any:
    """Parametrize a test by transforms."""
    return pytest.mark.parametrize("case", found)


def parts(case: Map, t: Any) -> dict[str, Any]:
    """Return what is to be compared."""
    made = case.build(t.distributions, lambda v: t.tensor(np.asarray(v, np.float64)))
    if case.at is None:
        values = np.random.default_rng(0).uniform(-1.5, 1.5, case.shape)
    else:
        values = np.asarray(case.at, np.float64)
    x = t.tensor(values, requires_grad=True)
    y = made(x)
    found = {
        "y": y, "bijective": bool(made.bijective),
        "forward_shape": tuple(made.forward_shape(x.shape)),
        "inverse_shape": tuple(made.inverse_shape(y.shape)),
        "domain": repr(made.domain), "codomain": repr(made.codomain),
        "inside": made.codomain.check(y),
    }  # fmt: skip
    (found["slope"],) = t.autograd.grad((y * y).sum(), x, retain_graph=True)
    if case.inverse:
        found["back"] = made.inv(y.detach())
    try:
        found["volume"] = made.log_abs_det_jacobian(x, y)
    except NotImplementedError:
        found["volume"] = None
    try:
        found["sign"] = made.sign
    except NotImplementedError:
        found["sign"] = None
    if hasattr(found["volume"], "requires_grad") and found["volume"].requires_grad:
        (found["volume slope"],) = t.autograd.grad(found["volume"].sum(), x)
    return found


def check(case: Map) -> None:
    """Compare values, inverses, volumes and their gradients, shapes and sets with torch's."""
    theirs, ours = parts(case, torch), parts(case, dtrain)
    assert theirs.keys() == ours.keys()
    for name, expected in theirs.items():
        if isinstance(expected, str) and "tensor" in expected:
            continue
        if isinstance(expected, str) and expected.startswith(("Cat(", "Stack(")):
            continue
        assert_same(ours[name], expected, 1.0, name)

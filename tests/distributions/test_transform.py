"""Transforms that combine others, and what all transforms keep to."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.distributions.maps import check, map_case, maps

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


@maps(
    map_case("compose", lambda D, p: D.ComposeTransform(
        [D.AffineTransform(p([0.5, 1.0, 2.0]), 2.0), D.ExpTransform()]), (4, 3)),
    map_case("compose-vector", lambda D, p: D.ComposeTransform(
        [D.AffineTransform(0.5, 2.0), D.StickBreakingTransform(), D.ExpTransform()]), (4, 3)),
    map_case("independent", lambda D, p: D.IndependentTransform(D.TanhTransform(), 1), (4, 3)),
    map_case("reshape", lambda D, p: D.ReshapeTransform((2, 3), (6,)), (4, 2, 3)),
    map_case("identity", lambda D, p: D.identity_transform, (4, 3)),
)  # fmt: skip
def test_map_and_back(case) -> None:
    check(case)


def test_the_inverse_of_the_inverse() -> None:
    t = dtrain.distributions.ExpTransform()
    assert t.inv.inv is t
    assert t.inv.codomain is t.domain
    x = dtrain.tensor([1.0, 2.0])
    np.testing.assert_allclose(t.inv.log_abs_det_jacobian(t(x), x)._a, -x._a)


def test_the_cache_gives_back_the_same_tensor() -> None:
    t = dtrain.distributions.SigmoidTransform(cache_size=1)
    x = dtrain.tensor([1.0, 2.0])
    assert t.inv(t(x)) is x
    assert t.with_cache(0).inv(t(x)) is not x


@pytest.mark.parametrize("size", [-1, 2])
def test_cache_sizes(size) -> None:
    with pytest.raises(ValueError, match="cache_size must be 0 or 1"):
        dtrain.distributions.ExpTransform(size)


def test_equality() -> None:
    D = dtrain.distributions
    assert D.ExpTransform() == D.ExpTransform(cache_size=1)
    assert D.AffineTransform(0.0, 2.0) == D.AffineTransform(0.0, 2.0)
    assert D.AffineTransform(0.0, 2.0) != D.AffineTransform(1.0, 2.0)
    assert D.ExpTransform() != D.SigmoidTransform()
    parts = [D.ExpTransform(), D.AffineTransform(dtrain.tensor(1.0), 2.0)]
    assert D.ComposeTransform(parts) == D.ComposeTransform(list(parts))


@pytest.mark.parametrize("shape", [(6,), (2, 4)])
def test_reshape_refuses_other_shapes(shape) -> None:
    t = dtrain.distributions.ReshapeTransform((2, 3), (6,))
    with pytest.raises(ValueError, match=r"Too few dimensions|Shape mismatch"):
        t.forward_shape(shape)

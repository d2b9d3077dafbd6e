"""Transforms of vectors and matrices."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from tests.distributions.maps import check, map_case, maps

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

MAPS = [
    map_case("softmax", lambda D, p: D.SoftmaxTransform(), (4, 3)),
    map_case("stick-breaking", lambda D, p: D.StickBreakingTransform(), (4, 3)),
    map_case("lower-cholesky", lambda D, p: D.LowerCholeskyTransform(), (4, 3, 3)),
    map_case("positive-definite", lambda D, p: D.PositiveDefiniteTransform(), (4, 3, 3)),
    map_case("corr-cholesky", lambda D, p: D.CorrCholeskyTransform(), (4, 6)),
    map_case(
        "cat",
        lambda D, p: D.CatTransform(
            [D.ExpTransform(), D.AffineTransform(1.0, 2.0)], dim=1, lengths=[1, 2]
        ),
        (4, 3),
    ),
    map_case(
        "cat-default", lambda D, p: D.CatTransform([D.ExpTransform(), D.TanhTransform()]), (2,)
    ),
    map_case(
        "stack", lambda D, p: D.StackTransform([D.ExpTransform(), D.TanhTransform()], dim=1), (4, 2)
    ),
]


@maps(*MAPS)
def test_map_and_back(case) -> None:
    check(case)


@pytest.mark.parametrize("name", ["StickBreakingTransform", "CorrCholeskyTransform"])
def test_the_volume_is_that_of_the_jacobian(name) -> None:
    t = getattr(dtrain.distributions, name)()
    x = np.random.default_rng(0).uniform(-1, 1, 3)
    y0 = t(dtrain.tensor(x))._a
    free = y0[:-1] if y0.ndim == 1 else y0[np.tril_indices(3, -1)]
    step = 1e-6
    columns = []
    for i in range(3):
        moved = t(dtrain.tensor(x + step * np.eye(3)[i]))._a
        moved = moved[:-1] if moved.ndim == 1 else moved[np.tril_indices(3, -1)]
        columns.append((moved - free) / step)
    expected = np.linalg.slogdet(np.array(columns))[1]
    got = t.log_abs_det_jacobian(dtrain.tensor(x), dtrain.tensor(y0)).item()
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_correlations_need_a_triangular_number() -> None:
    with pytest.raises(ValueError, match="flattened lower-diagonal"):
        dtrain.distributions.CorrCholeskyTransform()(dtrain.zeros(4))
    with pytest.raises(ValueError, match="not square"):
        dtrain.distributions.CorrCholeskyTransform().inverse_shape((2, 3))

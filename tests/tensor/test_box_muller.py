"""The transform and its functions against NumPy's in float64; torch's bits in test_generator.py."""

from __future__ import annotations

import numpy as np
import pytest

from dtrain.tensor.box_muller import NORMAL_BLOCK, normal_blocks


def expected(uniform):
    """Return what the definition gives, in float64."""
    first, second = np.moveaxis(uniform.astype(np.float64).reshape(-1, 2, NORMAL_BLOCK // 2), 1, 0)
    radius, angle = np.sqrt(-2 * np.log1p(-first)), 2 * np.pi * second
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)


@pytest.mark.parametrize(("kind", "tolerance"), [(np.float32, 2e-6), (np.float64, 2e-15)])
@pytest.mark.parametrize("blocks", [0, 1, 3, 5000])
def test_transform(kind, tolerance, blocks):
    uniform = np.random.default_rng(blocks).random(blocks * NORMAL_BLOCK).astype(kind)
    uniform = np.minimum(uniform, np.nextafter(kind(1), kind(0)))
    values = uniform.copy()
    normal_blocks(values)
    np.testing.assert_allclose(values, expected(uniform), rtol=tolerance, atol=4 * tolerance)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_edges(kind):
    """Zero and the largest number below one stay finite, as do quarters of a turn."""
    top = np.nextafter(kind(1), kind(0))
    values = np.array(
        [[0, top, 0.5, 0.25, 0.125, top, top, 0], [0, 0.25, 0.5, 0.75, 0.125, top, 0.375, 0.625]],
        kind,
    ).reshape(-1)
    want = expected(values)
    normal_blocks(values)
    np.testing.assert_allclose(values, want, atol=4e-6)

"""Padding layers."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied

pytestmark = pytest.mark.torch

SHAPES = {1: (2, 3, 4), 2: (1, 2, 4, 5), 3: (1, 1, 3, 4, 3)}


@pytest.mark.parametrize("dims", SHAPES)
@pytest.mark.parametrize("kind", ["ReflectionPad", "ReplicationPad", "CircularPad", "ZeroPad"])
def test_layer(kind, dims):
    check(f"nn.{kind}{dims}d(2)", varied(*SHAPES[dims]))
    check(f"nn.{kind}{dims}d({(1, 0, 2, 1, 0, 1)[: 2 * dims]})", varied(*SHAPES[dims]))


@pytest.mark.parametrize("dims", SHAPES)
def test_a_constant(dims):
    check(f"nn.ConstantPad{dims}d(1, 3.5)", varied(*SHAPES[dims]))

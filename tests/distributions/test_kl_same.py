"""Divergences within a family."""

from __future__ import annotations

import pytest

from tests.distributions.divergences import PAIRS, check_pair

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


@pytest.mark.parametrize("names", [n for n in PAIRS if n[0] == n[1]], ids="-".join)
def test_a_family_that_torch_has(names) -> None:
    check_pair(names)


@pytest.mark.parametrize(
    "names", [n for n in PAIRS if sum("Multivariate" in x for x in n) == 2], ids="-".join
)
def test_both_kinds_of_covariance(names) -> None:
    check_pair(names)

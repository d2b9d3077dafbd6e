from __future__ import annotations

import pytest

from dtrain.checkpoint.budget import Budget, bounded_key
from dtrain.errors import UnsafeFileError


def test_the_budget_follows_the_file() -> None:
    budget = Budget("load('a')", 1000)
    budget.take(1000)
    with pytest.raises(UnsafeFileError, match=r"load\('a'\)"):
        budget.take(1 << 30)


def test_keys() -> None:
    for key in ("a", 1, ("a", (1, frozenset([2]))), tuple(range(60))):
        assert bounded_key(key) is key
    with pytest.raises(ValueError, match="parts"):
        bounded_key(tuple(range(100)))

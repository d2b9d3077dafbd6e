from __future__ import annotations

import pytest

from dtrain.checkpoint.names import STORAGE_OF, STORAGE_TYPES


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
def test_storages_are_those_of_torch() -> None:
    torch = pytest.importorskip("torch")
    for name, kind in STORAGE_OF.items():
        assert getattr(torch, kind.name).dtype == getattr(torch, name)
    assert len(STORAGE_TYPES) == len(STORAGE_OF) + 1

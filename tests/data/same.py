"""The same expression on dtrain.utils.data and on torch.utils.data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dtrain

__all__ = ["check"]

PRELUDE = """
from collections import OrderedDict, namedtuple

rows = data.TensorDataset(torch.arange(23), torch.arange(46.0).view(23, 2))
Pair = namedtuple("Pair", "x y")

class Stream(data.IterableDataset):
    def __init__(self, n):
        self.n = n
    def __iter__(self):
        return iter(range(self.n))

class Counted(Stream):
    def __len__(self):
        return self.n

class Together(data.Dataset):
    def __getitems__(self, indices):
        return [10 * i for i in indices]
    def __len__(self):
        return 5

class Map:
    def __getitem__(self, i):
        return {"x": torch.tensor([i]), "y": i}
    def __len__(self):
        return 5
"""


def plain(x: Any) -> Any:
    """Return tensors and arrays as (dtype, numbers), inside whatever holds them."""
    if hasattr(x, "dtype") and hasattr(x, "tolist"):
        return str(x.dtype).removeprefix("torch."), x.tolist()
    if isinstance(x, dict):
        return type(x).__name__, {k: plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return type(x).__name__, [plain(v) for v in x]
    return x


def outcome(source: str, torch: Any) -> Any:
    """Return the value of an expression, or the builtin class of the error it raises."""
    space: dict[str, Any] = {"torch": torch, "data": torch.utils.data, "np": np}
    exec(PRELUDE, space)
    torch.manual_seed(1)
    try:
        return plain(eval(source, space))
    except Exception as error:  # noqa: BLE001 (whatever it is, it is compared)
        return next(c for c in type(error).__mro__ if c.__module__ == "builtins")


def check(source: str) -> None:
    """Assert that both sides give the same, or raise errors of one builtin class."""
    theirs = pytest.importorskip("torch")
    assert outcome(source, dtrain) == outcome(source, theirs)

"""torch.multiprocessing's face: the standard library's module, and processes by rank.

Tensors travel between processes by value.
"""

from __future__ import annotations

import multiprocessing as _standard
from typing import Any as _Any

from dtrain.errors import OpValueError
from dtrain.multiprocessing.spawn import (
    ProcessContext,
    ProcessExitedException,
    ProcessRaisedException,
    SpawnContext,
    spawn,
    start_processes,
)

__all__ = [
    "ProcessContext", "ProcessExitedException", "ProcessRaisedException", "SpawnContext",
    "get_all_sharing_strategies", "get_sharing_strategy", "set_sharing_strategy", "spawn",
    "start_processes",
]  # fmt: skip

_kept = ["file_system"]


def get_all_sharing_strategies() -> set[str]:
    """Return the names of the ways in which torch shares the memory of tensors."""
    return {"file_descriptor", "file_system"}


def get_sharing_strategy() -> str:
    """Return the name that set_sharing_strategy has kept."""
    return _kept[0]


def set_sharing_strategy(new_strategy: str) -> None:
    """Keep the name of a way to share memory; tensors travel by value all the same.

    Raises:
        OpValueError: There is no such way.
    """
    if new_strategy not in get_all_sharing_strategies():
        raise OpValueError(
            f"set_sharing_strategy({new_strategy!r}): expected 'file_descriptor' or 'file_system'"
        )
    _kept[0] = new_strategy


def __getattr__(name: str) -> _Any:
    return getattr(_standard, name)

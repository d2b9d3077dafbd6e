"""Checkpoints: dtrain.save and dtrain.load in torch's file format."""

from __future__ import annotations

from dtrain.checkpoint.safe_globals import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)
from dtrain.checkpoint.serialize import load, save

__all__ = [
    "add_safe_globals",
    "clear_safe_globals",
    "get_safe_globals",
    "load",
    "safe_globals",
    "save",
]

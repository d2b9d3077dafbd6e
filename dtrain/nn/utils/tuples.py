"""Small helpers of layers: what torch has in nn.modules.utils."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["consume_prefix_in_state_dict_if_present"]


def _ntuple(n: int, name: str = "parse") -> Callable[[Any], Any]:
    """Return a function that gives a value n times; several values it gives as a tuple."""

    def parse(x: Any) -> tuple[Any, ...]:
        return tuple(x) if isinstance(x, Iterable) else (x,) * n

    parse.__name__ = name
    return parse


_single = _ntuple(1, "_single")
_pair = _ntuple(2, "_pair")
_triple = _ntuple(3, "_triple")
_quadruple = _ntuple(4, "_quadruple")


def consume_prefix_in_state_dict_if_present(state_dict: dict[str, Any], prefix: str) -> None:
    """Take a prefix off all keys that have it, in place: "module." after training in parallel.

    Args:
        state_dict: A state dict.
        prefix: The prefix.
    """
    for table in (state_dict, getattr(state_dict, "_metadata", None) or {}):
        for key in list(table):
            # the metadata name the module itself "module", without the dot
            if key.startswith(prefix) or (table is not state_dict and key == prefix.rstrip(".")):
                table[key[len(prefix) :]] = table.pop(key)

"""torch.backends.mkldnn: oneDNN's switch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["enabled", "flags", "is_available"]

enabled = True


def is_available() -> bool:
    """Return False: the CPU computes with NumPy."""
    return False


@contextmanager
def flags(enabled: bool = False) -> Iterator[None]:
    """Set the switch for a while."""
    space = globals()
    before = space["enabled"]
    space["enabled"] = enabled
    try:
        yield
    finally:
        space["enabled"] = before

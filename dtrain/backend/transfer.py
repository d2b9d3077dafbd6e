"""Moving arrays between the host and devices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dtrain.backend.module import to_host
from dtrain.errors import DeviceError
from dtrain.typing import Array, Xp

__all__ = ["device_module", "device_scope", "move"]


def device_module(kind: str) -> Xp:
    """Return the array module of a kind of device: "cpu" or "cuda".

    Raises:
        DeviceError: There is no such device here.
    """
    if kind == "cpu":
        import numpy as np

        return np
    if kind == "cuda":
        from dtrain.backend.cupy_ import load

        return load()
    raise DeviceError(f"device {kind!r}: no back end for it; expected 'cpu' or 'cuda'")


@contextmanager
def device_scope(kind: str, index: int | None) -> Iterator[None]:
    """Make a device the current one; where no index is given it stays the one that is."""
    if kind == "cpu" or index is None:
        yield
        return
    with device_module(kind).cuda.Device(index):
        yield


def move(array: Array, device: str, copy: bool = True) -> Any:
    """Return `array` on `device`, for example "cpu" or "cuda:1".

    Args:
        array: An array of any module.
        device: Where to; "cuda" without a number is the current device.
        copy: Whether to copy an array that is there already.

    Raises:
        DeviceError: There is no such device here.
    """
    kind, _, index = device.partition(":")
    if kind == "cpu":
        host = to_host(array)
        return host.copy() if copy and host is array else host
    with device_scope(kind, int(index) if index else None):
        return device_module(kind).array(array, copy=copy or None)

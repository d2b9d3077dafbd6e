"""Moving arrays between the host and devices."""

from __future__ import annotations

from typing import Any

from dtrain.backend.module import to_host
from dtrain.errors import DeviceError
from dtrain.typing import Array, Xp

__all__ = ["device_module", "move"]


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


def move(array: Array, device: str) -> Any:
    """Return a copy of `array` on `device`, for example "cpu" or "cuda:1".

    Raises:
        DeviceError: There is no such device here.
    """
    kind, _, index = device.partition(":")
    if kind == "cpu":
        return to_host(array).copy()
    xp = device_module(kind)
    with xp.cuda.Device(int(index or 0)):
        return xp.array(array)

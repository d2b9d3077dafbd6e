"""CUDA devices: how many there are, what they are, which one is current."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from dtrain.backend.cupy_ import device_count, load
from dtrain.errors import DeviceError
from dtrain.tensor.device import device as Device

__all__ = [
    "can_device_access_peer", "current_device", "device", "device_count", "get_arch_list",
    "get_device_capability", "get_device_name", "get_device_properties", "init", "ipc_collect",
    "is_available", "is_bf16_supported", "is_initialized", "set_device", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Return True where CuPy is installed and sees a GPU."""
    return device_count() > 0


def is_initialized() -> bool:
    """Return True once CuPy has been loaded for a device."""
    return load.cache_info().currsize > 0


def init() -> None:
    """Load CuPy now instead of at first use."""
    load()


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Return True where the current device computes in bfloat16, or can stand in for it."""
    return is_available() and (including_emulation or get_device_capability() >= (8, 0))


def _index(device: Any) -> int:
    if device is None:
        return int(load().cuda.runtime.getDevice())
    index = device if isinstance(device, int) else Device(device).index or 0
    if index >= device_count():
        raise DeviceError(
            f"cuda:{index}: invalid device ordinal; there are {device_count()} devices"
        )
    return index


def current_device() -> int:
    """Return the number of the current device."""
    return _index(None)


def set_device(device: Any) -> None:
    """Make a device the current one; a negative number changes nothing."""
    if not (isinstance(device, int) and device < 0):
        load().cuda.Device(_index(device)).use()


class device:
    """Make a device the current one for a while; None or a negative number changes nothing."""

    def __init__(self, device: Any) -> None:
        self._device = None if isinstance(device, int) and device < 0 else device
        self._leave: list[Callable[..., Any]] = []

    def __enter__(self) -> None:
        if self._device is not None:
            context = load().cuda.Device(_index(self._device))
            context.__enter__()
            self._leave.append(context.__exit__)

    def __exit__(self, *exc: object) -> None:
        if self._leave:
            self._leave.pop()(*exc)


def _properties(device: Any) -> dict[str, Any]:
    found: dict[str, Any] = load().cuda.runtime.getDeviceProperties(_index(device))
    return found


def get_device_name(device: Any = None) -> str:
    """Return the device's name."""
    return str(_properties(device)["name"].decode())


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """Return the device's compute capability as (major, minor)."""
    found = _properties(device)
    return int(found["major"]), int(found["minor"])


def get_device_properties(device: Any = None) -> SimpleNamespace:
    """Return the name, major, minor, total_memory and multi_processor_count of a device."""
    found = _properties(device)
    return SimpleNamespace(
        name=found["name"].decode(), major=int(found["major"]), minor=int(found["minor"]),
        total_memory=int(found["totalGlobalMem"]), warp_size=int(found["warpSize"]),
        multi_processor_count=int(found["multiProcessorCount"]),
    )  # fmt: skip


def get_arch_list() -> list[str]:
    """Return an empty list: CuPy compiles for the device that is there."""
    return []


def can_device_access_peer(device: Any, peer_device: Any) -> bool:
    """Return True where a device reads another one's memory."""
    one, other = _index(device), _index(peer_device)
    return bool(load().cuda.runtime.deviceCanAccessPeer(one, other))


def synchronize(device: Any = None) -> None:
    """Wait until the device has done everything."""
    load().cuda.Device(_index(device)).synchronize()


def ipc_collect() -> None:
    """Do nothing: memory is not shared between processes."""

"""torch.cuda's face: what there is of CUDA devices.

Without CuPy or a GPU every question is answered as torch answers it on such a machine, and nothing
is imported for it.
"""

from __future__ import annotations

from typing import Any

from dtrain.backend.cupy_ import device_count, load
from dtrain.errors import DeviceError
from dtrain.tensor.device import device as Device

__all__ = [
    "current_device",
    "device_count",
    "empty_cache",
    "get_device_capability",
    "get_device_name",
    "is_available",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "memory_allocated",
    "memory_reserved",
    "set_device",
    "synchronize",
]


def is_available() -> bool:
    """Return True where CuPy is installed and sees a GPU."""
    return device_count() > 0


def is_initialized() -> bool:
    """Return True once CuPy has been loaded for a device."""
    return load.cache_info().currsize > 0


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
    """Make a device the current one."""
    load().cuda.Device(_index(device)).use()


def get_device_name(device: Any = None) -> str:
    """Return the device's name."""
    name = load().cuda.runtime.getDeviceProperties(_index(device))["name"]
    return str(name.decode())


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """Return the device's compute capability as (major, minor)."""
    found = load().cuda.runtime.getDeviceProperties(_index(device))
    return int(found["major"]), int(found["minor"])


def synchronize(device: Any = None) -> None:
    """Wait until the device has done everything."""
    load().cuda.Device(_index(device)).synchronize()


def empty_cache() -> None:
    """Give unused memory of CuPy's pool back to the device; nothing to do without one."""
    if is_initialized():
        load().get_default_memory_pool().free_all_blocks()


def memory_allocated(device: Any = None) -> int:
    """Return the bytes in use; 0 without a device."""
    return int(load().get_default_memory_pool().used_bytes()) if is_initialized() else 0


def memory_reserved(device: Any = None) -> int:
    """Return the bytes that the pool holds; 0 without a device."""
    return int(load().get_default_memory_pool().total_bytes()) if is_initialized() else 0


def max_memory_allocated(device: Any = None) -> int:
    """Return the bytes that the pool holds, the largest figure CuPy keeps; 0 without a device."""
    return memory_reserved(device)


def manual_seed(seed: int) -> None:
    """Do nothing: random numbers for all devices come from the default generator."""


manual_seed_all = manual_seed

"""The memory of CUDA devices, as CuPy's pool knows it; 0 without a device."""

from __future__ import annotations

from typing import Any

from dtrain.backend.cupy_ import load
from dtrain.cuda import devices
from dtrain.errors import OpValueError

__all__ = [
    "empty_cache", "max_memory_allocated", "max_memory_reserved", "mem_get_info",
    "memory_allocated", "memory_reserved", "memory_stats", "memory_summary",
    "reset_max_memory_allocated", "reset_peak_memory_stats", "set_per_process_memory_fraction",
]  # fmt: skip


def _pool(device: Any) -> Any:
    """Return the pool of a device; None where no device was ever used."""
    if not devices.is_initialized():
        return None
    with devices.device(device):
        return load().get_default_memory_pool()


def empty_cache() -> None:
    """Give unused memory of the pool back to the device."""
    pool = _pool(None)
    if pool is not None:
        pool.free_all_blocks()


def memory_allocated(device: Any = None) -> int:
    """Return the bytes in use."""
    pool = _pool(device)
    return 0 if pool is None else int(pool.used_bytes())


def memory_reserved(device: Any = None) -> int:
    """Return the bytes that the pool holds."""
    pool = _pool(device)
    return 0 if pool is None else int(pool.total_bytes())


def max_memory_allocated(device: Any = None) -> int:
    """Return the bytes that the pool holds, the largest figure that CuPy keeps."""
    return memory_reserved(device)


max_memory_reserved = max_memory_allocated


def reset_peak_memory_stats(device: Any = None) -> None:
    """Do nothing: the largest figure falls with empty_cache()."""


reset_max_memory_allocated = reset_peak_memory_stats


def memory_stats(device: Any = None) -> dict[str, int]:
    """Return the figures under torch's names; nothing without a device."""
    if not devices.is_initialized():
        return {}
    used, held = memory_allocated(device), memory_reserved(device)
    return {
        "allocated_bytes.all.current": used, "allocated_bytes.all.peak": held,
        "reserved_bytes.all.current": held, "reserved_bytes.all.peak": held,
    }  # fmt: skip


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """Return the figures as text."""
    return "\n".join(f"{name}: {value}" for name, value in memory_stats(device).items())


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Return the free bytes of a device and all of them."""
    with devices.device(device):
        free, total = load().cuda.runtime.memGetInfo()
    return int(free), int(total)


def set_per_process_memory_fraction(fraction: float, device: Any = None) -> None:
    """Let the pool hold no more than a fraction of a device's memory.

    Raises:
        OpValueError: The fraction is not between 0 and 1.
    """
    if not 0 <= fraction <= 1:
        raise OpValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
    with devices.device(device):
        load().get_default_memory_pool().set_limit(fraction=fraction)

"""CuPy, loaded when a CUDA device is first asked for."""

from __future__ import annotations

from functools import lru_cache

from dtrain.backend.module import register_array_class
from dtrain.errors import DeviceError
from dtrain.typing import Xp

__all__ = ["device_count", "load"]


@lru_cache(maxsize=1)
def load() -> Xp:
    """Import CuPy and make its arrays known.

    Raises:
        DeviceError: CuPy is not installed or sees no GPU.
    """
    try:
        import cupy
    except ImportError as error:
        raise DeviceError(
            "device 'cuda': Torch not compiled with CUDA enabled: CuPy is not installed; expected "
            "one of dtrain's GPU extras; do `pip install dtrain[cuda12]` or dtrain[cuda13]"
        ) from error
    try:
        found = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise DeviceError(f"device 'cuda': CuPy found no usable GPU: {error}") from error
    if found == 0:
        raise DeviceError("device 'cuda': CuPy found no GPU")
    register_array_class(cupy.ndarray, cupy)
    return cupy


def device_count() -> int:
    """Return the number of CUDA devices; 0 where CuPy or a driver is missing."""
    try:
        return int(load().cuda.runtime.getDeviceCount())
    except DeviceError:
        return 0

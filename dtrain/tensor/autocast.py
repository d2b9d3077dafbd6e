"""Autocast: which operators compute in a shorter type, and which in float32, while it is on.

The context manager is dtrain.amp.autocast; here are its state and the operators that it concerns.
The others never ask for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from dtrain.errors import OpError, OpValueError
from dtrain.tensor import dtype as dt
from dtrain.tensor.tensor import Tensor

__all__ = [
    "autocast_decrement_nesting", "autocast_increment_nesting", "clear_autocast_cache",
    "get_autocast_cpu_dtype", "get_autocast_dtype", "get_autocast_gpu_dtype",
    "is_autocast_cache_enabled", "is_autocast_cpu_enabled", "is_autocast_enabled",
    "set_autocast_cache_enabled", "set_autocast_dtype", "set_autocast_enabled",
]  # fmt: skip

# Products: their inputs are cast to the shorter type.
_SHORTER = frozenset({
    "addmm", "baddbmm", "bmm", "convolution_input_grad", "convolution_nd", "linear", "matmul", "mm",
    "prelu_each",
})  # fmt: skip
# What loses too much in the shorter type: inputs of that type are cast to float32.
_FLOAT32 = frozenset({
    "absolute_error", "binary_entropy", "euclidean", "geqrf", "huber_error", "logit_entropy",
    "nll_loss_nd", "prod", "squared_error", "triangle_solve",
})  # fmt: skip
_FLOAT32_FAMILIES = ("linalg_", "fft_")
_FLOAT32_ON_CUDA = frozenset({
    "_log_softmax", "_softmax", "acos", "asin", "cosh", "cumprod", "cumsum", "erfinv", "exp",
    "expm1", "layer_norm_last", "log", "log10", "log1p", "log2", "logsumexp", "pow", "reciprocal",
    "rsqrt", "sinh", "softplus", "sum", "tan", "vector_norm",
})  # fmt: skip


class _State(threading.local):
    """What the present thread has set, by the type of device."""

    def __init__(self) -> None:
        self.enabled = {"cpu": False, "cuda": False}
        self.dtype = {"cpu": dt.bfloat16, "cuda": dt.float16}
        self.cache = True
        self.nesting = 0
        self.on = False


STATE = _State()  # STATE.on is True where it is enabled for some device


def guard(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """Return the call of an operator that minds autocast, or `call` itself where that is nothing.

    Args:
        name: The operator's.
        call: Its call, whatever autocast says.
    """
    lowers = name in _SHORTER
    everywhere = lowers or name in _FLOAT32 or name.startswith(_FLOAT32_FAMILIES)
    if not everywhere and name not in _FLOAT32_ON_CUDA:
        return call
    devices = ("cpu", "cuda") if everywhere else ("cuda",)

    def guarded(*args: Any, **kw: Any) -> Any:
        if STATE.on:
            for device in devices:
                if STATE.enabled[device]:
                    target = STATE.dtype[device] if lowers else dt.float32
                    args = tuple([_cast(x, device, target) for x in args])
                    kw = {key: _cast(x, device, target) for key, x in kw.items()}
        return call(*args, **kw)

    return guarded


def _cast(x: Any, device: str, target: dt.dtype) -> Any:
    """Return a floating tensor of the device in another type; doubles and the rest as they are."""
    if not isinstance(x, Tensor) or not x.is_floating_point() or x.dtype is target:
        return x
    return x if x.dtype is dt.float64 or x.device.type != device else x.to(target)


# ---- questions and settings ----


def _device(where: str, device_type: str) -> str:
    if device_type not in STATE.enabled:
        raise OpError(
            f"{where}({device_type!r}): unsupported autocast device_type; expected 'cpu' or 'cuda'"
        )
    return device_type


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Return True where autocast is on for a type of device."""
    return STATE.enabled[_device("is_autocast_enabled", device_type)]


def set_autocast_enabled(device_type: str | bool, enabled: bool = True) -> None:
    """Switch autocast for a type of device; of old, one argument switches it for CUDA."""
    name, on = ("cuda", device_type) if isinstance(device_type, bool) else (device_type, enabled)
    STATE.enabled[_device("set_autocast_enabled", name)] = bool(on)
    STATE.on = any(STATE.enabled.values())


def is_autocast_cpu_enabled() -> bool:
    """Return True where autocast is on for the CPU."""
    return STATE.enabled["cpu"]


def get_autocast_dtype(device_type: str) -> dt.dtype:
    """Return the shorter type for a type of device."""
    return STATE.dtype[_device("get_autocast_dtype", device_type)]


def set_autocast_dtype(device_type: str, dtype: dt.dtype) -> None:
    """Set the shorter type for a type of device.

    Raises:
        OpValueError: That is no type.
    """
    if not isinstance(dtype, dt.dtype):
        raise OpValueError(f"set_autocast_dtype({device_type!r}, {dtype!r}): expected a dtype")
    STATE.dtype[_device("set_autocast_dtype", device_type)] = dtype


def get_autocast_cpu_dtype() -> dt.dtype:
    """Return the shorter type for the CPU."""
    return STATE.dtype["cpu"]


def get_autocast_gpu_dtype() -> dt.dtype:
    """Return the shorter type for CUDA."""
    return STATE.dtype["cuda"]


def is_autocast_cache_enabled() -> bool:
    """Return what set_autocast_cache_enabled has set."""
    return STATE.cache


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Keep the wish to cast a weight once only; each use casts anew, which gives the same."""
    STATE.cache = bool(enabled)


def clear_autocast_cache() -> None:
    """Do nothing: no cast is kept."""


def autocast_increment_nesting() -> int:
    """Count one more autocast around the present code; return how many there are."""
    STATE.nesting += 1
    return STATE.nesting


def autocast_decrement_nesting() -> int:
    """Count one less; return how many there are."""
    STATE.nesting -= 1
    return STATE.nesting

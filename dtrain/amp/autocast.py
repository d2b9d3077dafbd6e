"""torch.autocast: products in a shorter type for a part of a program."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from dtrain.backend.cupy_ import device_count
from dtrain.errors import OpError, OpValueError
from dtrain.tensor import autocast as state
from dtrain.tensor import dtype as dt
from dtrain.tensor.grad_mode import decorate
from dtrain.tensor.tensor import Tensor

__all__ = ["autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]

_DEVICES = ("cpu", "cuda")
_SHORT = (dt.bfloat16, dt.float16)


def is_autocast_available(device_type: str) -> bool:
    """Return True for the types of devices that have an autocast."""
    return device_type in _DEVICES


class autocast:
    """Compute products in a shorter type, and what needs it in float32: context or decorator.

    Args:
        device_type: Whose operators: "cpu" or "cuda".
        dtype: The shorter type; None for bfloat16 on the CPU and float16 on CUDA.
        enabled: False to do without inside another autocast.
        cache_enabled: Kept for is_autocast_cache_enabled.

    Raises:
        OpValueError: The type of device is no string.
        OpError: There is no autocast for that type of device.

    Example:
        >>> with dtrain.autocast("cpu"):
        ...     y = dtrain.ones(2, 2) @ dtrain.ones(2, 2)
        >>> y.dtype
        torch.bfloat16
    """

    def __init__(
        self,
        device_type: str,
        dtype: dt.dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        if not isinstance(device_type, str):
            raise OpValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if not is_autocast_available(device_type):
            raise OpError(f"User specified an unsupported autocast device_type '{device_type}'")
        self.device = device_type
        self.fast_dtype = state.get_autocast_dtype(device_type) if dtype is None else dtype
        self._enabled = enabled and self._can()
        self._cache_enabled = cache_enabled
        self._before: list[tuple[bool, dt.dtype, bool]] = []

    def _can(self) -> bool:
        problem = ""
        if self.device == "cuda" and not device_count():
            problem = "CUDA is not available. Disabling autocast."
        elif self.fast_dtype not in _SHORT:
            problem = (
                f"In {self.device.upper()} autocast, but the target dtype is not supported. "
                f"Disabling autocast.\n{self.device.upper()} Autocast only supports dtypes of "
                f"{', '.join(map(str, _SHORT))} currently."
            )
        if problem:
            warnings.warn(problem, UserWarning, stacklevel=4)
        return not problem

    def __enter__(self) -> autocast:
        device = self.device
        self._before.append(
            (
                state.is_autocast_enabled(device),
                state.get_autocast_dtype(device),
                state.is_autocast_cache_enabled(),
            )
        )
        state.set_autocast_enabled(device, self._enabled)
        state.set_autocast_dtype(device, self.fast_dtype)
        if self._cache_enabled is not None:
            state.set_autocast_cache_enabled(self._cache_enabled)
        state.autocast_increment_nesting()
        return self

    def __exit__(self, *exc: object) -> None:
        state.autocast_decrement_nesting()
        enabled, dtype, cache = self._before.pop()
        state.set_autocast_enabled(self.device, enabled)
        state.set_autocast_dtype(self.device, dtype)
        state.set_autocast_cache_enabled(cache)

    def __call__(self, fn: Callable[..., Any]) -> Any:
        """Return a function that computes under this autocast."""
        return decorate(lambda: self, fn)


def custom_fwd(fwd: Any = None, *, device_type: str, cast_inputs: dt.dtype | None = None) -> Any:
    """Decorate forward of an autograd.Function for autocast.

    Args:
        fwd: The function, with ctx first; None to give a decorator.
        device_type: "cpu" or "cuda".
        cast_inputs: Under autocast, cast floating tensors to this type and compute without it;
            None to compute as autocast says.
    """
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(ctx: Any, *args: Any, **kw: Any) -> Any:
        active = state.is_autocast_enabled(device_type)
        ctx._dtype = state.get_autocast_dtype(device_type)
        ctx._fwd_used_autocast = active and cast_inputs is None
        if not active or cast_inputs is None:
            return fwd(ctx, *args, **kw)
        with autocast(device_type, enabled=False):
            return fwd(
                ctx,
                *_cast(args, device_type, cast_inputs),
                **_cast(kw, device_type, cast_inputs),
            )

    return forward


def custom_bwd(bwd: Any = None, *, device_type: str) -> Any:
    """Decorate backward of an autograd.Function: compute under the autocast of its forward.

    Args:
        bwd: The function, with ctx first; None to give a decorator.
        device_type: "cpu" or "cuda".
    """
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(ctx: Any, *args: Any, **kw: Any) -> Any:
        with autocast(device_type, dtype=ctx._dtype, enabled=ctx._fwd_used_autocast):
            return bwd(ctx, *args, **kw)

    return backward


def _cast(value: Any, device_type: str, dtype: dt.dtype) -> Any:
    """Return what a function gets, with floating tensors of the device in another type."""
    if isinstance(value, Tensor):
        fits = value.is_floating_point() and value.dtype is not dt.float64
        return value.to(dtype) if fits and value.device.type == device_type else value
    if isinstance(value, Mapping):
        return {key: _cast(item, device_type, dtype) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(item, device_type, dtype) for item in value)
    return value

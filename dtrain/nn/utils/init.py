"""Modules without their first values."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from dtrain.errors import OpError
from dtrain.nn.module import Module
from dtrain.tensor.random import get_rng_state, set_rng_state

__all__ = ["skip_init"]

M = TypeVar("M", bound=Module)


def skip_init(module_cls: type[M], *args: Any, **kwargs: Any) -> M:
    """Return a module whose parameters hold undefined values; no random numbers are drawn.

    Args:
        module_cls: The module's class, with an argument `device`.
        *args: Its arguments.
        **kwargs: Its arguments by name.

    Raises:
        OpError: The class is no module, or takes no device.

    Note: the first values are drawn and dropped, and the generator is set back.
    """
    if not issubclass(module_cls, Module):
        raise OpError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise OpError("Module must support a 'device' arg to skip initialization")
    device, state = kwargs.pop("device", "cpu"), get_rng_state()
    try:
        return module_cls(*args, **kwargs).to_empty(device=device)
    finally:
        set_rng_state(state)

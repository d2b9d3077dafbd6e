"""Faster kernels, by array module and operator name.

A kernel takes the operator's arguments in order, as its body does after `xp`, and is tested against
that body. Where none stands here, the body itself runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["KERNELS", "kernel"]

KERNELS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", name): ufunc
    for name, ufunc in {
        # the operators that are one ufunc: no frame of Python between the call and the loop
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.true_divide,
        "neg": np.negative,
        "exp": np.exp,
        "log": np.log,
        "sin": np.sin,
        "cos": np.cos,
        "tanh": np.tanh,
        "sqrt": np.sqrt,
        "eq": np.equal,
        "ne": np.not_equal,
        "lt": np.less,
        "le": np.less_equal,
        "gt": np.greater,
        "ge": np.greater_equal,
        "maximum": np.maximum,
        "minimum": np.minimum,
    }.items()
}


def kernel(module: str, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function as the kernel of operator `name` on arrays of `module`."""

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        KERNELS[(module, name)] = fn
        return fn

    return decorate

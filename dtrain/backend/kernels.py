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
        "abs": np.absolute,
        "acos": np.arccos,
        "add": np.add,
        "asin": np.arcsin,
        "atan": np.arctan,
        "bitwise_and": np.bitwise_and,
        "bitwise_or": np.bitwise_or,
        "bitwise_xor": np.bitwise_xor,
        "ceil": np.ceil,
        "cos": np.cos,
        "cosh": np.cosh,
        "div": np.true_divide,
        "eq": np.equal,
        "exp": np.exp,
        "exp2": np.exp2,
        "expm1": np.expm1,
        "floor": np.floor,
        "ge": np.greater_equal,
        "gt": np.greater,
        "isfinite": np.isfinite,
        "isinf": np.isinf,
        "le": np.less_equal,
        "log": np.log,
        "log10": np.log10,
        "log1p": np.log1p,
        "log2": np.log2,
        "lt": np.less,
        "maximum": np.maximum,
        "minimum": np.minimum,
        "mul": np.multiply,
        "ne": np.not_equal,
        "neg": np.negative,
        "reciprocal": np.reciprocal,
        "sin": np.sin,
        "sinh": np.sinh,
        "sqrt": np.sqrt,
        "sub": np.subtract,
        "tan": np.tan,
        "tanh": np.tanh,
        "trunc": np.trunc,
    }.items()
}


def kernel(module: str, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function as the kernel of operator `name` on arrays of `module`."""

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        KERNELS[(module, name)] = fn
        return fn

    return decorate

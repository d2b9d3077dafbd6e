"""Window functions under torch's older names: hann_window and its kin, periodic by default."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dtrain.errors import DtypeError, ShapeError
from dtrain.tensor.create import finish, np_type, on
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"]

Curve = Callable[[Xp, Any], Any]
"""The values of a window at phases from 0 (its beginning) to 1 (its end)."""


def sampled(length: int, periodic: bool, target: Any, device: Any, curve: Curve) -> Array:
    """Return a window's values.

    Args:
        length: How many.
        periodic: Leave out the last of length + 1 values, so that the window repeats.
        target: NumPy's type of the result; computed in float64 all the same.
        device: Where it goes.
        curve: Gives the values.
    """

    def make(xp: Xp) -> Array:
        if length <= 1:
            return xp.ones(length, target)
        steps = length if periodic else length - 1
        phase = xp.arange(length, dtype=np.float64) / steps
        return curve(xp, phase).astype(target)

    return on(device, make)


def cosines(weights: Sequence[float]) -> Curve:
    """Return the curve of a sum of cosines with alternating signs."""
    return lambda xp, phase: sum(
        (-1) ** k * w * xp.cos(2 * math.pi * k * phase) for k, w in enumerate(weights)
    )


def triangle(xp: Xp, phase: Any) -> Any:
    """Return the curve that goes up to 1 and down again."""
    return 1 - abs(2 * phase - 1)


def kaiser_curve(beta: float) -> Curve:
    """Return the curve made of the modified Bessel function of order 0."""
    return lambda xp, phase: (
        xp.i0(beta * xp.sqrt(xp.maximum(1 - (2 * phase - 1) ** 2, 0))) / xp.i0(beta)
    )


def _window(
    where: str, length: int, periodic: bool, curve: Curve, dtype: Any, device: Any,
    requires_grad: bool,
) -> Tensor:  # fmt: skip
    target = np_type(dtype)
    if target.kind in "biu":
        raise DtypeError(f"{where} expects floating point dtypes, got: {dtype}")
    if length < 0:
        raise ShapeError(f"{where} requires non-negative window_length, got window_length={length}")
    return finish(sampled(length, periodic, target, device, curve), requires_grad)


def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return the window that goes up to 1 and down again in straight lines."""
    return _window(
        "bartlett_window", window_length, periodic, triangle, dtype, device, requires_grad
    )


def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return Blackman's window, 0.42 - 0.5 cos + 0.08 cos of twice the angle."""
    curve = cosines((0.42, 0.5, 0.08))
    return _window("blackman_window", window_length, periodic, curve, dtype, device, requires_grad)


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *,
    dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return Hamming's window, alpha - beta cos."""
    curve = cosines((alpha, beta))
    return _window("hamming_window", window_length, periodic, curve, dtype, device, requires_grad)


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return Hann's window, 0.5 - 0.5 cos.

    >>> dtrain.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    curve = cosines((0.5, 0.5))
    return _window("hann_window", window_length, periodic, curve, dtype, device, requires_grad)


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None,
    layout: Any = None, device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return Kaiser's window; a greater beta makes it narrower."""
    curve = kaiser_curve(beta)
    return _window("kaiser_window", window_length, periodic, curve, dtype, device, requires_grad)

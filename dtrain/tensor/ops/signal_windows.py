"""Window functions under the names of torch.signal.windows: symmetric by default."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from dtrain.errors import OpTypeError, OpValueError
from dtrain.tensor.create import finish, np_type
from dtrain.tensor.layout import strided
from dtrain.tensor.ops.windows import Curve, cosines, kaiser_curve, sampled, triangle
from dtrain.tensor.tensor import Tensor

__all__ = [
    "bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine",
    "general_hamming", "hamming", "hann", "kaiser", "nuttall",
]  # fmt: skip


def _window(
    where: str, M: int, sym: bool, curve: Curve, dtype: Any, layout: Any, device: Any,
    requires_grad: bool,
) -> Tensor:  # fmt: skip
    if M < 0:
        raise OpValueError(f"{where} requires non-negative window length, got M={M}")
    if layout not in (None, strided):
        raise OpValueError(f"{where} is implemented for strided tensors only, got: {layout}")
    target = np_type(dtype)
    if target.name not in ("float32", "float64"):
        raise OpValueError(f"{where} expects float32 or float64 dtypes, got: {dtype}")
    return finish(sampled(M, not sym, target, device, curve), requires_grad)


def _steps(M: int, sym: bool) -> int:
    """Return how many steps there are from the window's beginning to its end."""
    return max(M - 1 if sym else M, 1)


def bartlett(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return the window of M values that goes up to 1 and down again in straight lines."""
    return _window("bartlett", M, sym, triangle, dtype, layout, device, requires_grad)


def general_cosine(
    M: int, *, a: Iterable[float], sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return a sum of cosines with the weights `a`, of alternating signs.

    Args:
        M: How many values.
        a: The weights of the constant, the cosine, that of twice the angle, and so on.
        sym: The last value is the first one; without, the window repeats after M values.
        dtype: float32 or float64.
        layout: None or strided.
        device: Where it goes.
        requires_grad: Whether it is a leaf that requires grad.

    Raises:
        OpTypeError: `a` is no sequence.
        OpValueError: There are no weights, M is negative, or the type is another one.
    """
    if not isinstance(a, Iterable):
        raise OpTypeError("Coefficients must be a list/tuple")
    weights = tuple(a)
    if not weights:
        raise OpValueError("Coefficients cannot be empty")
    return _window("general_cosine", M, sym, cosines(weights), dtype, layout, device, requires_grad)


def general_hamming(
    M: int, *, alpha: float = 0.54, sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return alpha - (1 - alpha) cos."""
    return general_cosine(
        M,
        a=(alpha, 1 - alpha),
        sym=sym,
        dtype=dtype,
        layout=layout,
        device=device,
        requires_grad=requires_grad,
    )


def hamming(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return Hamming's window, 0.54 - 0.46 cos."""
    return general_hamming(
        M, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def hann(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return Hann's window, 0.5 - 0.5 cos."""
    return general_hamming(
        M,
        alpha=0.5,
        sym=sym,
        dtype=dtype,
        layout=layout,
        device=device,
        requires_grad=requires_grad,
    )


def blackman(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return Blackman's window, a sum of three cosines."""
    return general_cosine(
        M,
        a=(0.42, 0.5, 0.08),
        sym=sym,
        dtype=dtype,
        layout=layout,
        device=device,
        requires_grad=requires_grad,
    )


def nuttall(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return Nuttall's window, a sum of four cosines with least side lobes."""
    return general_cosine(
        M, a=(0.3635819, 0.4891775, 0.1365995, 0.0106411), sym=sym, dtype=dtype, layout=layout,
        device=device, requires_grad=requires_grad,
    )  # fmt: skip


def cosine(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return half a wave of the sine, taken in the middle of M steps."""
    steps = _steps(M, sym)

    def curve(xp: Any, phase: Any) -> Any:
        return xp.sin(math.pi * (phase * steps + 0.5) / (steps + 1))

    return _window("cosine", M, sym, curve, dtype, layout, device, requires_grad)


def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return exp(-abs(n - center) / tau).

    Raises:
        OpValueError: `tau` is not positive, or a center is given to a symmetric window.
    """
    if tau <= 0:
        raise OpValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise OpValueError("Center must be None for symmetric windows")
    steps = _steps(M, sym)
    middle = steps / 2 if center is None else center

    def curve(xp: Any, phase: Any) -> Any:
        return xp.exp(-abs(phase * steps - middle) / tau)

    return _window("exponential", M, sym, curve, dtype, layout, device, requires_grad)


def gaussian(
    M: int, *, std: float = 1.0, sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return the normal curve of standard deviation `std`, in samples.

    Raises:
        OpValueError: `std` is not positive.
    """
    if std <= 0:
        raise OpValueError(f"Standard deviation must be positive, got: {std} instead.")
    steps = _steps(M, sym)

    def curve(xp: Any, phase: Any) -> Any:
        return xp.exp(-(((phase - 0.5) * steps / std) ** 2) / 2)

    return _window("gaussian", M, sym, curve, dtype, layout, device, requires_grad)


def kaiser(
    M: int, *, beta: float = 12.0, sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return Kaiser's window.

    Raises:
        OpValueError: `beta` is negative.
    """
    if beta < 0:
        raise OpValueError(f"beta must be non-negative, got: {beta} instead.")
    return _window("kaiser", M, sym, kaiser_curve(beta), dtype, layout, device, requires_grad)

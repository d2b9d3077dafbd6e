"""The frequencies that a spectrum's values stand for, and their order."""

from __future__ import annotations

from typing import Any

from dtrain.errors import DtypeError
from dtrain.tensor.create import fill_out, finish, np_type, on
from dtrain.tensor.ops.rearrange import roll
from dtrain.tensor.shape_rules import wrap_dims
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Shape, Xp

__all__ = ["fftfreq", "fftshift", "ifftshift", "rfftfreq"]


def _frequencies(
    where: str, count: int, first: int, n: int, d: float, out: Any, dtype: Any, device: Any,
    requires_grad: bool,
) -> Tensor:  # fmt: skip
    target = np_type(dtype if out is None else out.dtype)
    if target.kind in "biu":
        raise DtypeError(f"{where} requires a floating point or complex dtype")

    def make(xp: Xp) -> Array:
        step = xp.arange(count)
        return (xp.where(step < first, step, step - count) / (n * d)).astype(target)

    array = on(device, make) if n else on(device, lambda xp: xp.zeros(0, target))
    return finish(array, requires_grad) if out is None else fill_out(where, array, out, dtype)


def fftfreq(
    n: int, d: float = 1.0, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return the frequencies of fft's n values, for samples at distance d.

    >>> dtrain.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    return _frequencies("fftfreq", n, (n + 1) // 2, n, d, out, dtype, device, requires_grad)


def rfftfreq(
    n: int, d: float = 1.0, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return the frequencies of rfft's n // 2 + 1 values, for n samples at distance d."""
    half = n // 2 + 1
    return _frequencies("rfftfreq", half, half, n, d, out, dtype, device, requires_grad)


def _shifted(where: str, input: Tensor, dim: Any, inverse: bool) -> Any:
    dims = range(input.ndim) if dim is None else wrap_dims(where, dim, input.ndim)
    steps = [-(input.shape[d] // 2) if inverse else input.shape[d] // 2 for d in dims]
    return roll(input, steps, tuple(dims)) if steps else input.clone()


def fftshift(input: Tensor, dim: int | Shape | None = None) -> Any:
    """Return a spectrum with the frequency 0 moved to the middle of each of `dim` (None: all)."""
    return _shifted("fftshift", input, dim, False)


def ifftshift(input: Tensor, dim: int | Shape | None = None) -> Any:
    """Return a spectrum with the frequency 0 moved back to the front: the inverse of fftshift."""
    return _shifted("ifftshift", input, dim, True)

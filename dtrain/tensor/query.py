"""Questions about tensors and types, as functions."""

from __future__ import annotations

import math
from typing import Any

from dtrain.errors import OpTypeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.tensor import Tensor

__all__ = [
    "finfo", "iinfo", "is_complex", "is_floating_point", "is_nonzero",
    "is_tensor", "numel",
]  # fmt: skip


def is_tensor(obj: Any) -> bool:
    """Return True for a tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Return True for a tensor of a real floating type."""
    return input.is_floating_point()


def is_complex(input: Tensor) -> bool:
    """Return True for a tensor of a complex type."""
    return input.is_complex()


def is_nonzero(input: Tensor) -> bool:
    """Return True for a tensor whose only element is not zero."""
    return bool(input)


def numel(input: Tensor) -> int:
    """Return the number of elements."""
    if not isinstance(input, Tensor):
        raise OpTypeError(f"numel(): argument 'input' must be Tensor, not {type(input).__name__}")
    return input.numel()


class _Limits:
    """What finfo and iinfo share: they are equal where their type is, and show torch's text."""

    bits: int
    dtype: str
    _shown: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), self.dtype))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name):.6g}" for name in self._shown)
        return f"{type(self).__name__}({shown}, dtype={self.dtype})"


class finfo(_Limits):
    """Limits of a floating type, as torch.finfo; a complex type has those of its parts.

    Attributes:
        bits: Bits of one number.
        eps: The step from 1 to the next number.
        max: The largest number.
        min: The smallest, -max.
        tiny: The smallest positive number of full precision.
        smallest_normal: The same.
        resolution: 10**-n for n decimal digits.
        dtype: The name of the type.

    Raises:
        OpTypeError: The type is no floating or complex type.
    """

    _shown = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")

    def __init__(self, type: dt.dtype | None = None) -> None:
        kind = dt.get_default_dtype() if type is None else _checked("finfo", type)
        if kind.category < 2:
            raise OpTypeError(
                f"torch.finfo() requires a floating point input type, not {kind}. Use torch.iinfo "
                "to handle it"
            )
        kind = kind.to_real()
        digits, exponent, lowest = _FLOATS[kind.name]
        self.bits = 8 * kind.itemsize
        self.eps = 2.0 ** (1 - digits)
        self.max = (2.0 - self.eps) * 2.0 ** (exponent - 1)
        self.min = -self.max
        self.tiny = self.smallest_normal = 2.0**lowest
        self.resolution = float(f"1e-{math.floor((digits - 1) * math.log10(2))}")
        self.dtype = kind.name


# Of each type: the bits of the significand, the exponent of the range's end, of the least normal.
_FLOATS = {
    "float16": (11, 16, -14), "bfloat16": (8, 128, -126), "float32": (24, 128, -126),
    "float64": (53, 1024, -1022),
}  # fmt: skip


class iinfo(_Limits):
    """Limits of an integer type, as torch.iinfo.

    Attributes:
        bits: Bits of one number.
        max: The largest number.
        min: The smallest.
        dtype: The name of the type.

    Raises:
        OpTypeError: The type is no integer type.
    """

    _shown = ("min", "max")

    def __init__(self, type: dt.dtype) -> None:
        kind = _checked("iinfo", type)
        if kind.category != 1:
            raise OpTypeError(f"torch.iinfo() requires an integer input type, not {kind}")
        self.bits = 8 * kind.itemsize
        self.max = 2 ** (self.bits - kind.is_signed) - 1
        self.min = -self.max - 1 if kind.is_signed else 0
        self.dtype = kind.name


def _checked(where: str, type: Any) -> dt.dtype:
    if not isinstance(type, dt.dtype):
        name = type.__class__.__name__
        raise OpTypeError(
            f"{where}(): argument 'type' (position 1) must be torch.dtype, not {name}"
        )
    return type

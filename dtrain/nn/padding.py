"""Padding: a border around the last dimensions.

`padding` is one number for all sides, or before and after, from the last dimension to the first.
"""

from __future__ import annotations

from typing import Any

from dtrain.nn import functional as F
from dtrain.nn.module import Module
from dtrain.tensor.tensor import Tensor

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Pad(Module):
    """A border of `dims` dimensions, made in one of the modes of F.pad."""

    dims: int
    mode: str

    def __init__(self, padding: Any) -> None:
        super().__init__()
        several = isinstance(padding, (tuple, list))
        self.padding = tuple(padding) if several else (padding,) * (2 * self.dims)

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with its border."""
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """Return the widths."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    """A border of one value."""

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with its border."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """Put a value around (..., W)."""

    dims = 1


class ConstantPad2d(_ConstantPad):
    """Put a value around (..., H, W)."""

    dims = 2


class ConstantPad3d(_ConstantPad):
    """Put a value around (..., D, H, W)."""

    dims = 3


class ZeroPad1d(ConstantPad1d):
    """Put zeros around (..., W)."""

    extra_repr = _Pad.extra_repr

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)


class ZeroPad2d(ConstantPad2d):
    """Put zeros around (..., H, W)."""

    extra_repr = _Pad.extra_repr

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)


class ZeroPad3d(ConstantPad3d):
    """Put zeros around (..., D, H, W)."""

    extra_repr = _Pad.extra_repr

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)


class ReflectionPad1d(_Pad):
    """Mirror (..., W) at its ends."""

    dims, mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """Mirror (..., H, W) at its edges."""

    dims, mode = 2, "reflect"


class ReflectionPad3d(_Pad):
    """Mirror (..., D, H, W) at its faces."""

    dims, mode = 3, "reflect"


class ReplicationPad1d(_Pad):
    """Repeat the ends of (..., W)."""

    dims, mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """Repeat the edges of (..., H, W)."""

    dims, mode = 2, "replicate"


class ReplicationPad3d(_Pad):
    """Repeat the faces of (..., D, H, W)."""

    dims, mode = 3, "replicate"


class CircularPad1d(_Pad):
    """Go on with the other end of (..., W)."""

    dims, mode = 1, "circular"


class CircularPad2d(_Pad):
    """Go on with the other edge of (..., H, W)."""

    dims, mode = 2, "circular"


class CircularPad3d(_Pad):
    """Go on with the other face of (..., D, H, W)."""

    dims, mode = 3, "circular"

"""Complex numbers: their parts, their angles, and views as pairs of real numbers.

Unlike torch, conj() computes at once: no tensor here is lazily conjugated or negated.
"""

from __future__ import annotations

import math
from typing import Any

from dtrain.errors import DtypeError, OpError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import UNARY, UNARY_FLOAT, VIEW, Kind, attach, attach_inplace, function, op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = [
    "angle", "complex", "conj", "conj_physical", "imag", "is_conj", "is_neg", "polar", "real",
    "resolve_conj", "resolve_neg", "sgn", "view_as_complex", "view_as_real",
]  # fmt: skip

_PART = Kind(out=False, view=True, method=False)


def _is_complex(x: Any) -> bool:
    return "complex" in str(x.dtype)


# ---- parts ----


@op(_PART, holomorphic=False, input=lambda F, g, input_dtype: F.to_dtype(g, input_dtype))
def real(xp: Xp, input: Array) -> Array:
    """Return a view of the real parts; a real tensor itself."""
    return input.real if input.dtype.kind == "c" else input


@op(_PART, holomorphic=False, input=lambda F, g, input_dtype: F.to_dtype(g, input_dtype) * 1j)
def imag(xp: Xp, input: Array) -> Array:
    """Return a view of the imaginary parts.

    Raises:
        OpError: The tensor is real.
    """
    if input.dtype.kind != "c":
        raise OpError("imag is not implemented for tensors with non-complex dtypes.")
    return input.imag


def _assign_real(self: Tensor, value: Any) -> None:
    real(self).copy_(value)


def _assign_imag(self: Tensor, value: Any) -> None:
    imag(self).copy_(value)


attach("real", property(real, _assign_real))
attach("imag", property(imag, _assign_imag))


@op(
    Kind(broadcast=True, method=False, numbers="none"), holomorphic=False,
    real=lambda F, g: F.real(g),
    imag=lambda F, g: F.imag(g),
)  # fmt: skip
def complex(xp: Xp, real: Array, imag: Array) -> Array:
    """Return real + 1j * imag.

    Raises:
        DtypeError: The types differ.
    """
    if real.dtype != imag.dtype:
        raise DtypeError(
            "Expected both inputs to be Half, Float or Double tensors but got "
            f"{real.dtype} and {imag.dtype}"
        )
    return real + imag * xp.asarray(1j, "c8" if real.dtype.itemsize < 8 else "c16")


@accepts_out
def polar(abs: Tensor, angle: Tensor) -> Any:
    """Return abs * (cos(angle) + 1j * sin(angle))."""
    from dtrain.tensor.ops.elementary import cos, sin

    return complex(abs * cos(angle), abs * sin(angle))


# ---- conjugates ----


@op(VIEW, holomorphic=False, input=lambda F, g: F.conj(g))
def conj(xp: Xp, input: Array) -> Array:
    """Return the complex conjugates; a real tensor itself."""
    return xp.conjugate(input) if input.dtype.kind == "c" else input


@function
@accepts_out
def conj_physical(input: Tensor) -> Any:
    """Return the complex conjugates; a real tensor itself."""
    return conj(input)


attach_inplace(conj_physical)


@function
def is_conj(input: Tensor) -> bool:
    """Return False: no tensor is lazily conjugated."""
    return False


@function
def is_neg(input: Tensor) -> bool:
    """Return False: no tensor is lazily negated."""
    return False


@function
def resolve_conj(input: Tensor) -> Tensor:
    """Return the tensor itself: it is never lazily conjugated."""
    return input


@function
def resolve_neg(input: Tensor) -> Tensor:
    """Return the tensor itself: it is never lazily negated."""
    return input


# ---- direction ----


def _sgn_input(F: Any, g: Any, input: Any, result: Any) -> Any:
    if not _is_complex(input):
        return F.zeroed(g)
    radial = F.to_dtype(F.real(F.conj(result) * g), g.dtype) * result
    return F.where(input == 0, 0, (g - radial) / F.to_dtype(F.abs(input), g.dtype))


@op(UNARY, holomorphic=False, input=_sgn_input)
def sgn(xp: Xp, input: Array) -> Array:
    """Return input / abs(input), and 0 for 0: the sign of real numbers."""
    if input.dtype.kind != "c":
        return sign_of(xp, input)
    size = xp.abs(input)
    return xp.where(size == 0, xp.zeros((), input.dtype), input / xp.where(size == 0, 1, size))


def sign_of(xp: Xp, a: Any) -> Any:
    """Return the signs of real numbers; of nan it is 0, as in torch."""
    if a.dtype.kind == "b":
        return a.copy()
    if a.dtype.kind in "iu":
        return xp.sign(a)
    return (a > 0).astype(a.dtype) - (a < 0).astype(a.dtype)


def _angle_input(F: Any, g: Any, input: Any) -> Any:
    if not _is_complex(input):
        return F.zeroed(g)
    square = F.square(F.abs(input))
    return F.where(input == 0, 0, F.to_dtype(g / square, input.dtype) * input * 1j)


@op(UNARY_FLOAT, holomorphic=False, input=_angle_input)
def angle(xp: Xp, input: Array) -> Array:
    """Return the angles in radians; of real numbers 0 or pi."""
    if input.dtype.kind == "c":
        return xp.arctan2(input.imag, input.real)
    y = xp.where(input < 0, xp.asarray(math.pi, input.dtype), xp.zeros((), input.dtype))
    return xp.where(xp.isnan(input), input, y)


# ---- as pairs ----


@op(VIEW, holomorphic=False, input=lambda F, g: F.view_as_complex(F.contiguous(g)))
def view_as_real(xp: Xp, input: Array) -> Array:
    """Return a view as real numbers, with a last dimension (real, imaginary).

    Raises:
        OpError: The tensor is real.
    """
    if input.dtype.kind != "c":
        raise OpError("view_as_real is only supported for complex tensors")
    return input[..., None].view(input.real.dtype)


@op(VIEW, holomorphic=False, input=lambda F, g: F.view_as_real(F.contiguous(g)))
def view_as_complex(xp: Xp, input: Array) -> Array:
    """Return a view of pairs (real, imaginary) in the last dimension as complex numbers.

    Raises:
        OpError: The last dimension is no pair, or not contiguous.
    """
    if not input.ndim or input.shape[-1] != 2:
        raise OpError("Tensor must have a last dimension of size 2")
    if input.strides[-1] != input.itemsize:
        raise OpError("Tensor must have a last dimension with stride 1")
    return input.view("c8" if input.dtype.itemsize == 4 else "c16")[..., 0]

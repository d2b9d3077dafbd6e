"""Fourier transforms of one and of several dimensions.

Three operators carry them all: complex to complex, real to half spectrum, half spectrum to real.
They are linear, so a derivative is the adjoint: the opposite direction with the opposite scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.errors import DtypeError, OpError, OpIndexError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import INTERNAL, Kind, op
from dtrain.tensor.ops.cast import to_dtype
from dtrain.tensor.ops.linalg_checks import TITLES
from dtrain.tensor.promote import float_cast
from dtrain.tensor.shape_rules import wrap_dim
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Shape, Xp

__all__ = [
    "fft", "fft2", "fftn", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn", "ihfft", "ihfft2",
    "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftn",
]  # fmt: skip

Dims = Sequence[int]
_TRANSFORM = Kind(float_cast, out=False, method=False)
_ADJOINT = {"backward": "forward", "forward": "backward", "ortho": "ortho"}
"""The scale of the other direction; also that of the other direction's adjoint."""

# ---- operators ----


@op(INTERNAL, input=lambda F, g, input_shape, dims: F.fft_fit(
    g, dims, [input_shape[d] for d in dims]
))  # fmt: skip
def fft_fit(xp: Xp, input: Array, dims: Dims, sizes: Shape) -> Array:
    """Return the tensor cut off, or filled up with zeros, to `sizes` along `dims`."""
    shape = list(input.shape)
    for d, n in zip(dims, sizes, strict=True):
        shape[d] = n
    common = tuple([slice(0, min(a, b)) for a, b in zip(input.shape, shape, strict=True)])
    if all(a <= b for a, b in zip(shape, input.shape, strict=True)):
        return input[common]
    out = xp.zeros(shape, input.dtype)
    out[common] = input[common]
    return out


@op(INTERNAL, input=lambda F, g, dim, n: F.fft_doubled(g, dim, n))
def fft_doubled(xp: Xp, input: Array, dim: int, n: int) -> Array:
    """Return a half spectrum of n values with those doubled that stand for two of the whole one."""
    out = input.copy()
    out[(slice(None),) * dim + (slice(1, n - n // 2),)] *= 2
    return out


@op(
    _TRANSFORM, node="FftC2CBackward0",
    input=lambda F, g, input_dtype, dims, norm, forward: _real_part(
        F, F.fft_c2c(g, dims, _ADJOINT[norm], not forward), input_dtype
    ),
)  # fmt: skip
def fft_c2c(xp: Xp, input: Array, dims: Dims, norm: str, forward: bool) -> Array:
    """Return the transform of a whole spectrum along `dims`."""
    if not dims or not input.size:
        return input.astype(np.result_type(input.dtype, np.complex64))
    return (xp.fft.fftn if forward else xp.fft.ifftn)(input, axes=dims, norm=norm)


def _real_part(F: Any, g: Any, input_dtype: Any) -> Any:
    real = getattr(input_dtype, "kind", "") == "f" or getattr(input_dtype, "category", 3) == 2
    return F.real(g) if real else g


@op(
    _TRANSFORM, node="FftR2CBackward0",
    input=lambda F, g, input_shape, dims, norm: F.real(F.fft_c2c(
        F.fft_fit(g, dims[-1:], [input_shape[dims[-1]]]), dims, _ADJOINT[norm], False
    )),
)  # fmt: skip
def fft_r2c(xp: Xp, input: Array, dims: Dims, norm: str) -> Array:
    """Return the transform of real numbers, with the first half of the last of `dims`."""
    if not input.size:
        shape = list(input.shape)
        shape[dims[-1]] = shape[dims[-1]] // 2 + 1
        return xp.zeros(shape, np.result_type(input.dtype, np.complex64))
    return xp.fft.rfftn(input, axes=dims, norm=norm)


@op(
    _TRANSFORM, node="FftC2RBackward0",
    input=lambda F, g, input_dtype, dims, norm, n: _real_part(
        F, F.fft_doubled(F.fft_r2c(g, dims, _ADJOINT[norm]), dims[-1], n), input_dtype
    ),
)  # fmt: skip
def fft_c2r(xp: Xp, input: Array, dims: Dims, norm: str, n: int) -> Array:
    """Return the inverse transform of a half spectrum: n real numbers along the last of `dims`."""
    sizes = [input.shape[d] for d in dims[:-1]] + [n]
    if not input.size:
        shape = list(input.shape)
        shape[dims[-1]] = n
        return xp.zeros(shape, input.real.dtype)
    return xp.fft.irfftn(input, s=sizes, axes=dims, norm=norm)


# ---- arguments ----


def _norm(norm: str | None) -> str:
    if norm is None:
        return "backward"
    if norm not in _ADJOINT:
        raise OpError(f'Invalid normalization mode: "{norm}"')
    return norm


def _floating(input: Tensor) -> Any:
    """Return the tensor in a type that is transformed; integers become floating.

    Raises:
        DtypeError: It has a half type.
    """
    d = input.dtype
    if d.category == 2 and d.itemsize == 2:
        raise DtypeError(f"Unsupported dtype {TITLES[d.name]}")
    return to_dtype(input, dt.get_default_dtype()) if d.category < 2 else input


def _check_real(where: str, input: Tensor) -> None:
    if input.dtype.is_complex:
        raise DtypeError(f"{where} expects a real input tensor, but got {TITLES[input.dtype.name]}")


def _check_points(n: int) -> None:
    if n < 1:
        raise ShapeError(f"Invalid number of data points ({n}) specified")


def _frame(
    where: str, input: Tensor, s: Shape | None, dim: int | Shape | None
) -> tuple[list[int], list[int]]:
    """Return (dimensions, sizes): what to transform, and the lengths to bring it to.

    Raises:
        OpError: A dimension appears twice.
        ShapeError: There are more sizes than dimensions, or fewer.
    """
    ndim = input.ndim
    if dim is not None:
        given = (dim,) if isinstance(dim, int) else tuple(dim)
        if given and not ndim:
            raise OpIndexError(f"Dimension specified as {given[0]} but tensor has no dimensions")
        dims = [wrap_dim(where, d, ndim) for d in given]
        if len(set(dims)) != len(dims):
            raise OpError("FFT dims must be unique")
    elif s is not None:
        count = 1 if isinstance(s, int) else len(s)
        if count > ndim:
            raise ShapeError(
                f"Got shape with {count} values but input tensor only has {ndim} dimensions."
            )
        dims = list(range(ndim - count, ndim))
    else:
        dims = list(range(ndim))
    if s is None:
        return dims, [input.shape[d] for d in dims]
    asked = (s,) if isinstance(s, int) else tuple(s)
    if len(asked) != len(dims):
        raise ShapeError("When given, dim and shape arguments must have the same length")
    return dims, [input.shape[d] if n == -1 else n for d, n in zip(dims, asked, strict=True)]


def _fitted(input: Tensor, dims: Dims, sizes: Shape) -> Any:
    for n in sizes:
        _check_points(n)
    if all(input.shape[d] == n for d, n in zip(dims, sizes, strict=True)):
        return input
    return fft_fit(input, dims, sizes)


def _spectrum(where: str, input: Tensor, s: Any, dim: Any, norm: Any, forward: bool) -> Any:
    norm, input = _norm(norm), _floating(input)
    dims, sizes = _frame(where, input, s, dim)
    return fft_c2c(_fitted(input, dims, sizes), dims, norm, forward)


def _half_spectrum(where: str, input: Tensor, s: Any, dim: Any, norm: Any) -> Any:
    _check_real(where, input)
    norm, input = _norm(norm), _floating(input)
    dims, sizes = _frame(where, input, s, dim)
    if not dims:
        raise OpError(f"{where} must transform at least one axis")
    return fft_r2c(_fitted(input, dims, sizes), dims, norm)


def _from_half(where: str, input: Tensor, s: Any, dim: Any, norm: Any) -> Any:
    norm, input = _norm(norm), _floating(input)
    dims, sizes = _frame(where, input, s, dim)
    if not dims:
        raise OpError(f"{where} must transform at least one axis")
    last = None if s is None else (s if isinstance(s, int) else s[-1])
    n = 2 * (input.shape[dims[-1]] - 1) if last in (None, -1) else last
    _check_points(n)
    input = _fitted(input, dims, [*sizes[:-1], n // 2 + 1])
    if not input.dtype.is_complex:
        input = to_dtype(input, input.dtype.to_complex())
    return fft_c2r(input, dims, norm, n)


# ---- one dimension ----


@accepts_out
def fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Return the Fourier transform along a dimension.

    Args:
        input: Real or complex.
        n: Cut off or fill up with zeros to this length first.
        dim: The dimension.
        norm: "backward" (None) no scale, "ortho" 1 / sqrt(n), "forward" 1 / n.
    """
    return _spectrum("fft", input, n, dim, norm, True)


@accepts_out
def ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Return the inverse transform, by default scaled by 1 / n; see fft."""
    return _spectrum("ifft", input, n, dim, norm, False)


@accepts_out
def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Return the first half, n // 2 + 1 values, of the transform of real numbers; see fft."""
    return _half_spectrum("rfft", input, n, dim, norm)


@accepts_out
def irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Return the real numbers of which `input` is the half spectrum.

    Args:
        input: n // 2 + 1 values of a spectrum.
        n: The length of the result; None for an even one.
        dim: The dimension.
        norm: "backward" (None) 1 / n, "ortho" 1 / sqrt(n), "forward" no scale.
    """
    return _from_half("irfft", input, n, dim, norm)


@accepts_out
def hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Return the real transform of a signal of which `input` is the half, the rest its mirror."""
    return _from_half("hfft", input.conj(), n, dim, _ADJOINT[_norm(norm)])


@accepts_out
def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Return the half signal of which `input` is the real transform: the inverse of hfft."""
    return _half_spectrum("ihfft", input, n, dim, _ADJOINT[_norm(norm)]).conj()


# ---- several dimensions ----


@accepts_out
def fftn(
    input: Tensor, s: Shape | None = None, dim: Shape | None = None, norm: str | None = None
) -> Any:
    """Return the Fourier transform along several dimensions.

    Args:
        input: Real or complex.
        s: Cut off or fill up with zeros to these lengths first; -1 leaves one as it is.
        dim: The dimensions; None for all, or the last len(s).
        norm: "backward" (None) no scale, "ortho" 1 / sqrt(n), "forward" 1 / n.
    """
    return _spectrum("fftn", input, s, dim, norm, True)


@accepts_out
def ifftn(
    input: Tensor, s: Shape | None = None, dim: Shape | None = None, norm: str | None = None
) -> Any:
    """Return the inverse transform along several dimensions; see fftn."""
    return _spectrum("ifftn", input, s, dim, norm, False)


@accepts_out
def rfftn(
    input: Tensor, s: Shape | None = None, dim: Shape | None = None, norm: str | None = None
) -> Any:
    """Return the half, in the last dimension, of the transform of real numbers; see fftn."""
    return _half_spectrum("rfftn", input, s, dim, norm)


@accepts_out
def irfftn(
    input: Tensor, s: Shape | None = None, dim: Shape | None = None, norm: str | None = None
) -> Any:
    """Return the real numbers of which `input` is the half spectrum; see irfft and fftn."""
    return _from_half("irfftn", input, s, dim, norm)


@accepts_out
def hfftn(
    input: Tensor, s: Shape | None = None, dim: Shape | None = None, norm: str | None = None
) -> Any:
    """Return the real transform of a signal given by half; see hfft and fftn."""
    return _from_half("hfftn", input.conj(), s, dim, _ADJOINT[_norm(norm)])


@accepts_out
def ihfftn(
    input: Tensor, s: Shape | None = None, dim: Shape | None = None, norm: str | None = None
) -> Any:
    """Return the half signal of which `input` is the real transform; see hfftn."""
    return _half_spectrum("ihfftn", input, s, dim, _ADJOINT[_norm(norm)]).conj()


def _of_two(several: Any, name: str) -> Any:
    def call(
        input: Tensor, s: Shape | None = None, dim: Shape = (-2, -1), norm: str | None = None, *,
        out: Tensor | None = None,
    ) -> Any:  # fmt: skip
        return several(input, s, dim, norm, out=out)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Return {several.__name__} along two dimensions, by default the last two."
    return call


fft2, ifft2 = _of_two(fftn, "fft2"), _of_two(ifftn, "ifft2")
rfft2, irfft2 = _of_two(rfftn, "rfft2"), _of_two(irfftn, "irfft2")
hfft2, ihfft2 = _of_two(hfftn, "hfft2"), _of_two(ihfftn, "ihfft2")

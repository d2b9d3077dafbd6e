"""Box and Muller's transform: from uniform to normally distributed numbers, with torch's bits.

torch computes float32 logarithms, sines and cosines here with the polynomials of Cephes and with
fused multiply-adds, which round once where NumPy rounds twice. An initial weight that differs in
its last bit makes another training run, so this module takes the same steps.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NORMAL_BLOCK", "normal_blocks"]

# Fewer normal numbers than this are drawn in pairs, and the odd one is kept for the next call.
NORMAL_BLOCK = 16

# Pairs at a time: the dozen arrays in work stay in the cache.
_CHUNK = 1 << 14

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
_F32 = np.float32

# log(1 + x) = x - x**2 / 2 + x**3 * P(x) for sqrt(1/2) <= 1 + x < sqrt(2).
_LOG = np.array(
    [
        7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
        -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    ],
    _F32,
)  # fmt: skip
# log(2) in two parts, the greater with so few bits that its product with an exponent is exact.
_LN2_LOW, _LN2_HIGH = _F32(-2.12194440e-4), _F32(0.693359375)
_SQRT_HALF = _F32(math.sqrt(0.5))
# pi / 4 in three parts, of which the first two give exact products, and sine and cosine below it.
_QUARTER_PI = np.array([0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8], _F32)
_SIN = np.array([-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1], _F32)
_COS = np.array([2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2], _F32)


def normal_blocks(values: NDArray[Any]) -> None:
    """Turn numbers from [0, 1) into standard normal ones, in place.

    Args:
        values: float32 or float64, (16 * n,) and contiguous. In a block of 16 the first eight
            decide on the radius, the other eight on the angle.
    """
    # A half block moves as one item, so that copies are quick and arithmetic runs along one axis.
    half = np.dtype(("V", values.itemsize * NORMAL_BLOCK // 2))
    blocks = values.view(half).reshape(-1, 2)
    transform = _pairs32 if values.dtype == _F32 else _pairs64
    step = _CHUNK // (NORMAL_BLOCK // 2)
    for start in range(0, len(blocks), step):
        chunk = blocks[start : start + step]
        first, second = (chunk[:, i].copy().view(values.dtype) for i in (0, 1))
        first, second = transform(first, second)
        chunk[:, 0], chunk[:, 1] = first.view(half), second.view(half)


def _pairs32(first: Float32, second: Float32) -> tuple[Float32, Float32]:
    """Return two float32 normal numbers for each pair of uniform ones."""
    radius = np.sqrt(_F32(-2.0) * _log(_F32(1.0) - first))
    sine, cosine = _sin_cos(_F32(2.0 * math.pi) * second)
    return radius * cosine, radius * sine


def _pairs64(first: Float64, second: Float64) -> tuple[Float64, Float64]:
    """Return two float64 normal numbers for each pair of uniform ones."""
    radius = np.sqrt(-2.0 * np.log(1.0 - first))
    angle = 2.0 * math.pi * second
    return radius * np.cos(angle), radius * np.sin(angle)


def _fused(x: Float32, y: Float32, z: Float32 | np.float32) -> Float32:
    """Return x * y + z, rounded once: in float64 the product is exact."""
    wide = x.astype(np.float64)
    wide *= y
    wide += z
    return wide.astype(_F32)


def _polynomial(coefficients: Float32, x: Float32) -> Float32:
    """Return the value at `x` by Horner's rule with fused multiply-adds."""
    wide = x.astype(np.float64)
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        step = wide * value
        step += coefficient
        value = step.astype(_F32)
    return value


def _log(values: Float32) -> Float32:
    """Return the natural logarithm of numbers in (0, 1]."""
    bits = values.view(np.int32)
    exponent = ((bits >> 23) - 126).astype(_F32)
    fraction = ((bits & 0x7FFFFF) | 0x3F000000).view(_F32)
    small = (fraction < _SQRT_HALF).astype(_F32)
    exponent -= small
    x = (fraction - _F32(1.0)) + fraction * small
    square = x * x
    tail = _fused(_polynomial(_LOG, x) * x, square, exponent * _LN2_LOW)
    tail -= square * _F32(0.5)
    tail += x
    tail += exponent * _LN2_HIGH
    return tail


def _sin_cos(angle: Float32) -> tuple[Float32, Float32]:
    """Return the sine and the cosine of angles from [0, 2 pi]."""
    octant = (angle * _F32(4.0 / math.pi)).astype(np.int32)
    octant = (octant + 1) & ~1
    turns = octant.astype(_F32)
    x = (angle - turns * _QUARTER_PI[0]) - turns * _QUARTER_PI[1]
    x = _fused(turns, -_QUARTER_PI[2:], x)
    square = x * x
    cosine = _fused(_polynomial(_COS, square) * square, square, square * _F32(-0.5))
    cosine += _F32(1.0)
    sine = _fused(_polynomial(_SIN, square) * square, x, x)
    # In the second and the fourth quarter the two change places; half a turn changes the sign. On
    # the bits, as a choice by random numbers would be mispredicted half of the time.
    sine_bits, cosine_bits = sine.view(np.int32), cosine.view(np.int32)
    swapped = (sine_bits ^ cosine_bits) & ((octant << 30) >> 31)
    sine_bits ^= swapped
    sine_bits ^= (octant & 4) << 29
    cosine_bits ^= swapped
    cosine_bits ^= ((octant + 2) & 4) << 29
    return sine, cosine

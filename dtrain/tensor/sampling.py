"""What turns random bits into distributions: the transforms, and the types they work in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dtrain.errors import DtypeError, OpError, ShapeError

__all__ = [
    "FLOAT_BITS",
    "as_complex",
    "check_multinomial",
    "check_range",
    "compute_dtype",
    "find_categories",
    "first_arrivals",
    "float_dtype",
    "integer_limits",
    "narrowed",
    "real_dtype",
    "scaled",
]

# Bits of the significand: the integers up to 2**bits are exact.
FLOAT_BITS = {"bfloat16": 8, "float16": 11, "float32": 24, "float64": 53}


def float_dtype(where: str, dtype: DTypeLike, *, complex_too: bool = False) -> np.dtype[Any]:
    """Return the NumPy dtype, or raise if it is not floating point."""
    kind = np.dtype(dtype)
    if kind.name in FLOAT_BITS or (complex_too and kind.kind == "c"):
        return kind
    raise DtypeError(
        f"{where}({kind}): not implemented for '{kind}'; expected a floating point dtype; convert "
        "to float32 first"
    )


def compute_dtype(kind: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type in which numbers of a floating point type are computed."""
    return np.dtype(np.float64 if kind == np.float64 else np.float32)


def real_dtype(kind: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of the parts of a complex type."""
    return np.dtype(np.float64 if kind == np.complex128 else np.float32)


def as_complex(parts: NDArray[Any]) -> NDArray[Any]:
    """Return complex numbers from (..., 2) real and imaginary parts."""
    kind = np.dtype(np.complex128 if parts.dtype == np.float64 else np.complex64)
    return parts.view(kind).reshape(parts.shape[:-1])


def integer_limits(kind: np.dtype[Any]) -> tuple[int, int]:
    """Return the least and the greatest integer that a type holds exactly."""
    if kind.name in FLOAT_BITS:
        greatest = 1 << FLOAT_BITS[kind.name]
        return -greatest, greatest
    if kind.kind == "b":
        return 0, 1
    if kind.kind in "iu":
        return int(np.iinfo(kind).min), int(np.iinfo(kind).max)
    raise DtypeError(f"random_({kind}): expected an integer or floating point dtype")


def check_range(low: int, high: int, kind: np.dtype[Any]) -> None:
    """Raise unless [low, high) holds integers and they fit the type."""
    if low >= high:
        raise OpError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    # In a floating point type numbers outside are rounded, in an integer type they would wrap.
    if kind.name not in FLOAT_BITS:
        least, greatest = integer_limits(kind)
        if not least <= low <= greatest:
            raise OpError(f"random_(from={low}): from is out of bounds for {kind}")
        if high - 1 > greatest:
            raise OpError(f"random_(to={high}): to - 1 is out of bounds for {kind}")


def scaled(values: NDArray[Any], scale: float, offset: float) -> NDArray[Any]:
    """Return `values * scale + offset` rounded once, as a fused multiply-add does.

    torch's kernels fuse the two operations, and initial weights are to have the same bits.

    Args:
        values: float32 or float64.
        scale: Factor, rounded to the type of `values` first.
        offset: Summand, rounded likewise.
    """
    factor, summand = values.dtype.type(scale), values.dtype.type(offset)
    product: NDArray[Any] = values * factor
    if not summand:
        return product
    if values.dtype == np.float32:
        exact = values.astype(np.float64) * float(factor)
        return (exact + float(summand)).astype(np.float32)
    # Dekker: product + error is the exact product; Knuth: total + rest is the exact sum.
    high, low = _halves(values)
    factor_high, factor_low = _halves(factor)
    error = high * factor_high - product + high * factor_low + low * factor_high + low * factor_low
    total: NDArray[Any] = product + summand
    part = total - product
    rest = (product - (total - part)) + (summand - part)
    total += rest + error
    return total


def _halves(values: Any) -> tuple[Any, Any]:
    """Return float64 values as sums of two numbers of 26 bits, whose products are exact."""
    shifted = values * float((1 << 27) + 1)
    high = shifted - (shifted - values)
    return high, values - high


def narrowed(values: NDArray[Any], kind: np.dtype[Any]) -> NDArray[Any]:
    """Return float64 numbers in another floating point type.

    16-bit types are reached by way of float32, as in torch, which may round twice.
    """
    if kind.itemsize == 2:
        values = values.astype(np.float32)
    return values.astype(kind, copy=False)


def check_multinomial(weights: NDArray[Any], num_samples: int, replacement: bool) -> None:
    """Raise unless `num_samples` can be drawn from the rows of `weights`."""
    where = f"multinomial(input: {weights.dtype}{list(weights.shape)}, {num_samples})"
    if weights.ndim not in (1, 2):
        raise ShapeError(f"{where}: prob_dist must be 1 or 2 dim")
    if num_samples <= 0:
        raise OpError(f"{where}: cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > weights.shape[-1]:
        raise OpError(
            f"{where}: cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    if not np.all(np.isfinite(weights) & (weights >= 0)):
        raise OpError(f"{where}: probability tensor contains either `inf`, `nan` or element < 0")
    if not np.all(weights.sum(-1) > 0):
        raise OpError(f"{where}: invalid multinomial distribution (sum of probabilities <= 0)")


def first_arrivals(
    weights: NDArray[Any], waits: NDArray[Any], num_samples: int
) -> NDArray[np.int64]:
    """Return which categories come first, if each waits an exponential time over its weight.

    The first has the distribution of the weights, the next ones that of the rest.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = weights / waits
    if num_samples == 1:
        order: NDArray[Any] = np.argmax(rate, axis=-1, keepdims=True)
    else:
        order = np.argsort(-rate, axis=-1, kind="stable")[..., :num_samples]
    return order.astype(np.int64, copy=False)


def find_categories(weights: NDArray[Any], chance: NDArray[Any]) -> NDArray[np.int64]:
    """Return the categories in whose share of [0, 1] the numbers fall, row by row."""
    rows = weights.reshape(-1, weights.shape[-1])
    total = np.cumsum(rows, axis=-1, dtype=compute_dtype(weights.dtype))
    total /= total[:, -1:]
    total[:, -1] = 1
    pairs = zip(total, chance.reshape(len(rows), -1), strict=True)
    found = np.array([np.searchsorted(shares, numbers) for shares, numbers in pairs], np.int64)
    return found.reshape(chance.shape)

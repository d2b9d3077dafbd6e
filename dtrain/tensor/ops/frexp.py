"""Floating point numbers taken apart."""

from __future__ import annotations

from dtrain.errors import OpError
from dtrain.tensor import dtype as dt
from dtrain.tensor.op import PLAIN, op
from dtrain.typing import Array, Xp

__all__ = ["frexp"]


@op(
    PLAIN, returns=("mantissa", "exponent"),
    input=lambda F, g, exponent: F.to_dtype(g / F.exp2(exponent), g.dtype),
)  # fmt: skip
def frexp(xp: Xp, input: Array) -> tuple[Array, Array]:
    """Return mantissa and exponent: input = mantissa * 2 ** exponent with 0.5 <= |mantissa| < 1.

    Returns:
        A named tuple (mantissa, exponent): the type of the input, and int32.

    Raises:
        OpError: The elements are no real floating point numbers.
    """
    if input.dtype.kind not in "fV":
        raise OpError(
            f"torch.frexp() only supports floating-point dtypes, but got {dt.of(input.dtype).name}"
        )
    wide = input.astype(xp.float32) if input.dtype.kind == "V" else input
    mantissa, exponent = xp.frexp(wide)
    return xp.asarray(mantissa).astype(input.dtype, copy=False), exponent

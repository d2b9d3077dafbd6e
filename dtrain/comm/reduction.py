"""Which reductions exist, and how each dtype travels through one.

Drivers reduce only what every MPI knows: native integers, float32, float64, long double and
complex. The rest is brought into that form here: 16-bit (and 8-bit) floats are reduced in float32,
booleans as bytes 0 and 1, a mean as a sum that is divided afterwards.
"""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from dtrain.comm.wire import Array
from dtrain.errors import DtypeError

__all__ = ["Plan", "ReduceOp", "plan"]


class ReduceOp(enum.Enum):
    """How the values of all ranks become one value."""

    SUM = "sum"
    AVG = "avg"
    PRODUCT = "product"
    MIN = "min"
    MAX = "max"
    BAND = "band"
    BOR = "bor"
    BXOR = "bxor"


_BITWISE = frozenset({ReduceOp.BAND, ReduceOp.BOR, ReduceOp.BXOR})
_ORDERED = frozenset({ReduceOp.MIN, ReduceOp.MAX})

# On the bytes 0 and 1: "any" is the maximum, "all" is the minimum.
_LOGICAL = {
    ReduceOp.SUM: ReduceOp.MAX,
    ReduceOp.MAX: ReduceOp.MAX,
    ReduceOp.BOR: ReduceOp.MAX,
    ReduceOp.PRODUCT: ReduceOp.MIN,
    ReduceOp.MIN: ReduceOp.MIN,
    ReduceOp.BAND: ReduceOp.MIN,
    ReduceOp.BXOR: ReduceOp.BXOR,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How arrays of one dtype go through one reduction.

    Attributes:
        op: what the driver does with the wire arrays; never AVG.
        cast: the dtype of the wire, or None when the array travels in its own.
        logical: booleans, seen as uint8.
        mean: divide by the number of ranks at the end.
    """

    op: ReduceOp
    cast: np.dtype[Any] | None
    logical: bool
    mean: bool

    def load(self, array: Array) -> Array:
        """Return the C-contiguous wire form of `array`: itself, a view or a copy."""
        if self.cast is not None:
            with np.errstate(all="ignore"):
                return array.astype(self.cast, order="C")
        wire = array if array.flags.c_contiguous else array.copy(order="C")
        return wire.view(np.uint8) if self.logical else wire

    def store(self, wire: Array, array: Array, size: int) -> None:
        """Bring the reduced `wire` of `load(array)` back into `array`."""
        if self.mean:
            wire /= size
        if self.cast is not None:
            # A sum beyond the range of the narrow dtype is inf, as it is in torch: no warning.
            with np.errstate(all="ignore"):
                array[...] = wire.reshape(array.shape)
        elif not array.flags.c_contiguous:
            array[...] = wire.view(array.dtype)


@functools.lru_cache(maxsize=256)
def plan(dtype: np.dtype[Any], op: ReduceOp) -> Plan:
    """Return how `dtype` is reduced by `op`.

    Raises:
        DtypeError: the reduction has no meaning for the dtype.

    Example:
        >>> plan(np.dtype("float16"), ReduceOp.AVG).cast
        dtype('float32')
    """
    logical = dtype.kind == "b"
    narrow = _is_narrow_float(dtype)
    if not logical and not narrow and dtype.kind not in "iufc":
        raise _refusal(dtype, op, "a boolean, integer, floating or complex dtype")
    if op in _BITWISE and dtype.kind not in "biu":
        raise _refusal(dtype, op, "an integer or boolean dtype")
    if op in _ORDERED and dtype.kind == "c":
        raise _refusal(dtype, op, "a dtype with an order")
    if op is ReduceOp.AVG and dtype.kind in "biu":
        raise _refusal(dtype, op, "a floating or complex dtype")
    mean = op is ReduceOp.AVG
    wire_op = _LOGICAL[op] if logical else ReduceOp.SUM if mean else op
    cast: np.dtype[Any] | None = None
    if narrow:
        cast = np.dtype(np.float32)
    elif not dtype.isnative:
        cast = dtype.newbyteorder("=")
    return Plan(op=wire_op, cast=cast, logical=logical, mean=mean)


def _is_narrow_float(dtype: np.dtype[Any]) -> bool:
    # ml_dtypes registers its dtypes with NumPy under kind "V" or "f"; the name is the stable part.
    return dtype == np.float16 or dtype.name == "bfloat16" or dtype.name.startswith("float8_")


def _refusal(dtype: np.dtype[Any], op: ReduceOp, expected: str) -> DtypeError:
    return DtypeError(
        f"reduce({dtype}, op={op.value}): the reduction has no meaning for this dtype; "
        f"expected {expected}; cast the array or choose another op"
    )

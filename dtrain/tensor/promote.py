"""Type promotion: torch's rules for tensors with dimensions, 0-d tensors and Python numbers.

The three classes of operands rank in that order: a lower class changes the result's type only when
it is of a higher category (bool < integer < floating point < complex). The casts of this module are
what a Kind names: they bring an operator's operands to one type, by recorded conversions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.errors import DtypeError, OpTypeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.dtype import dtype
from dtrain.tensor.tensor import Tensor

__all__ = [
    "can_cast",
    "compare_cast",
    "div_cast",
    "float_cast",
    "float_promote_cast",
    "keep",
    "promote_cast",
    "promote_types",
    "rest_cast",
    "result_type",
]

_FLOATS = {"float16": 0, "bfloat16": 0, "float32": 1, "float64": 2}
_RANKED = (dt.float16, dt.float32, dt.float64)


def promote_types(a: dtype, b: dtype) -> dtype:
    """Return the smallest type that both fit in, as torch.promote_types.

    Raises:
        DtypeError: One is uint16, uint32 or uint64 and the other another integer type.
        OpTypeError: An argument is no dtype.
    """
    if a is b:
        return a
    if a.__class__ is not dtype or b.__class__ is not dtype:
        raise OpTypeError(f"promote_types(): expected two torch.dtype, not {a!r} and {b!r}")
    if a.category < b.category:
        a, b = b, a
    if a.category == 3:
        wide = a is dt.complex128 or b in (dt.float64, dt.complex128)
        return dt.complex128 if wide else dt.complex64
    if a.category == 2:
        if b.category < 2:
            return a
        if _FLOATS[a.name] == _FLOATS[b.name] == 0:
            return dt.float32
        return _RANKED[max(_FLOATS[a.name], _FLOATS[b.name])]
    if a.name in _WIDE_UNSIGNED or b.name in _WIDE_UNSIGNED:
        raise DtypeError(
            "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
            f"{a.name} and {b.name}"
        )
    if b.category == 0:
        return a
    return dt.of(np.promote_types(a.np, b.np))


_WIDE_UNSIGNED = ("uint16", "uint32", "uint64")


def _scalar_type(value: Any) -> dtype:
    if isinstance(value, (bool, np.bool_)):
        return dt.bool_
    if isinstance(value, (int, np.integer)):
        return dt.int64
    if isinstance(value, (float, np.floating)):
        return dt.get_default_dtype()
    if isinstance(value, (complex, np.complexfloating)):
        return dt.get_default_dtype().to_complex()
    raise OpTypeError(
        f"unsupported operand type {type(value).__name__}; expected a tensor or number"
    )


def result_type(*operands: Any) -> dtype:
    """Return the type in which an operator computes on these tensors and numbers."""
    classes: list[dtype | None] = [None, None, None]
    for x in operands:
        if isinstance(x, Tensor):
            rank, d = (0 if x._a.ndim else 1), dt.of(x._a.dtype)
        else:
            rank, d = 2, _scalar_type(x)
        held = classes[rank]
        classes[rank] = d if held is None else promote_types(held, d)
    dimensioned, zero_dim, number = classes
    result = _combine(dimensioned, _combine(zero_dim, number))
    assert result is not None
    return result


def _combine(higher: dtype | None, lower: dtype | None) -> dtype | None:
    """Let the lower class of operands raise the category, but not the precision, of the higher."""
    if higher is None or lower is None:
        return higher or lower
    if higher.category == 3:
        return higher
    if higher.category == 2:
        return higher.to_complex() if lower.category == 3 else higher
    if higher.category == 0 or lower.category >= 2:
        return promote_types(higher, lower)
    return higher


def can_cast(source: dtype, target: dtype) -> bool:
    """Return True where values may be written into a tensor of type `target`, as torch.can_cast."""
    if source.category > target.category:
        return False
    return not (target.category == 0 and source.category > 0)


def keep(op: Any, values: list[Any]) -> list[Any]:
    """Leave the operands as they are."""
    return values


def _operands(op: Any, values: list[Any]) -> list[int]:
    return [i for i in op.operands if values[i] is not None]


def _convert(values: list[Any], at: list[int], target: dtype) -> list[Any]:
    from dtrain.tensor.ops.cast import to_dtype

    weak = target.category > 1 and any(isinstance(values[i], Tensor) for i in at)
    for i in at:
        v = values[i]
        if isinstance(v, Tensor):
            if v._a.dtype != target.np:
                values[i] = to_dtype(v, target)
        elif not weak or v.__class__ not in (bool, int, float, complex):
            # wraps around as torch does; NumPy would refuse 300 for a uint8, and make float64 of a
            # float32 for the sake of a np.float64
            values[i] = np.asarray(v).astype(target.np)[()]
    return values


def _same_type(op: Any, values: list[Any], kinds: str) -> bool:
    """Return True where all operands are tensors of one type, of one of NumPy's kinds."""
    first = None
    for i in op.operands:
        v = values[i]
        if not isinstance(v, Tensor):
            return False
        d = v._a.dtype
        if first is None:
            first = d
        elif d is not first:
            return False
    return first is not None and first.kind in kinds


def promote_cast(op: Any, values: list[Any]) -> list[Any]:
    """Bring all operands to their common type."""
    if _same_type(op, values, "biufcV"):
        return values
    at = _operands(op, values)
    return _convert(values, at, result_type(*[values[i] for i in at]))


def sub_cast(op: Any, values: list[Any]) -> list[Any]:
    """Bring the operands of a difference to their common type.

    Raises:
        DtypeError: One of them is boolean.
    """
    for v in values[:2]:
        if v.__class__ is bool or (isinstance(v, Tensor) and v._a.dtype.kind == "b"):
            raise DtypeError(
                f"{op.name}(): Subtraction, the `-` operator, with a bool tensor is not supported. "
                "If you are trying to invert a mask, use the `~` or `logical_not()` operator "
                "instead."
            )
    return promote_cast(op, values)


def float_promote_cast(op: Any, values: list[Any]) -> list[Any]:
    """Bring all operands to their common type, integers to the default floating type."""
    if _same_type(op, values, "fcV"):
        return values
    at = _operands(op, values)
    d = result_type(*[values[i] for i in at])
    return _convert(values, at, dt.get_default_dtype() if d.category < 2 else d)


def float_cast(op: Any, values: list[Any]) -> list[Any]:
    """Bring integer operands to the default floating type."""
    at = [i for i in _operands(op, values) if isinstance(values[i], Tensor)]
    for i in at:
        if dt.of(values[i]._a.dtype).category < 2:
            _convert(values, [i], dt.get_default_dtype())
    return values


def rest_cast(op: Any, values: list[Any]) -> list[Any]:
    """Bring all operands but the first, a condition, to their common type."""
    at = _operands(op, values)[1:]
    return _convert(values, at, result_type(*[values[i] for i in at])) if at else values


def div_cast(op: Any, values: list[Any]) -> list[Any]:
    """Bring the operands of a division to their common type; integers stay if it is rounded."""
    return (float_promote_cast if values[2] is None else promote_cast)(op, values)


def compare_cast(op: Any, values: list[Any]) -> list[Any]:
    """Bring both operands to their common type; the result is bool whatever it is."""
    return promote_cast(op, values)

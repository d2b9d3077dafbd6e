"""From Python's numbers, nested sequences and arrays to one array, with the type torch infers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from dtrain.errors import DtypeError, OpError, OpTypeError, OpValueError
from dtrain.tensor import dtype as dt
from dtrain.tensor.promote import promote_types
from dtrain.tensor.tensor import Tensor

__all__ = ["array_of", "check_array_type", "check_range"]

_NUMBERS = frozenset({bool, int, float, complex})
_NESTS = frozenset({list, tuple})


def array_of(data: Any, dtype: Any = None, copy: bool = True) -> Any:
    """Return `data` as an array.

    Args:
        data: A number, nested sequences of numbers, or an array.
        dtype: The type of the result; inferred for None: that of an array or NumPy scalar, for
            Python's numbers int64, bool and the default floating type.
        copy: Whether an array is copied where nothing else calls for it.

    Raises:
        OpTypeError: The data is no numbers.
        OpValueError: Nested sequences differ in length, or a number has more than 64 bits.
        DtypeError: A number does not fit into `dtype`.
    """
    if isinstance(data, (np.ndarray, np.generic)):
        check_array_type(data)
        return np.array(data, None if dtype is None else dt.np_dtype(dtype), copy=copy or None)
    found: set[type] = set()
    plain = _number_types(data, found)
    if not plain:
        data, inferred = _unpack(data)
    else:
        inferred = _type_of(found)
    target = inferred.np if dtype is None else dt.np_dtype(dtype)
    return _build(data, inferred, target)


def check_array_type(array: Any) -> None:
    """Refuse a NumPy array of a type that torch does not have.

    Raises:
        OpTypeError: There is no such dtype.
        OpValueError: Its bytes are in the other order.
    """
    if not array.dtype.isnative:
        raise OpValueError(
            "given numpy array has byte order different from the native byte order. Conversion "
            "between byte orders is currently not supported."
        )
    dt.of(array.dtype)


def _number_types(data: Any, found: set[type]) -> bool:
    """Collect the types of the numbers in nested lists; False where there is anything else."""
    kind = type(data)
    if kind not in _NESTS:
        found.add(kind)
        return kind in _NUMBERS
    types = set(map(type, data))
    if types <= _NUMBERS:
        found |= types
        return True
    return types <= _NESTS and all(_number_types(x, found) for x in data)


def _type_of(types: set[type]) -> dt.dtype:
    default = dt.get_default_dtype()
    if complex in types:
        return default.to_complex()
    if float in types or not types:
        return default
    return dt.int64 if int in types else dt.bool_


def _build(data: Any, inferred: dt.dtype, target: Any) -> Any:
    """Return nested lists of Python's numbers as an array of type `target`."""
    if inferred.is_complex and target.kind != "c":
        raise OpTypeError(f"must be real number, not complex; expected data for {dt.of(target)}")
    try:
        if inferred.category == 1 and target.kind in "iuf":
            try:
                array = np.array(data, np.int64)
            except OverflowError:
                if target.kind == "i":
                    raise
                return np.array(data, target)  # a type that holds integers of 64 bits and more
        elif inferred.is_floating_point and target.kind in "iu":
            array = np.array(data, np.float64)
        else:
            return np.array(data, target)
    except OverflowError:
        raise OpValueError("Overflow when unpacking long long") from None
    except (ValueError, TypeError):
        raise _ragged(data) from None
    if target.kind in "iu":
        check_range(array, target)
    return array.astype(target, copy=False)


def check_range(array: Any, target: Any) -> None:
    """Refuse numbers that an integer type cannot hold; negative ones wrap in unsigned types.

    Raises:
        DtypeError: There is one.
    """
    if not array.size or array.dtype == target:
        return
    low, high = int(array.min()), int(array.max())
    limits = np.iinfo(target)
    least = -int(limits.max) if target.kind == "u" else int(limits.min)
    if low < least or high > limits.max:
        raise DtypeError(
            f"value cannot be converted to type {target.name} without overflow: got "
            f"{low if low < least else high}; expected [{least}, {limits.max}]"
        )


def _unpack(data: Any) -> tuple[Any, dt.dtype]:
    """Return what is no plain number or list of numbers as such, with the type torch infers."""
    if isinstance(data, (str, bytes)):
        raise OpTypeError(f"new(): invalid data type '{type(data).__name__}'")
    if _is_sequence(data) and len(data) and isinstance(data[0], np.ndarray):
        warnings.warn(
            "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider "
            "converting the list to a single numpy.ndarray with numpy.array() before converting to "
            "a tensor.",
            UserWarning,
            stacklevel=5,
        )
    depth, x = 0, data
    while _is_sequence(x):
        if isinstance(x, (str, bytes)):
            raise OpValueError(f"too many dimensions '{type(x).__name__}'")
        depth += 1
        if len(x) == 0:
            break
        x = x[0]
    types: list[dt.dtype] = []
    plain = _plain(data, depth, types)
    inferred = types[0] if types else dt.get_default_dtype()
    for d in types[1:]:
        inferred = promote_types(inferred, d)
    return plain, inferred


def _is_sequence(x: Any) -> bool:
    if isinstance(x, np.ndarray):
        return x.ndim > 0
    return (
        hasattr(x, "__getitem__") and hasattr(x, "__len__")
        and not isinstance(x, (dict, Tensor, np.generic))
    )  # fmt: skip


def _plain(x: Any, depth: int, types: list[dt.dtype]) -> Any:
    """Return nested lists of Python's numbers, noting the types of what stood there."""
    if _is_sequence(x):
        if depth == 0:
            raise OpTypeError(
                f"'{type(x).__name__}' object cannot be interpreted as an integer; expected nested "
                "sequences of one depth"
            )
        if isinstance(x, np.ndarray):
            check_array_type(x)
            types.append(dt.of(x.dtype))
            return x.tolist()
        return [_plain(x[i], depth - 1, types) for i in range(len(x))]
    found: dt.dtype
    if isinstance(x, Tensor):
        if x._a.size != 1:
            raise OpTypeError(
                "only integer tensors of a single element can be converted to an index; expected "
                "one element in each tensor; do torch.stack for a row of tensors"
            )
        found, x = x.dtype, x.item()
    elif isinstance(x, (np.generic, np.ndarray)):
        check_array_type(x)
        found, x = dt.of(x.dtype), x.item()
    elif type(x) in _NUMBERS or isinstance(x, (int, float, complex)):
        found = _type_of({next(k for k in (bool, int, float, complex) if isinstance(x, k))})
    else:
        raise OpError(f"Could not infer dtype of {type(x).__name__}")
    if depth:
        raise OpTypeError(
            f"not a sequence: {type(x).__name__}; expected one of {depth} more levels"
        )
    if found not in types:
        types.append(found)
    return x


def _ragged(data: Any) -> Exception:
    """Return torch's error for nested lists that are no rectangle."""
    level, dim = [data], 0
    while level and isinstance(level[0], (list, tuple)):
        n = len(level[0])
        for x in level:
            if not isinstance(x, (list, tuple)):
                return OpTypeError(f"not a sequence: {type(x).__name__} at dim {dim}")
            if len(x) != n:
                return OpValueError(f"expected sequence of length {n} at dim {dim} (got {len(x)})")
        level, dim = [y for x in level for y in x], dim + 1
    bad = next((type(x).__name__ for x in level if isinstance(x, (list, tuple))), "list")
    return OpTypeError(f"'{bad}' object cannot be interpreted as an integer at dim {dim}")

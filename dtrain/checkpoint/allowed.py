"""What the names in a file may stand for in a restricted load, and how each is called.

Each callable here replaces the one that the file names: it checks its arguments and can do nothing
but build its kind of value, of a size in proportion to its arguments.
"""

from __future__ import annotations

import _codecs
import sys
from collections import Counter, OrderedDict
from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from dtrain.checkpoint.budget import bounded_key
from dtrain.checkpoint.names import STORAGE_TYPES
from dtrain.checkpoint.rebuild import REBUILD, rebuild_plain_parameter
from dtrain.nn.parameter import Parameter
from dtrain.tensor.device import device
from dtrain.tensor.dtype import DTYPES
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor

__all__ = ["TABLE", "Allowed", "build_numpy"]

_PLAIN_KINDS = "biufcSU"  # NumPy's kinds without pointers and without fields
_BYTE_ORDERS = ("<", ">", "|", "=")
_FOREIGN_ORDER = ">" if sys.byteorder == "little" else "<"


class Allowed(NamedTuple):
    """What a global name stands for.

    Attributes:
        value: the object that the name pushes.
        call: builds an object from the arguments; None where it cannot be called.
    """

    value: Any
    call: Callable[..., Any] | None = None


def _encode(text: str, encoding: str = "latin1") -> bytes:
    """Protocol 2 writes bytes as text in latin-1."""
    if encoding not in ("latin1", "latin-1") or type(text) is not str:
        raise ValueError(f"_codecs.encode with {encoding!r}")
    return text.encode("latin-1")


def _bytes() -> bytes:
    """Protocol 2 writes only the empty bytes as a call."""
    return b""


def _bytearray(data: Any = b"", encoding: str = "latin-1") -> bytearray:
    if type(data) is str:
        data = _encode(data, encoding)
    if type(data) is not bytes:
        raise TypeError(f"bytearray of a {type(data).__name__}")
    return bytearray(data)


def _sequence(items: Any) -> list[Any]:
    """Check the argument of a set: the list that Python's pickler writes."""
    if type(items) is not list:
        raise TypeError(f"a set of a {type(items).__name__}")
    return [bounded_key(item) for item in items]


def _set(items: Any = None) -> set[Any]:
    return set(_sequence([] if items is None else items))


def _frozenset(items: Any = None) -> frozenset[Any]:
    return frozenset(_sequence([] if items is None else items))


def _ordered_dict(pairs: Any = None) -> OrderedDict[Any, Any]:
    """Python 2 gave the pairs as an argument; Python 3 sets them afterwards."""
    result: OrderedDict[Any, Any] = OrderedDict()
    if pairs is not None:
        if type(pairs) is not list:
            raise TypeError(f"an OrderedDict of a {type(pairs).__name__}")
        for key, value in pairs:
            result[bounded_key(key)] = value
    return result


def _counter(counts: Any = None) -> Counter[Any]:
    if counts is not None and type(counts) is not dict:
        raise TypeError(f"a Counter of a {type(counts).__name__}")
    return Counter(counts)


def _complex(real: Any, imag: Any) -> complex:
    if type(real) is not float or type(imag) is not float:
        raise TypeError("a complex number of other things than two floats")
    return complex(real, imag)


def _size(sizes: Any = ()) -> Size:
    if type(sizes) is not tuple or any(type(size) is not int for size in sizes):
        raise TypeError("a torch.Size of other things than integers")
    return Size(sizes)


def _device(kind: Any, index: Any = None) -> device:
    if type(kind) is not str or not (index is None or type(index) is int):
        raise TypeError("a torch.device of other things than a string and an index")
    return device(kind, index)


def _check_dtype(kind: Any) -> np.dtype[Any]:
    if not isinstance(kind, np.dtype) or kind.kind not in _PLAIN_KINDS:
        raise TypeError(f"a NumPy value of type {kind!r}")
    return kind


def _numpy_dtype(name: Any, _align: Any = False, _copy: Any = True) -> np.dtype[Any]:
    """Return a dtype that nobody else holds: its byte order is set by what follows."""
    if type(name) is not str or len(name) > 16:
        raise TypeError(f"a NumPy type {name!r}")
    return _check_dtype(np.dtype(name, copy=True))


def _numpy_scalar(kind: Any, data: Any) -> Any:
    _check_dtype(kind)
    if type(data) is not bytes or len(data) != kind.itemsize or not data:
        raise ValueError(f"a NumPy scalar of type {kind!r} with other than {kind.itemsize} bytes")
    return np.frombuffer(data, kind, count=1)[0]


def _numpy_array(cls: Any, _shape: Any, _code: Any) -> Any:
    """Return an empty array; its content follows as state."""
    if cls is not np.ndarray:
        raise TypeError(f"a NumPy array of class {cls!r}")
    return np.empty(0, np.uint8)


def build_numpy(target: Any, state: Any) -> bool:
    """Give a NumPy dtype or array its state; return False where `target` is neither.

    Raises:
        ValueError: the state does not fit, or asks for objects, fields or pointers.
    """
    setter: Any = getattr(target, "__setstate__", None)
    if isinstance(target, np.dtype):
        order = state[1]
        if order not in _BYTE_ORDERS or any(field is not None for field in state[2:5]):
            raise ValueError("a NumPy type with fields")
        if target.kind not in "SU":  # their state would set another size
            setter((3, order, None, None, None, -1, -1, 0))
        elif order == _FOREIGN_ORDER:
            raise ValueError("NumPy text in foreign byte order")
        return True
    if type(target) is not np.ndarray:
        return False
    _, shape, kind, fortran, data = state
    _check_dtype(kind)
    if type(shape) is not tuple or any(type(n) is not int or n < 0 for n in shape):
        raise ValueError("a NumPy array's shape")
    if type(data) is not bytes or prod(shape) * kind.itemsize != len(data):
        raise ValueError(f"a NumPy array of shape {shape} with other than its bytes")
    setter((1, shape, kind, bool(fortran), data))
    return True


def _numpy_names() -> dict[str, Allowed]:
    # NumPy 2 renamed `core` to `_core`; files of either know only their own name
    names = {
        "numpy.dtype": Allowed(np.dtype, _numpy_dtype),
        "numpy.ndarray": Allowed(np.ndarray),
    }
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        names[f"{module}.scalar"] = Allowed(_numpy_scalar, _numpy_scalar)
        names[f"{module}._reconstruct"] = Allowed(_numpy_array, _numpy_array)
    return names


TABLE: dict[str, Allowed] = {
    "_codecs.encode": Allowed(_codecs.encode, _encode),
    "builtins.bytearray": Allowed(bytearray, _bytearray),
    "builtins.bytes": Allowed(bytes, _bytes),
    "builtins.complex": Allowed(complex, _complex),
    "builtins.frozenset": Allowed(frozenset, _frozenset),
    "builtins.set": Allowed(set, _set),
    "collections.Counter": Allowed(Counter, _counter),
    "collections.OrderedDict": Allowed(OrderedDict, _ordered_dict),
    "torch.Tensor": Allowed(Tensor),
    "torch.nn.parameter.Parameter": Allowed(Parameter, rebuild_plain_parameter),
    "torch.Size": Allowed(Size, _size),
    "torch.device": Allowed(device, _device),
    **{f"torch.{d.name}": Allowed(d) for d in DTYPES},
    **{name: Allowed(kind) for name, kind in STORAGE_TYPES.items()},
    **{name: Allowed(call, call) for name, call in REBUILD.items()},
    **_numpy_names(),
}
"""Full name in a file -> what it stands for, the default of a restricted load."""

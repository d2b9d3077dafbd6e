"""Objects as bytes, without a way to run code.

Encodes None, bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, NumPy
scalars and arrays; exactly these types, so that what arrives is what was sent. Decoding bytes from
anywhere allocates memory in proportion to their number, and fails with DistributedError only.

Format: one magic byte, then a value; a value is one tag byte and what belongs to it. Numbers are
little-endian; a length or count is a uint64 and never exceeds the bytes that are left.
"""

from __future__ import annotations

import math
import pickle
import re
import struct
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from dtrain.errors import DistributedError, OpTypeError

__all__ = ["decode", "encode"]

_MAGIC = b"\xd1"
_MAX_DEPTH = 100
_LENGTH = struct.Struct("<Q")
_FLOAT = struct.Struct("<d")
_COMPLEX = struct.Struct("<dd")
_CONSTANTS: dict[bytes, bool | None] = {b"N": None, b"T": True, b"F": False}
_CONTAINERS: dict[type, bytes] = {list: b"l", tuple: b"t", set: b"e", frozenset: b"z"}
# The dtypes that may be named: plain numbers, and text or bytes of fixed width.
_DTYPE = re.compile(r"[<>|=](b1|[iu][1248]|f(2|4|8|12|16)|c(8|16|24|32)|[SU][1-9]\d{0,5})")
_NAMED_DTYPE = re.compile(r"bfloat16|float8_[a-z0-9]{1,12}")


def encode(value: Any, *, allow_pickle: bool = False) -> bytes:
    """Return `value` as bytes.

    Args:
        value: what to encode.
        allow_pickle: pickle what the codec does not know; the receiver has to allow it as well.

    Raises:
        OpTypeError: a part has a type that the codec does not know, or the nesting is too deep.

    Example:
        >>> decode(encode({"loss": 0.5, (1, 2): [None, b"x"]}))
        {'loss': 0.5, (1, 2): [None, b'x']}
    """
    out = bytearray(_MAGIC)
    _write(out, value, allow_pickle, 0)
    return bytes(out)


def decode(data: bytes, *, allow_pickle: bool = False) -> Any:
    """Return the value that `encode` turned into `data`.

    Args:
        data: bytes from anywhere.
        allow_pickle: load pickled parts, which can run any code: for trusted senders only.

    Raises:
        DistributedError: the bytes are not what `encode` writes.
    """
    reader = _Reader(data, allow_pickle)
    if reader.take(1) != _MAGIC:
        raise _corrupt("no encoded object", 0)
    value = reader.value(0)
    if reader.position != len(data):
        raise _corrupt("bytes follow the end of the object", reader.position)
    return value


def _write(out: bytearray, value: Any, allow_pickle: bool, depth: int) -> None:
    kind = type(value)
    if depth > _MAX_DEPTH:
        raise OpTypeError(
            f"encode({kind.__name__}): nested deeper than {_MAX_DEPTH} levels, or within itself; "
            "expected a shallow object; flatten it"
        )
    if value is None or kind is bool:
        out += b"N" if value is None else b"T" if value else b"F"
    elif kind in _SCALARS:
        tag, to_bytes = _SCALARS[kind]
        out += tag
        out += to_bytes(value)
    elif kind in _CONTAINERS:
        out += _CONTAINERS[kind] + _LENGTH.pack(len(value))
        for item in value:
            _write(out, item, allow_pickle, depth + 1)
    elif kind is dict:
        out += b"d" + _LENGTH.pack(len(value))
        for key, item in value.items():
            _write(out, key, allow_pickle, depth + 1)
            _write(out, item, allow_pickle, depth + 1)
    elif (kind is np.ndarray or isinstance(value, np.generic)) and _dtype_name(value.dtype):
        out += b"a" if kind is np.ndarray else b"g"
        _write_array(out, np.asarray(value))
    elif allow_pickle:
        out += b"P" + _sized(pickle.dumps(value))
    else:
        raise OpTypeError(
            f"encode({kind.__name__}): a type that objects between ranks cannot have; expected "
            "None, bool, int, float, complex, str, bytes, list, tuple, dict, set or numpy data; "
            "convert it, or pass allow_pickle=True if every rank is trusted"
        )


def _sized(data: bytes) -> bytes:
    return _LENGTH.pack(len(data)) + data


def _int_bytes(value: int) -> bytes:
    return _sized(value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))


_SCALARS: dict[type, tuple[bytes, Callable[[Any], bytes]]] = {
    int: (b"i", _int_bytes),
    float: (b"f", _FLOAT.pack),
    complex: (b"c", lambda value: _COMPLEX.pack(value.real, value.imag)),
    str: (b"s", lambda value: _sized(value.encode("utf-8", "surrogatepass"))),
    bytes: (b"b", _sized),
}


def _dtype_name(dtype: np.dtype[Any]) -> str | None:
    if _DTYPE.fullmatch(dtype.str):
        return str(dtype.str)
    name = str(dtype.name)
    return name if _NAMED_DTYPE.fullmatch(name) else None


def _write_array(out: bytearray, array: np.ndarray[Any, Any]) -> None:
    name = _dtype_name(array.dtype)
    assert name is not None
    out += _sized(name.encode())
    out += _LENGTH.pack(array.ndim)
    for length in array.shape:
        out += _LENGTH.pack(length)
    out += _sized(array.tobytes())


class _Reader:
    """Reads values off bytes that may be anything."""

    def __init__(self, data: bytes, allow_pickle: bool) -> None:
        self._data = data
        self._allow_pickle = allow_pickle
        self.position = 0

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self._data):
            raise _corrupt("the bytes end too early", self.position)
        part = self._data[self.position : end]
        self.position = end
        return part

    def length(self) -> int:
        # Each item takes one byte or more, so this bounds every count by the input itself.
        (length,) = _LENGTH.unpack(self.take(_LENGTH.size))
        if length > len(self._data) - self.position:
            raise _corrupt(f"a length of {length} is more than the bytes left", self.position)
        return int(length)

    def value(self, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise _corrupt(f"nested deeper than {_MAX_DEPTH} levels", self.position)
        tag = self.take(1)
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        if tag in _SIMPLE:
            return _SIMPLE[tag](self)
        if tag == b"d":
            return self._dict(depth)
        if tag in b"ltez":
            items = (self.value(depth + 1) for _ in range(self.length()))
            return self._container(tag, items)
        if tag == b"P":
            return self._pickled()
        raise _corrupt(f"unknown tag {tag!r}", self.position)

    def text(self) -> str:
        try:
            return self.take(self.length()).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise _corrupt("text that is not UTF-8", self.position) from None

    def array(self) -> np.ndarray[Any, Any]:
        name = self.text()
        if not (_DTYPE.fullmatch(name) or _NAMED_DTYPE.fullmatch(name)):
            raise _corrupt(f"dtype {name!r}", self.position)
        rank = self.length()
        shape = [int(_LENGTH.unpack(self.take(_LENGTH.size))[0]) for _ in range(rank)]
        data = self.take(self.length())
        try:
            dtype = np.dtype(name)
            # Before anything of this shape is allocated.
            fits = math.prod(shape) * dtype.itemsize == len(data)
            # A bytearray, so that the array owns memory that can be written.
            flat = np.frombuffer(bytearray(data), dtype) if data else np.empty(0, dtype)
            array = flat.reshape(shape) if fits else None
        except (TypeError, ValueError, OverflowError) as error:
            raise _corrupt(f"array {name}{shape}: {error}", self.position) from None
        if array is None:
            raise _corrupt(f"array {name}{shape} of {len(data)} bytes", self.position)
        return array

    def scalar(self) -> Any:
        array = self.array()
        if array.shape:
            raise _corrupt(f"a scalar with the shape {array.shape}", self.position)
        return array[()]

    def _dict(self, depth: int) -> dict[Any, Any]:
        count = self.length()
        result: dict[Any, Any] = {}
        for _ in range(count):
            key = self.value(depth + 1)
            try:
                result[key] = self.value(depth + 1)
            except TypeError:
                raise _corrupt("a key that cannot be one", self.position) from None
        if len(result) != count:
            raise _corrupt("a key comes twice", self.position)
        return result

    def _container(self, tag: bytes, items: Iterable[Any]) -> Any:
        if tag == b"l":
            return list(items)
        values = tuple(items)
        if tag == b"t":
            return values
        try:
            return set(values) if tag == b"e" else frozenset(values)
        except TypeError:
            raise _corrupt("a set with an item that cannot be in one", self.position) from None

    def _pickled(self) -> Any:
        data = self.take(self.length())
        if not self._allow_pickle:
            raise DistributedError(
                "decode(): the sender pickled a part, which could run any code here; "
                "expected plain objects; pass allow_pickle=True if every rank is trusted"
            )
        return pickle.loads(data)  # noqa: S301 - asked for by the caller, off by default


_SIMPLE: dict[bytes, Callable[[_Reader], Any]] = {
    b"i": lambda reader: int.from_bytes(reader.take(reader.length()), "little", signed=True),
    b"f": lambda reader: _FLOAT.unpack(reader.take(_FLOAT.size))[0],
    b"c": lambda reader: complex(*_COMPLEX.unpack(reader.take(_COMPLEX.size))),
    b"s": _Reader.text,
    b"b": lambda reader: reader.take(reader.length()),
    b"a": _Reader.array,
    b"g": _Reader.scalar,
}


def _corrupt(what: str, position: int) -> DistributedError:
    return DistributedError(
        f"decode(): {what} at byte {position}; expected bytes of encode; "
        "check that all ranks run the same version"
    )

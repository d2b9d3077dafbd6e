"""Data types: torch's names over NumPy's dtypes.

`float32.np` is the NumPy dtype of an array with that type; `of(array.dtype)` goes the other way.
bfloat16 lives in ml_dtypes, which is imported when the type is first used.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.errors import DtypeError, OpTypeError

__all__ = [
    "DTYPES",
    "bfloat16",
    "bool_",
    "complex64",
    "complex128",
    "dtype",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "int8",
    "int16",
    "int32",
    "int64",
    "np_dtype",
    "of",
    "set_default_dtype",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]


class dtype:
    """One data type of a tensor, as torch.dtype.

    Attributes:
        name: torch's name without the package, for example "float32".
        category: 0 bool, 1 integer, 2 floating point, 3 complex; promotion goes upwards.
        itemsize: Bytes of one element.
    """

    __slots__ = ("_np", "category", "itemsize", "name")

    def __init__(self, name: str, np_name: str, category: int, itemsize: int) -> None:
        self.name = name
        self.category = category
        self.itemsize = itemsize
        self._np: np.dtype[Any] | None = np.dtype(np_name) if np_name else None

    @property
    def np(self) -> np.dtype[Any]:
        """The NumPy dtype."""
        if self._np is None:
            import ml_dtypes  # 5 ms: only programs that use bfloat16 pay for it

            self._np = np.dtype(ml_dtypes.bfloat16)
            _BY_NP[self._np] = self
        return self._np

    @property
    def is_floating_point(self) -> bool:
        """True for the real floating types."""
        return self.category == 2

    @property
    def is_complex(self) -> bool:
        """True for the complex types."""
        return self.category == 3

    @property
    def is_signed(self) -> bool:
        """True where negative values exist."""
        return self.category >= 2 or self.name.startswith("int")

    def to_real(self) -> dtype:
        """Return the real type of the same precision."""
        return {"complex64": float32, "complex128": float64}.get(self.name, self)

    def to_complex(self) -> dtype:
        """Return the complex type of the same precision; complex64 for those of 16 bits.

        Raises:
            DtypeError: It is no floating or complex type.
        """
        if self.category < 2:
            raise DtypeError(f"Unknown Complex ScalarType for {self.name}")
        return complex128 if self.name in ("float64", "complex128") else complex64

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return _by_name, (self.name,)

    def __copy__(self) -> dtype:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> dtype:
        return self


bool_ = dtype("bool", "bool", 0, 1)
uint8 = dtype("uint8", "uint8", 1, 1)
uint16 = dtype("uint16", "uint16", 1, 2)
uint32 = dtype("uint32", "uint32", 1, 4)
uint64 = dtype("uint64", "uint64", 1, 8)
int8 = dtype("int8", "int8", 1, 1)
int16 = dtype("int16", "int16", 1, 2)
int32 = dtype("int32", "int32", 1, 4)
int64 = dtype("int64", "int64", 1, 8)
float16 = dtype("float16", "float16", 2, 2)
bfloat16 = dtype("bfloat16", "", 2, 2)
float32 = dtype("float32", "float32", 2, 4)
float64 = dtype("float64", "float64", 2, 8)
complex64 = dtype("complex64", "complex64", 3, 8)
complex128 = dtype("complex128", "complex128", 3, 16)

DTYPES = (
    bool_, uint8, uint16, uint32, uint64, int8, int16, int32, int64,
    float16, bfloat16, float32, float64, complex64, complex128,
)  # fmt: skip

_BY_NAME = {d.name: d for d in DTYPES}
_BY_NP: dict[Any, dtype] = {d._np: d for d in DTYPES if d._np is not None}
_default = [float32]


def _by_name(name: str) -> dtype:
    return _BY_NAME[name]


def of(np_type: Any) -> dtype:
    """Return the dtype of a NumPy dtype.

    Raises:
        OpTypeError: NumPy has the type, torch has not.
    """
    found = _BY_NP.get(np_type)
    if found is not None:
        return found
    if np_type.name == "bfloat16" and bfloat16.np == np_type:
        return bfloat16
    raise OpTypeError(
        f"can't convert a np.ndarray of type numpy.{np_type}; the supported types are: "
        "float64, float32, float16, bfloat16, complex64, complex128, int64, int32, int16, int8, "
        "uint64, uint32, uint16, uint8, and bool"
    )


def np_dtype(value: Any) -> np.dtype[Any]:
    """Return the NumPy dtype of a dtype, or of Python's bool, int, float or complex."""
    if isinstance(value, dtype):
        return value.np
    if value is float:
        return float64.np
    if value in _PYTHON:
        return _PYTHON[value].np
    raise OpTypeError(
        f"dtype: {value!r} is no data type; expected one of torch's, as torch.float32"
    )


_PYTHON: dict[Any, dtype] = {bool: bool_, int: int64, complex: complex128}


def get_default_dtype() -> dtype:
    """Return the type of new floating point tensors; float32 unless it was set."""
    return _default[0]


def set_default_dtype(d: Any) -> None:
    """Set the type of new floating point tensors.

    Raises:
        OpTypeError: `d` is no floating point type.
    """
    if not (isinstance(d, dtype) and d.is_floating_point):
        raise OpTypeError(f"only floating-point types are supported as the default type, not {d!r}")
    _default[0] = d

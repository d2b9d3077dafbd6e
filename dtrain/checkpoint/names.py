"""The names under which torch's files know dtypes and storages."""

from __future__ import annotations

from dataclasses import dataclass

from dtrain.tensor.dtype import DTYPES, dtype

__all__ = ["STORAGE_OF", "STORAGE_TYPES", "UNTYPED", "StorageType"]


@dataclass(frozen=True)
class StorageType:
    """A class of torch that appears in files only as the type of a storage.

    Attributes:
        module: the class's module.
        name: the class's name.
        dtype: type of the elements; None for bytes whose type the tensor tells.
    """

    module: str
    name: str
    dtype: dtype | None


_PREFIXES = {
    "bool": "Bool",
    "uint8": "Byte",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "float16": "Half",
    "bfloat16": "BFloat16",
    "float32": "Float",
    "float64": "Double",
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}

STORAGE_OF: dict[str, StorageType] = {
    d.name: StorageType("torch", f"{_PREFIXES[d.name]}Storage", d)
    for d in DTYPES
    if d.name in _PREFIXES
}
"""Name of a dtype -> its storage class; the wider unsigned types have none."""

UNTYPED = StorageType("torch.storage", "UntypedStorage", None)

STORAGE_TYPES: dict[str, StorageType] = {
    f"{kind.module}.{kind.name}": kind for kind in (*STORAGE_OF.values(), UNTYPED)
}
"""Full name -> storage class."""

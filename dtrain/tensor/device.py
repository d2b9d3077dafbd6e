"""Devices: where a tensor's memory lies."""

from __future__ import annotations

from typing import Any

from dtrain.errors import DeviceError, OpTypeError

__all__ = ["CPU", "DEFAULT", "device"]

_TYPES = ("cpu", "cuda", "meta", "mps", "xpu")


class device:
    """A device, as torch.device: `device("cuda:1")`, `device("cuda", 1)`, `device(1)`.

    As a context manager it is the device of new tensors.
    """

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, type: Any, index: int | None = None) -> None:
        if isinstance(type, device):
            type, index = type.type, type.index
        elif isinstance(type, int) and not isinstance(type, bool):
            type, index = "cuda", type
        elif not isinstance(type, str):
            raise OpTypeError(f"device(): expected a string, an int or a device, not {type!r}")
        kind, colon, number = type.partition(":")
        if colon:
            if index is not None or not number.isdigit() or number != str(int(number)):
                raise DeviceError(f"invalid device string: '{type}'; expected for example 'cuda:0'")
            index = int(number)
        if kind not in _TYPES:
            raise DeviceError(
                f"expected one of {', '.join(_TYPES)} device type at start of device string: {type}"
            )
        if index is not None and index < 0:
            raise DeviceError(f"device index must not be negative, got {index}")
        object.__setattr__(self, "type", kind)
        object.__setattr__(self, "index", index)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"attribute '{name}' of 'torch.device' objects is not writable")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and self.type == other.type and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        tail = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{tail})"

    def __enter__(self) -> device:
        DEFAULT.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        DEFAULT.pop()

    def __reduce__(self) -> tuple[Any, tuple[str, int | None]]:
        return device, (self.type, self.index)


CPU = device("cpu")
DEFAULT: list[device | None] = [None]
"""Where new tensors are put, last entry first: `with device(...)` adds one; None for the CPU."""

"""map_location: where the storages of a file are put."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dtrain.backend.cupy_ import device_count
from dtrain.backend.transfer import move
from dtrain.errors import DeviceError, OpTypeError
from dtrain.tensor.device import device
from dtrain.tensor.storage import Storage

__all__ = ["MapLocation", "Placement"]

MapLocation = (
    str | device | Mapping[str, str | device] | Callable[[Storage, str], Storage | None] | None
)


class Placement:
    """Where storages go.

    Args:
        map_location: None (where they were), a device or its name (there), a mapping from the
            file's device names to others, or a function (storage, device name) that returns the
            storage on another device, or None (where it was).

    Raises:
        OpTypeError: `map_location` is none of these.
    """

    def __init__(self, map_location: MapLocation) -> None:
        self._function: Callable[[Storage, str], Storage | None] | None = None
        self._target: Callable[[str], str] = str
        if isinstance(map_location, (str, device)):
            name = str(device(map_location))
            self._target = lambda _location: name
        elif isinstance(map_location, Mapping):
            names = map_location
            self._target = lambda location: str(names.get(location, location))
        elif callable(map_location):
            self._function = map_location
        elif map_location is not None:
            raise OpTypeError(
                f"load(map_location={map_location!r}): expected None, a device, its name, a "
                f"mapping or a function, not {type(map_location).__name__}"
            )

    def stays(self, location: str) -> bool:
        """Return True where a storage of this device name stays in host memory, unseen."""
        return self._function is None and self._target(location) == "cpu"

    def put(self, storage: Storage, location: str) -> Storage:
        """Return a storage (in host memory) where it is to be.

        Raises:
            DeviceError: this machine has no such device.
            OpTypeError: the function returned something else.
        """
        if self._function is None:
            return _put(storage, self._target(location))
        moved: Any = self._function(storage, location)
        if moved is None:
            return _put(storage, location)
        if not isinstance(moved, Storage):
            raise OpTypeError(
                f"load(): map_location returned a {type(moved).__name__}; expected a storage or "
                "None"
            )
        return moved


def _put(storage: Storage, location: str) -> Storage:
    """Put a storage on the device of this name.

    Raises:
        DeviceError: this machine has no such device.
    """
    kind, _, index = location.partition(":")
    if kind == "cpu":
        return storage
    if kind == "cuda":
        count = device_count()
        if not count:
            raise DeviceError(
                f"load(): Attempting to deserialize object on a CUDA device ({location}) but "
                "dtrain.cuda.is_available() is False. If you are running on a CPU-only machine, "
                "please use dtrain.load with map_location=dtrain.device('cpu') to map your "
                "storages to the CPU."
            )
        if int(index or 0) >= count:
            raise DeviceError(
                f"load(): Attempting to deserialize object on CUDA device {index} but "
                f"dtrain.cuda.device_count() is {count}. Please use dtrain.load with map_location "
                "to map your storages to an existing device."
            )
        return Storage(move(Storage(storage._root, None)._flat(), location), storage._dtype)
    raise DeviceError(
        f"load(): don't know how to restore data location {location!r}; expected 'cpu' or "
        "'cuda:N'; do pass map_location='cpu'"
    )

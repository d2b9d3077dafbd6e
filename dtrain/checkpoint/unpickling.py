"""Turn data.pkl into objects: restricted by default, with any importable class on request."""

from __future__ import annotations

import importlib
import io
import pickle
from typing import Any

from dtrain.checkpoint.allowed import TABLE
from dtrain.checkpoint.loading import Loading
from dtrain.checkpoint.machine import run
from dtrain.checkpoint.safe_globals import user_globals
from dtrain.errors import UnsafeFileError

__all__ = ["undump", "undump_trusted"]


def undump(data: bytes, loading: Loading) -> Any:
    """Build the objects of a pickle that nobody has to trust.

    Raises:
        UnsafeFileError: it names something that is not allowed, or is malformed.
    """
    label = loading.reader.source.label
    return run(data, label, TABLE, user_globals(), loading.persistent_load, loading.budget)


def undump_trusted(data: bytes, loading: Loading) -> Any:
    """Build the objects of a pickle with any class that this program can import.

    Raises:
        UnsafeFileError: a class cannot be imported.
    """
    return _TrustingUnpickler(data, loading).load()


class _TrustingUnpickler(pickle.Unpickler):
    """Python's unpickler with torch's names and storages."""

    def __init__(self, data: bytes, loading: Loading) -> None:
        super().__init__(io.BytesIO(data))
        self._loading = loading

    def persistent_load(self, pid: Any) -> Any:
        return self._loading.persistent_load(pid)

    def find_class(self, module: str, name: str) -> Any:
        """Return our class or function for one of torch's, else import it."""
        if module.partition(".")[0] != "torch":
            return super().find_class(module, name)
        entry = TABLE.get(f"{module}.{name}")
        return self._find_own(module, name) if entry is None else entry.value

    def _find_own(self, module: str, name: str) -> Any:
        """Look a torch class up in dtrain, in its module and then in the packages above it.

        torch.nn.modules.linear.Linear is dtrain.nn.Linear.
        """
        path = ["dtrain", *module.split(".")[1:]]
        for end in range(len(path), 0, -1):
            try:
                place = importlib.import_module(".".join(path[:end]))
            except ModuleNotFoundError:
                continue  # dtrain has fewer modules than torch: the package above exports the name
            found: Any = place
            for part in name.split("."):
                found = getattr(found, part, None)
            if found is not None:
                return found
        raise UnsafeFileError(
            f"{self._loading.reader.source.label}: the file holds a {module}.{name}; expected a "
            "class that dtrain or this program has; do save the state_dict() instead of the object"
        )

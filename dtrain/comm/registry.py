"""Drivers by name, imported on first use."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from dtrain.comm.guard import promised_size
from dtrain.env import launcher_variables, world_size
from dtrain.errors import LauncherError, OpValueError

if TYPE_CHECKING:
    from dtrain.comm.communicator import Communicator

__all__ = ["DRIVERS", "connect"]

DRIVERS: Mapping[str, str] = MappingProxyType(
    {
        "local": "dtrain.comm.local",
        "mpi": "dtrain.comm.mpi",
        "threads": "dtrain.comm.threads",
    }
)
"""The module of each driver; it has a function `connect()`."""

_CHOOSE = frozenset({"gloo", "mpi"})


def connect(backend: str | None = None) -> Communicator:
    """Return the communicator of this process with all ranks of the job.

    Args:
        backend: None, "mpi" or "gloo" (torch's name for the one on the CPU) is MPI where an MPI
            launcher started this process, and a world of one otherwise; "local" is a world of
            one; "threads" is the rank on this thread, within `run_threads`.

    Raises:
        LauncherError: WORLD_SIZE promises several ranks but no MPI launcher started them, or the
            launcher belongs to another MPI than the one that is loaded.
        OpValueError: no such backend.
    """
    if backend is None or backend in _CHOOSE:
        backend = _choose()
    if backend not in DRIVERS:
        raise OpValueError(
            f"connect(backend={backend!r}): invalid backend; expected gloo, {', '.join(DRIVERS)}; "
            "choose one of them"
        )
    module = importlib.import_module(DRIVERS[backend])
    communicator: Communicator = module.connect()
    return communicator


def _choose() -> str:
    """Return the driver for the way this process was started."""
    if promised_size(launcher_variables()) is not None:
        return "mpi"
    promised = world_size() or 1
    if promised > 1:
        raise LauncherError(
            f"connect(): WORLD_SIZE is {promised} but no MPI launcher started this process; "
            f"expected one that starts {promised} ranks; "
            f"use `mpirun -n {promised} python ...` or `dtrain-launch --nproc {promised} ...`, "
            "or unset WORLD_SIZE for a world of one"
        )
    return "local"

"""The only reader of environment variables in dtrain.

Every function reads at call time, so a test may change the environment with `monkeypatch.setenv`.
"""

from __future__ import annotations

import os

from dtrain.errors import OpValueError

__all__ = ["launcher_variables", "local_rank", "omp_threads", "restarts", "world_size"]

_LAUNCHER_PREFIXES = ("PMI_", "PMIX_", "OMPI_", "SLURM_", "MPI_LOCAL", "HYDI_", "HYDRA_")


def launcher_variables() -> dict[str, str]:
    """Return the variables that MPI launchers and Slurm set for the processes they start."""
    return {
        name: value for name, value in os.environ.items() if name.startswith(_LAUNCHER_PREFIXES)
    }


def world_size() -> int | None:
    """Return WORLD_SIZE, the number of ranks the launcher promises, or None when it is not set."""
    return _integer("WORLD_SIZE")


def local_rank() -> int | None:
    """Return LOCAL_RANK, the number of this rank on its node, or None when it is not set."""
    return _integer("LOCAL_RANK")


def restarts() -> int | None:
    """Return how often the launcher has restarted the job, or None without such a launcher."""
    return _integer("TORCHELASTIC_RESTART_COUNT")


def omp_threads() -> int | None:
    """Return OMP_NUM_THREADS, the threads that matrix products may use, or None if not set."""
    return _integer("OMP_NUM_THREADS")


def _integer(name: str) -> int | None:
    text = os.environ.get(name, "").strip()
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise OpValueError(
            f"env({name}={text!r}): not an integer; expected a whole number; unset or correct it"
        ) from None

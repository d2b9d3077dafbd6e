"""Was this process started by a launcher of the MPI library that it loads?

With a foreign launcher an MPI program runs as N worlds of one rank, or dies within MPI_Init. The
checks compare what the library says about itself with what launchers leave in the environment:

    family     launcher                    variables
    MPICH      mpiexec.hydra, Intel MPI    PMI_RANK, PMI_SIZE
    Open MPI   mpirun, prterun             OMPI_COMM_WORLD_SIZE, PMIX_RANK
    Slurm      srun, any library           SLURM_STEP_ID, SLURM_STEP_NUM_TASKS, and PMI_* or PMIX_*
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dtrain.errors import LauncherError

__all__ = [
    "Library",
    "check_after",
    "check_before",
    "launcher_path",
    "library_path",
    "promised_size",
]

_PMI_FAMILY = frozenset({"MPICH", "Intel MPI", "MVAPICH", "MVAPICH2", "Cray MPICH"})


@dataclass(frozen=True, slots=True)
class Library:
    """The MPI library of this process.

    Attributes:
        vendor: its name as `MPI.get_vendor()` gives it.
        path: the file it was loaded from, for messages.
    """

    vendor: str
    path: str


def promised_size(variables: Mapping[str, str]) -> int | None:
    """Return how many ranks the launcher started; None when there was no launcher.

    The launcher nearest to the process counts: a Slurm step may itself run an mpiexec.

    Example:
        >>> promised_size({"PMI_SIZE": "4", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2"})
        4
    """
    for name in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE"):
        if variables.get(name, "").isdecimal():
            return int(variables[name])
    if "SLURM_STEP_ID" in variables and variables.get("SLURM_STEP_NUM_TASKS", "").isdecimal():
        return int(variables["SLURM_STEP_NUM_TASKS"])
    return None


def check_before(library: Library, variables: Mapping[str, str], launcher: str) -> None:
    """Refuse a foreign launcher before MPI_Init, which might hang or abort.

    Args:
        library: the MPI that is loaded.
        variables: what launchers left in the environment.
        launcher: the path of the launcher, for the message.

    Raises:
        LauncherError: the launcher belongs to another MPI.
    """
    by_hydra = "PMI_RANK" in variables and "PMIX_RANK" not in variables
    by_open_mpi = "OMPI_COMM_WORLD_SIZE" in variables
    by_slurm = "SLURM_STEP_ID" in variables
    if library.vendor == "Open MPI" and by_hydra and not by_open_mpi and not by_slurm:
        raise _foreign(library, "MPICH", launcher)
    if library.vendor in _PMI_FAMILY and by_open_mpi and "PMI_RANK" not in variables:
        raise _foreign(library, "Open MPI", launcher)


def check_after(library: Library, size: int, variables: Mapping[str, str], launcher: str) -> None:
    """Refuse a world of one after MPI_Init where the launcher promised more.

    Raises:
        LauncherError: the library did not find the other ranks.
    """
    promised = promised_size(variables)
    if size == 1 and promised is not None and promised > 1:
        family = "Slurm" if "SLURM_STEP_ID" in variables else "another MPI"
        raise _foreign(library, family, launcher, f"; it started {promised} ranks, MPI sees 1")


def launcher_path() -> str:
    """Return the program that started this process, as far as the system tells."""
    try:
        return str(Path(f"/proc/{os.getppid()}/exe").readlink())
    except OSError:
        return "unknown path"


def library_path(name: str = "libmpi") -> str:
    """Return the file of the loaded MPI library, as far as the system tells."""
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "unknown path"
    found = re.search(rf"\s(/\S*/{name}[^/\s]*)$", maps, re.MULTILINE)
    return found.group(1) if found else "unknown path"


def _foreign(library: Library, family: str, launcher: str, detail: str = "") -> LauncherError:
    own = Path(sys.executable).with_name("mpirun")
    if own.exists():
        fix = f"start the job with {own}"
    else:
        fix = f"start the job with the mpirun that belongs to {library.path}"
    if family == "Slurm":
        fix += ", or give srun the --mpi option of this library (srun --mpi=list shows them)"
    return LauncherError(
        f"connect(): the launcher does not belong to the MPI library: {launcher} is of {family}, "
        f"{library.path} is {library.vendor}{detail}; expected both from one MPI; {fix}, "
        "or install the mpi4py and MPI of the launcher in this environment"
    )

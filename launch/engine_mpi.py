"""The MPI engine: finds the mpiexec that fits this interpreter and spells its command line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["Engine", "EngineNotFoundError", "abort_code", "find_engine"]

_NAMES = ("mpiexec.hydra", "mpiexec", "mpirun")
_ABORT = re.compile(
    rb"MPI_Abort\([^()]*, (-?\d+)\)|MPI_ABORT was invoked[^\0]{0,200}?errorcode:? (-?\d+)",
    re.IGNORECASE,
)


class EngineNotFoundError(RuntimeError):
    """There is no mpiexec beside this interpreter or on PATH."""


class Engine(NamedTuple):
    """An mpiexec and the dialect it speaks.

    Args:
        path: The program.
        family: "mpich" (and what descends from it: Intel MPI, MVAPICH) or "openmpi".
    """

    path: str
    family: str

    @property
    def rank_variable(self) -> str:
        """Name of the variable by which the engine tells a process its rank."""
        return "OMPI_COMM_WORLD_RANK" if self.family == "openmpi" else "PMI_RANK"

    @property
    def segments(self) -> tuple[str, ...]:
        """Patterns of the engine's files in /dev/shm."""
        if self.family == "openmpi":
            return ("sm_segment.*", "vader_segment.*", "osc_sm.*")
        return ("mpich_shm_*", "mpich_vci_*")

    def command(self, nproc: int, program: Sequence[str]) -> list[str]:
        """Return the command line that runs `program` `nproc` times on this node."""
        if self.family == "openmpi":
            root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
            options = [
                *root,
                "--oversubscribe",
                "--bind-to",
                "none",
                "--host",
                f"localhost:{nproc}",
            ]
        else:
            # Without these, hydra inside a batch job asks the batch system for hosts.
            options = ["-launcher", "fork", "-hosts", "localhost"]
        return [self.path, *options, "-n", str(nproc), *program]

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the engine's settings; what the user has set stays."""
        # MPICH pipelines an Allgatherv of some MB in pieces of 32 KiB: many times slower.
        name = "MPIR_CVAR_ALLGATHERV_PIPELINE_MSG_SIZE"
        return {name: environ.get(name, "16777216")}


def find_engine(python: str = sys.executable, path: str | None = None) -> Engine:
    """Find the mpiexec that belongs to an interpreter.

    The one beside the interpreter comes first: a wheel with an MPI in the virtual environment is
    also the MPI that mpi4py loads there, and a process must be started by its own MPI.

    Args:
        python: Path of the interpreter.
        path: Where to look next, like PATH; the PATH of this process by default.

    Raises:
        EngineNotFoundError: There is none.
    """
    # Not resolved: the interpreter of a virtual environment is a link to another folder.
    beside = str(Path(python).absolute().parent)
    search = os.environ.get("PATH", os.defpath) if path is None else path
    for folder in (beside, *filter(None, search.split(os.pathsep))):
        for name in _NAMES:
            program = Path(folder, name)
            if program.is_file() and os.access(program, os.X_OK):
                return Engine(str(program), _family(program))
    raise EngineNotFoundError(
        f"no mpiexec beside {python} or on PATH; install one with `pip install dtrain[mpich]`, "
        "or load your cluster's MPI module"
    )


def abort_code(stderr: bytes) -> int | None:
    """Return the code of the MPI_Abort that a rank's last words tell of, if they do.

    >>> abort_code(b"application called MPI_Abort(MPI_COMM_WORLD, 7) - process 1")
    7
    """
    match = _ABORT.search(stderr)
    return int(match[1] or match[2]) if match else None


def _family(program: Path) -> str:
    """Tell the dialect from the program's real name, or else from what it says of itself."""
    name = program.resolve().name
    if "hydra" in name:
        return "mpich"
    if name in {"orterun", "prterun"}:
        return "openmpi"
    answer = subprocess.run([program, "--version"], capture_output=True, check=False, timeout=10)
    return "openmpi" if b"Open MPI" in answer.stdout + answer.stderr else "mpich"

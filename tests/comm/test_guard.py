from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dtrain.comm.guard import (
    Library,
    check_after,
    check_before,
    launcher_path,
    library_path,
    promised_size,
)
from dtrain.errors import LauncherError

MPICH = Library("MPICH", "/lib/libmpich.so")
INTEL = Library("Intel MPI", "/lib/libmpi.so")
OPEN_MPI = Library("Open MPI", "/lib/libmpi.so.40")

# What each launcher leaves in the environment of rank 0 of 2.
HYDRA = {"PMI_RANK": "0", "PMI_SIZE": "2", "PMI_FD": "9", "MPI_LOCALNRANKS": "2"}
OMPI = {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0", "PMIX_RANK": "0"}
STEP = {"SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"}
ALLOCATION = {"SLURM_JOB_ID": "5", "SLURM_NTASKS": "2"}
SRUN_PMI2 = {**STEP, "PMI_RANK": "0", "PMI_SIZE": "2", "PMI_FD": "9"}
SRUN_PMIX = {**STEP, "PMIX_RANK": "0"}


@pytest.mark.parametrize(
    ("variables", "size"),
    [
        ({}, None),
        (HYDRA, 2),
        (OMPI, 2),
        (STEP, 2),
        (ALLOCATION, None),  # a shell within salloc starts one process
        ({**STEP, "PMI_SIZE": "8"}, 8),  # an mpiexec within a step
        ({"PMI_SIZE": "many"}, None),
    ],
)
def test_promised_size(variables, size):
    assert promised_size(variables) == size


@pytest.mark.parametrize(
    ("library", "variables"),
    [
        (MPICH, {}),
        (MPICH, HYDRA),
        (INTEL, HYDRA),
        (MPICH, SRUN_PMI2),
        (MPICH, {**OMPI, **HYDRA}),  # a job of MPICH within one of Open MPI
        (OPEN_MPI, {}),
        (OPEN_MPI, OMPI),
        (OPEN_MPI, SRUN_PMIX),
        (OPEN_MPI, SRUN_PMI2),
        (OPEN_MPI, {**HYDRA, **OMPI}),
    ],
)
def test_own_launchers_pass(library, variables):
    check_before(library, variables, "/bin/mpirun")


@pytest.mark.parametrize(
    ("library", "variables", "family"),
    [(MPICH, OMPI, "Open MPI"), (INTEL, OMPI, "Open MPI"), (OPEN_MPI, HYDRA, "MPICH")],
)
def test_foreign_launchers_are_named_before_init(library, variables, family):
    with pytest.raises(LauncherError) as caught:
        check_before(library, variables, "/opt/other/mpirun")
    message = str(caught.value)
    for word in ("/opt/other/mpirun", library.path, library.vendor, family, "start the job with"):
        assert word in message


def test_the_fix_names_the_mpirun_beside_the_interpreter(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(LauncherError, match=r"start the job with the mpirun that belongs to /lib"):
        check_before(MPICH, OMPI, "mpirun")
    (tmp_path / "mpirun").touch()
    with pytest.raises(LauncherError) as caught:
        check_before(MPICH, OMPI, "mpirun")
    assert f"start the job with {tmp_path / 'mpirun'}" in str(caught.value)


def test_a_world_of_one_that_should_be_more():
    with pytest.raises(LauncherError, match="it started 2 ranks, MPI sees 1"):
        check_after(MPICH, 1, HYDRA, "/bin/mpirun")
    with pytest.raises(LauncherError, match="srun --mpi=list"):
        check_after(MPICH, 1, STEP, "/bin/slurmstepd")


@pytest.mark.parametrize(
    ("size", "variables"), [(1, {}), (2, HYDRA), (1, {"PMI_SIZE": "1"}), (1, ALLOCATION)]
)
def test_worlds_of_the_promised_size_pass(size, variables):
    check_after(MPICH, size, variables, "/bin/mpirun")


def test_paths_of_this_process():
    assert launcher_path().startswith(("/", "unknown"))
    assert library_path("libno-such-library") == "unknown path"
    if Path("/proc/self/maps").exists():
        assert Path(library_path("libc")).exists()

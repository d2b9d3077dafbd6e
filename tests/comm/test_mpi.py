"""MPI in real processes; what the collectives do is in test_communicator.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mpi4py")

ROOT = Path(__file__).parents[2]
FAULTS = ROOT / "tests" / "dist" / "faults.py"
ENV = {"PYTHONPATH": str(ROOT)}


@pytest.mark.mpi
def test_connecting_again_after_close(mpirun, no_leftovers):
    mpirun(3, FAULTS, "reconnect", env=ENV)


@pytest.mark.mpi
def test_a_caught_time_out_cannot_end_well(mpirun, no_leftovers):
    done = mpirun(3, FAULTS, "caught_time_out", env=ENV, check=False)
    assert "caught allreduce(float64[4], op=sum): not complete after 0.1 s" in done.stdout
    assert "is still under way at exit" in done.stderr
    assert done.returncode == 1


@pytest.mark.mpi
def test_mpi_that_somebody_else_initialised(mpirun, no_leftovers):
    script = """
from mpi4py import MPI
from dtrain.comm import connect
import numpy as np
with connect() as comm:
    array = np.ones(2)
    comm.allreduce(array)
    assert array.tolist() == [MPI.COMM_WORLD.size] * 2
"""
    mpirun(2, script, env=ENV)


@pytest.mark.mpi
def test_too_little_thread_support_is_refused(mpirun):
    script = """
import mpi4py
mpi4py.rc.thread_level = "single"
from mpi4py import MPI
from dtrain.comm import connect
connect()
"""
    done = mpirun(2, script, env=ENV, check=False)
    assert done.returncode != 0
    assert "expected MPI_THREAD_MULTIPLE" in done.stderr


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", [1, 2])
def test_every_spelling_connects_to_mpi(ranks, mpirun):
    script = f"""
from dtrain.comm import connect
for backend in (None, "mpi", "gloo"):
    with connect(backend) as comm:
        assert repr(comm).startswith("<MpiCommunicator world"), comm
        assert comm.size == {ranks}
"""
    mpirun(ranks, script, env=ENV)


def own_vendor():
    code = (
        "import mpi4py; mpi4py.rc.initialize = False\n"
        "from mpi4py import MPI; print(MPI.get_vendor()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=15, check=False
    )
    return done.stdout.strip()


@pytest.mark.mpi
@pytest.mark.parametrize("promise", ["foreign", "unkept"])
def test_a_foreign_launcher_is_named(promise):
    """What a process of a launcher of another MPI sees: its variables and nothing to talk to."""
    vendor = own_vendor()
    if vendor not in {"MPICH", "Open MPI"}:
        pytest.skip(f"{vendor or 'no MPI'}: the variables are those of MPICH and Open MPI")
    hydra = {"PMI_SIZE": "2", "PMI_RANK": "0"}
    open_mpi = {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0", "PMIX_RANK": "0"}
    step = {"SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2"}
    variables = step if promise == "unkept" else open_mpi if vendor == "MPICH" else hydra
    done = subprocess.run(
        [sys.executable, "-c", "from dtrain.comm import connect; connect()"],
        env={**ENV, **variables},
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    assert done.returncode == 1
    assert (
        "LauncherError: connect(): the launcher does not belong to the MPI library" in done.stderr
    )
    assert "start the job with" in done.stderr

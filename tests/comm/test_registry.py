from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from dtrain.comm.communicator import Communicator
from dtrain.comm.registry import DRIVERS, connect
from dtrain.errors import LauncherError, OpValueError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch):
    for name in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_ID", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("backend", [None, "mpi", "gloo", "local"])
def test_without_a_launcher_it_is_a_world_of_one(backend):
    with connect(backend) as comm:
        assert isinstance(comm, Communicator)
        assert (comm.rank, comm.size) == (0, 1)


def test_a_promised_world_without_mpi(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    for backend in (None, "mpi", "gloo"):
        with pytest.raises(LauncherError, match=r"WORLD_SIZE is 4 .*mpirun -n 4"):
            connect(backend)
    monkeypatch.setenv("WORLD_SIZE", "1")
    connect("gloo").close()


def test_an_unknown_backend_is_named_with_the_known_ones():
    with pytest.raises(OpValueError, match=r"connect\(backend='ucc'\): invalid backend"):
        connect("ucc")


@pytest.mark.parametrize("name", sorted(set(DRIVERS) - {"mpi"}))
def test_each_driver_connects(name):
    assert callable(importlib.import_module(DRIVERS[name]).connect)


def test_importing_comm_loads_no_driver():
    code = "import sys, dtrain.comm; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=15,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert not {"mpi4py", *DRIVERS.values()} & loaded

from __future__ import annotations

import os

import pytest

from dtrain_launch.engine_mpi import Engine, EngineNotFoundError, abort_code, find_engine


def program(path, says=""):
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_the_engine_beside_the_interpreter_comes_first(tmp_path):
    beside = program(tmp_path / "venv" / "mpiexec", "HYDRA build details")
    program(tmp_path / "system" / "mpiexec", "mpiexec (Open MPI) 5.0.1")
    engine = find_engine(str(tmp_path / "venv" / "python"), str(tmp_path / "system"))
    assert engine == Engine(str(beside), "mpich")


def test_the_engine_on_path_is_the_second_choice(tmp_path):
    there = program(tmp_path / "system" / "mpirun", "mpirun (Open MPI) 5.0.1")
    engine = find_engine(str(tmp_path / "venv" / "python"), f"/nowhere:{tmp_path / 'system'}")
    assert engine == Engine(str(there), "openmpi")
    assert engine.rank_variable == "OMPI_COMM_WORLD_RANK"


def test_no_engine_says_what_to_install(tmp_path):
    (tmp_path / "mpiexec").write_text("not a program")
    with pytest.raises(EngineNotFoundError, match=r"pip install dtrain\[mpich\]"):
        find_engine(str(tmp_path / "python"), "")


def test_the_command_of_mpich():
    command = Engine("/x/mpiexec", "mpich").command(3, ["prog", "arg"])
    assert command[0] == "/x/mpiexec"
    assert command[-4:] == ["-n", "3", "prog", "arg"]


@pytest.mark.parametrize("user", [0, 1000])
def test_the_command_of_open_mpi(monkeypatch, user):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    command = Engine("/x/mpirun", "openmpi").command(3, ["prog"])
    assert ("--allow-run-as-root" in command) is (user == 0)
    assert "--oversubscribe" in command


def test_a_setting_of_the_user_stays():
    name = "MPIR_CVAR_ALLGATHERV_PIPELINE_MSG_SIZE"
    engine = Engine("mpiexec", "mpich")
    assert engine.environment({}) == {name: "16777216"}
    assert engine.environment({name: "1"}) == {name: "1"}


OPEN_MPI = b"""MPI_ABORT was invoked on rank 1 in communicator MPI_COMM_WORLD
  Proc: [[59471,1],1]
  Errorcode: 7
"""


@pytest.mark.parametrize(
    ("stderr", "code"),
    [
        (b"Abort(7) on node 1: application called MPI_Abort(MPI_COMM_WORLD, 7) - process 1", 7),
        (OPEN_MPI, 7),
        (b"Traceback: MPI_Abort was mentioned", None),
        (b"", None),
    ],
)
def test_abort_code(stderr, code):
    assert abort_code(stderr) == code

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import pytest

from dtrain_launch import cli
from dtrain_launch.engine_mpi import find_engine


def refused(capsys, *argv):
    with pytest.raises(SystemExit) as raised:
        cli.parse(argv)
    assert raised.value.code == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    return message


def test_a_script_with_options_of_its_own():
    spec = cli.parse(["--nproc", "2", "--log-dir", "logs", __file__, "--nproc", "8", "--", "-m"])
    assert spec.nproc == 2
    assert spec.log_dir == Path("logs")
    assert spec.command == (sys.executable, "-u", __file__, "--nproc", "8", "--", "-m")


@pytest.mark.parametrize(
    "option",
    ["--nproc=3", "--nproc-per-node=3", "--nproc_per_node=3"],
)
def test_spellings_of_the_number_of_ranks(option):
    assert cli.parse([option, __file__]).nproc == 3
    name, value = option.split("=")
    assert cli.parse([name, value, __file__]).nproc == 3


def test_a_module_and_a_program():
    assert cli.parse(["-m", "pkg.mod", "-x"]).command == (
        sys.executable,
        "-u",
        "-m",
        "pkg.mod",
        "-x",
    )
    assert cli.parse(["--no-python", "ls", "-l"]).command == ("ls", "-l")
    assert cli.parse(["--no_python", "--", "ls"]).command == ("ls",)


def test_what_torchrun_users_type():
    argv = ["--standalone", "--nnodes=1", "--node_rank", "0", "--master_addr", "host"]
    spec = cli.parse([*argv, "--master-port", "29500", "--max-restarts", "3", __file__])
    assert (spec.master_addr, spec.master_port, spec.max_restarts) == ("host", 29500, 3)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--rdzv-backend", "c10d", __file__], "--rdzv-backend: not supported"),
        (["--rdzv_endpoint=host:1", __file__], "--rdzv_endpoint: not supported"),
        (["--nnodes", "2", __file__], "--nnodes 2"),
        (["--nnodes", "1:4", __file__], "--nnodes 1:4"),
        (["--node-rank", "1", __file__], "--node-rank 1"),
        (["--nproc", "0", __file__], "--nproc 0"),
        (["--nproc", "many", __file__], "--nproc many"),
        (["--max-restarts", "-1", __file__], "--max-restarts"),
        (["-m", "--no-python", "x"], "-m and --no-python"),
        (["no_such_script.py"], "no_such_script.py: no such script"),
        (["--nproc", "2"], "nothing to run"),
        (["--frobnicate", "2", __file__], "--frobnicate"),
    ],
)
def test_what_is_refused_is_said_in_one_line(capsys, argv, words):
    assert words in refused(capsys, *argv)


def test_no_engine(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(cli, "find_engine", partial(find_engine, str(tmp_path / "python")))
    assert cli.main([__file__]) == 1
    assert "pip install dtrain[mpich]" in capsys.readouterr().err

"""The conformance checks over every driver: what `tests/dist/conformance.py` asks for."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dtrain.comm.local import connect as connect_local
from dtrain.comm.registry import DRIVERS
from dtrain.comm.threads import run_threads
from tests.dist.conformance import CHECKS

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "tests" / "dist" / "conformance.py"


@pytest.mark.parametrize("name", CHECKS)
def test_local(name):
    with connect_local() as comm:
        CHECKS[name](comm)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("name", CHECKS)
def test_threads(name, size):
    run_threads(size, CHECKS[name])


@functools.cache
def mpi_results(size):
    """Run all checks in one job; return the failure (or None) of each that was reached."""
    mpirun = shutil.which("mpirun", path=Path(sys.executable).parent) or shutil.which("mpirun")
    assert mpirun is not None
    done = subprocess.run(
        [mpirun, "-n", str(size), sys.executable, str(SUITE)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"check"')]
    results = {line["check"]: line["failure"] for line in lines}
    if done.returncode:
        results.setdefault("the job", done.stderr)
    return results


@pytest.mark.mpi
@pytest.mark.timeout(60)
@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("name", CHECKS)
def test_mpi(name, size):
    results = mpi_results(size)
    assert name in results, results.get("the job")
    assert results[name] is None, results[name]


@pytest.mark.mpi
@pytest.mark.timeout(60)
@pytest.mark.parametrize("size", [2, 3, 4])
def test_mpi_ends_well(size):
    assert "the job" not in mpi_results(size)


def test_every_driver_is_in_the_conformance_list():
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert set(DRIVERS) <= tested

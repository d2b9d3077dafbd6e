"""The conformance checks over every driver: what `tests/dist/conformance.py` asks for."""

from __future__ import annotations

import json
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


RESULTS: dict[int, dict[str, str | None]] = {}


def mpi_results(mpirun, size):
    """Run all checks in one job, once; return the failure (or None) of each that was reached."""
    if size not in RESULTS:
        done = mpirun(size, SUITE, env={"PYTHONPATH": str(ROOT)}, timeout_s=50, check=False)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        RESULTS[size] = {line["check"]: line["failure"] for line in lines}
        if done.returncode:
            RESULTS[size]["the job"] = done.stderr
    return RESULTS[size]


@pytest.mark.mpi
@pytest.mark.timeout(60)
@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("name", CHECKS)
def test_mpi(name, size, mpirun):
    results = mpi_results(mpirun, size)
    assert name in results, results.get("the job")
    assert results[name] is None, results[name]


@pytest.mark.mpi
@pytest.mark.timeout(60)
@pytest.mark.parametrize("size", [2, 3, 4])
def test_mpi_ends_well(size, mpirun):
    assert "the job" not in mpi_results(mpirun, size)


def test_every_driver_is_in_the_conformance_list():
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert set(DRIVERS) <= tested

"""What all tests share: a runner for ranks, a look-out for leftovers, skips for missing means."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import psutil
import pytest

# Set before anything loads a BLAS: ranks, threads and pytest share few cores.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

LABEL = "DTRAIN_TEST_LABEL"
CLONE_NEWNET = 0x40000000
GRACE_S = 3.0


# ---------------------------------------------------------------- what this machine has


@cache
def find_mpirun() -> str | None:
    """Return the mpirun beside the interpreter, else the one on PATH."""
    return shutil.which("mpirun", path=Path(sys.executable).parent) or shutil.which("mpirun")


@cache
def has_gpu() -> bool:
    """Return whether CuPy is installed and sees a device."""
    if importlib.util.find_spec("cupy") is None:
        return False
    import cupy

    with contextlib.suppress(cupy.cuda.runtime.CUDARuntimeError):
        return bool(cupy.cuda.runtime.getDeviceCount())
    return False


@cache
def can_make_netns() -> bool:
    """Return whether a child of this process may have a network of its own."""
    if sys.platform != "linux" or shutil.which("ip") is None:
        return False
    pid = os.fork()
    if pid == 0:
        os._exit(1 if ctypes.CDLL(None).unshare(CLONE_NEWNET) else 0)
    return os.waitpid(pid, 0)[1] == 0


MEANS: dict[str, tuple[Callable[[], bool], str]] = {
    "gpu": (has_gpu, "needs CuPy and a CUDA device"),
    "mpi": (lambda: find_mpirun() is not None, "needs mpirun: pip install mpich"),
    "netns": (can_make_netns, "needs ip and the right to make network namespaces"),
    "torch": (lambda: importlib.util.find_spec("torch") is not None, "needs PyTorch"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests whose means this machine lacks."""
    for item in items:
        for mark, (present, reason) in MEANS.items():
            if item.get_closest_marker(mark) and not present():
                item.add_marker(pytest.mark.skip(reason=reason))


# ---------------------------------------------------------------- ranks


RANKS = {
    "PYTHONUNBUFFERED": "",  # a rank's lines come whole, not mixed with another's
    # Open MPI as in a container; MPICH needs none of it.
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}


class Mpirun:
    """Runs a script under mpirun and never leaves a process behind.

    The script is a path, or Python source that is written to a file first.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self,
        ranks: int,
        script: Path | str,
        *args: str,
        timeout_s: float = 15.0,
        env: dict[str, str] | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run and return the finished process, whose exit code must be 0 if `check`."""
        mpirun = find_mpirun()
        if mpirun is None:
            pytest.skip(MEANS["mpi"][1])
        if isinstance(script, str):
            source, script = script, self.folder / "ranks.py"
            script.write_text(source)
        command = [mpirun, "-n", str(ranks), sys.executable, str(script), *args]
        before = shared_memory()
        process = subprocess.Popen(
            command,
            env={**os.environ, **RANKS, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            kill_group(process.pid)
            out, err = process.communicate(timeout=GRACE_S)
            pytest.fail(f"{ranks} ranks did not end in {timeout_s} s\n{out}\n{err}")
        finally:
            kill_group(process.pid)
            sweep_mpich(before)
        if check and process.returncode:
            pytest.fail(f"{ranks} ranks ended with {process.returncode}\n{out}\n{err}")
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def kill_group(leader: int) -> None:
    """Kill a process group that this process started; it may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def sweep_mpich(before: set[Path]) -> None:
    """Remove the segments that MPICH forgets when ranks end other than by MPI_Finalize."""
    deadline = time.monotonic() + 0.5  # a killed rank holds its segment for some milliseconds
    while new := {path for path in shared_memory() - before if path.match("mpich_shm_*")}:
        for path in unused(new):
            path.unlink(missing_ok=True)
        if time.monotonic() > deadline:  # what remains is another job's
            return
        time.sleep(0.02)


@pytest.fixture
def mpirun(tmp_path: Path) -> Mpirun:
    """Return a function that runs a script on N ranks: mpirun(2, source_or_path, "--flag")."""
    return Mpirun(tmp_path)


# ---------------------------------------------------------------- leftovers


def labelled(label: str) -> list[psutil.Process]:
    """Return the living processes that inherited the label of a test."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(LABEL) == label:
                found.append(process)
    return found


def shared_memory() -> set[Path]:
    """Return the files in /dev/shm."""
    folder = Path("/dev/shm")
    return set(folder.iterdir()) if folder.is_dir() else set()


def unused(files: set[Path]) -> set[Path]:
    """Return the files that no process has mapped: what somebody else works with stays out."""
    if not files:
        return files
    mapped = ""
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with contextlib.suppress(OSError):
            mapped += maps.read_text()
    return {path for path in files if path.exists() and str(path) not in mapped}


def describe(process: psutil.Process) -> str:
    """Return the number and command of a process that may end meanwhile."""
    with contextlib.suppress(psutil.Error):
        return f"{process.pid} {process.cmdline()}"
    return str(process.pid)


@pytest.fixture
def no_leftovers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail if a process started by the test, or a file in /dev/shm, outlives it.

    Processes are known by an environment variable, so orphans are found as well, but not a plain
    fork of the test itself.
    """
    label = uuid.uuid4().hex
    monkeypatch.setenv(LABEL, label)
    before = shared_memory()
    yield
    deadline = time.monotonic() + GRACE_S
    processes, files = labelled(label), unused(shared_memory() - before)
    while (processes or files) and time.monotonic() < deadline:
        time.sleep(0.05)
        processes, files = labelled(label), unused(shared_memory() - before)
    left = [describe(process) for process in processes] + sorted(map(str, files))
    for process in processes:
        process.kill()
    assert not left

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dtrain import checkpoint
from dtrain.checkpoint.files import replace_file, sync_directory
from dtrain.errors import CheckpointError
from dtrain.tensor.tensor import wrap


def test_the_new_content_takes_the_name_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with replace_file(str(path)) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with replace_file(str(path)) as file:
            file.write(b"new")
            raise error

    with pytest.raises(error):
        interrupted()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    with replace_file(str(link)) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_new_file_obeys_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with replace_file(str(tmp_path / "a")):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_devices_are_written_straight() -> None:
    checkpoint.save([1], "/dev/null")
    assert Path("/dev/null").is_char_device()


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(CheckpointError, match="No space left"), replace_file(str(path)):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_device_that_is_full() -> None:
    with pytest.raises(CheckpointError, match="No space left"):
        checkpoint.save(wrap(np.zeros(1000)), "/dev/full")


def test_a_file_size_limit(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys\n"
        "import numpy as np\n"
        "import dtrain.checkpoint as checkpoint\n"
        "from dtrain.tensor.tensor import wrap\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "try:\n"
        "    checkpoint.save(wrap(np.zeros(1 << 20)), sys.argv[1])\n"
        "except checkpoint.serialize.CheckpointError as error:\n"
        "    print(error)\n"
    )
    path = tmp_path / "a.pt"
    checkpoint.save("old", path)
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert "File too large" in done.stdout
    assert checkpoint.load(path) == "old"
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import sys
import numpy as np
import dtrain.checkpoint as checkpoint
from dtrain.tensor.tensor import wrap

state = {"w": wrap(np.full(1 << 20, 1.0))}
print("ready", flush=True)
for value in range(1, 10**6):
    state["w"]._a[:] = value
    checkpoint.save(state, sys.argv[1])
"""


@pytest.mark.parametrize("delay_s", [0.0, 0.003, 0.011, 0.05])
def test_a_kill_leaves_the_old_file_or_the_new(tmp_path: Path, delay_s: float) -> None:
    path = tmp_path / "a.pt"
    checkpoint.save({"w": wrap(np.zeros(1))}, path)
    process = subprocess.Popen([sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        process.stdout.readline()
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
    process.wait()
    values: Any = checkpoint.load(path)["w"]._a
    assert values.min() == values.max()
    assert values.size in {1, 1 << 20}


def test_sync_directory_needs_a_directory(tmp_path: Path) -> None:
    sync_directory(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_directory(tmp_path / "missing")

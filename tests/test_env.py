from __future__ import annotations

import pytest

from dtrain.env import launcher_variables, local_rank, omp_threads, restarts, world_size
from dtrain.errors import OpValueError


def test_launcher_variables(monkeypatch):
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setenv("SLURM_STEP_ID", "0")
    monkeypatch.setenv("OTHER", "x")
    found = launcher_variables()
    assert found["PMI_SIZE"] == "2"
    assert found["SLURM_STEP_ID"] == "0"
    assert "OTHER" not in found


@pytest.mark.parametrize(("text", "size"), [("4", 4), (" 1 ", 1), ("", None), (None, None)])
def test_world_size(text, size, monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    if text is not None:
        monkeypatch.setenv("WORLD_SIZE", text)
    assert world_size() == size


def test_a_world_size_that_is_no_number(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "four")
    with pytest.raises(OpValueError, match=r"env\(WORLD_SIZE='four'\)"):
        world_size()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("LOCAL_RANK", local_rank),
        ("OMP_NUM_THREADS", omp_threads),
        ("TORCHELASTIC_RESTART_COUNT", restarts),
    ],
)
def test_what_the_launcher_tells(name, read, monkeypatch):
    monkeypatch.delenv(name, raising=False)
    assert read() is None
    monkeypatch.setenv(name, "2")
    assert read() == 2

from __future__ import annotations

import mmap

from dtrain_launch.shared_memory import sweep


def test_only_what_matches_and_nobody_has_mapped_is_removed(tmp_path):
    for name in ("mpich_shm_1", "mpich_shm_2", "other"):
        (tmp_path / name).write_bytes(b"x" * 4096)
    with (tmp_path / "mpich_shm_2").open("r+b") as file, mmap.mmap(file.fileno(), 0):
        assert sweep(["mpich_shm_*"], tmp_path) == [tmp_path / "mpich_shm_1"]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["mpich_shm_2", "other"]
    assert sweep(["mpich_shm_*", "mpich_vci_*"], tmp_path) == [tmp_path / "mpich_shm_2"]


def test_nothing_to_do(tmp_path):
    assert sweep(["mpich_shm_*"], tmp_path / "missing") == []

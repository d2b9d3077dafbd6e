from __future__ import annotations

import pytest

from dtrain_launch import pages


def test_the_environment_has_torchruns_names():
    place = pages.Place(3, 1, 4, 2, 1, 5, 6, "host", 29500, (2, 3))
    assert place.environment() == {
        "RANK": "3",
        "LOCAL_RANK": "1",
        "WORLD_SIZE": "4",
        "LOCAL_WORLD_SIZE": "2",
        "GROUP_RANK": "1",
        "MASTER_ADDR": "host",
        "MASTER_PORT": "29500",
        "TORCHELASTIC_RESTART_COUNT": "6",
        "DTRAIN_GENERATION": "5",
        "DTRAIN_CPUS": "2,3",
    }


@pytest.mark.torch
def test_torch_understands_it(monkeypatch):
    env = pytest.importorskip("torch.distributed.rendezvous")
    for name, value in pages.Place(0, 0, 1, 1, 0, 0, 0, "127.0.0.1", 0, ()).environment().items():
        monkeypatch.setenv(name, value)
    store, rank, world_size = next(env.rendezvous("env://"))
    assert (rank, world_size) == (0, 1)
    del store

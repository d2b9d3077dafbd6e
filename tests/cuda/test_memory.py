"""The memory of devices, on a fake one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dtrain.cuda import memory
from dtrain.errors import OpValueError


class Pool:
    """A pool of 100 bytes that holds 60 and uses 40."""

    freed = False
    limit = 0.0

    def used_bytes(self):
        return 40

    def total_bytes(self):
        return 60

    def free_all_blocks(self):
        self.freed = True

    def set_limit(self, fraction):
        self.limit = fraction


@pytest.fixture
def pool(monkeypatch):
    made = Pool()
    runtime = SimpleNamespace(memGetInfo=lambda: (40, 100))
    xp = SimpleNamespace(
        get_default_memory_pool=lambda: made, cuda=SimpleNamespace(runtime=runtime)
    )
    monkeypatch.setattr("dtrain.cuda.memory.load", lambda: xp)
    monkeypatch.setattr("dtrain.cuda.devices.is_initialized", lambda: True)
    return made


def test_figures(pool):
    assert memory.memory_allocated() == 40
    assert memory.memory_reserved() == memory.max_memory_allocated() == 60
    assert memory.mem_get_info() == (40, 100)
    assert memory.memory_stats()["allocated_bytes.all.current"] == 40
    assert "reserved_bytes.all.peak: 60" in memory.memory_summary()


def test_changes(pool):
    memory.empty_cache()
    memory.set_per_process_memory_fraction(0.5)
    assert pool.freed
    assert pool.limit == 0.5
    with pytest.raises(OpValueError, match="Invalid fraction"):
        memory.set_per_process_memory_fraction(1.5)

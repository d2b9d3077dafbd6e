from __future__ import annotations

import pytest

from dtrain.comm.group import WORLD, World
from dtrain.errors import DistributedError, OpValueError


def test_open_and_close():
    world = World()
    assert not world.is_open
    with pytest.raises(OpValueError, match="Default process group has not been initialized"):
        _ = world.communicator
    communicator = world.open("local")
    assert world.is_open
    assert world.communicator is communicator
    assert world.backend == "local"
    with pytest.raises(DistributedError, match="initialize the default process group twice"):
        world.open("local")
    world.close()
    world.close()
    assert not world.is_open
    world.open("local")
    world.close()


def test_the_process_starts_without_a_group():
    assert not WORLD.is_open

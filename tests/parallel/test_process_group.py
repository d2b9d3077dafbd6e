"""Process groups: names of ranks, and what does not stand for a group."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dtrain.comm.group import WORLD
from dtrain.comm.local import connect
from dtrain.parallel.process_group import (
    GROUPS,
    GroupMember,
    ProcessGroup,
    check_timeout,
    find,
    group,
    member,
    peer,
)


@pytest.fixture
def world():
    WORLD.open("local")
    yield GROUPS.world
    if WORLD.is_open:
        WORLD.close()


def test_the_default_group_is_that_of_the_world(world):
    assert find(None) is world is group.WORLD is GroupMember.WORLD
    assert (world.rank(), world.size(), world.name()) == (0, 1, "local")


def test_the_default_group_follows_the_world(world):
    WORLD.close()
    assert group.WORLD is None
    WORLD.open("local")
    assert GROUPS.world is not world


def test_there_may_be_no_default_group():
    with pytest.raises(ValueError, match="Default process group has not been initialized"):
        find(None)


def test_outside_of_a_group_there_is_a_warning(world):
    with pytest.warns(UserWarning, match="Running all_reduce on global rank 0 which does not"):
        assert member(GroupMember.NON_GROUP_MEMBER, "all_reduce") is None


def test_what_is_no_group(world):
    with pytest.raises(TypeError, match="expected a ProcessGroup or None, got str"):
        find("world")


def test_closing_the_default_group_closes_all(world):
    other = ProcessGroup(world.communicator.split(0), [0], "local")
    GROUPS.made.append(other)
    GROUPS.close(world)
    assert GROUPS.made == []
    assert not WORLD.is_open
    with pytest.raises(RuntimeError, match="closed"):
        other.communicator.barrier()


def test_a_group_is_closed_once(world):
    other = ProcessGroup(world.communicator.split(0), [0], "local")
    GROUPS.made.append(other)
    GROUPS.close(other)
    with pytest.raises(ValueError, match="destroyed"):
        GROUPS.close(other)


def some():
    return ProcessGroup(connect(), [4, 2, 7], "local")


def test_a_rank_is_found_by_either_number():
    assert peer(some(), 2, None) == 1
    assert peer(some(), None, 2) == 2
    assert peer(some(), None, None, default=0) == 0


@pytest.mark.parametrize(
    ("global_rank", "group_rank", "words"),
    [
        (2, 1, "Can't specify both group_rank and global_rank"),
        (None, None, "Must specify global_rank or group_rank"),
        (0, None, "Global rank 0 is not part of group"),
    ],
)
def test_a_rank_that_is_not_found(global_rank, group_rank, words):
    with pytest.raises(ValueError, match=words):
        peer(some(), global_rank, group_rank)


def test_time_outs():
    assert check_timeout(None) is None
    assert check_timeout(timedelta(seconds=1)) == timedelta(seconds=1)
    with pytest.raises(TypeError, match="Expected timeout argument to be of type"):
        check_timeout(5)
    with pytest.raises(RuntimeError, match="expected a positive timedelta"):
        check_timeout(timedelta(0))

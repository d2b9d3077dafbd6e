"""Starting and ending process groups: alone, and as ranks of mpirun."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import dtrain as torch
import dtrain.distributed as dist

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world():
    dist.init_process_group("gloo")
    yield
    if dist.is_initialized():
        dist.destroy_process_group()


def test_a_process_alone_is_a_world_of_one(world):
    assert dist.is_initialized()
    assert (dist.get_rank(), dist.get_world_size(), dist.get_backend()) == (0, 1, "gloo")
    assert dist.get_process_group_ranks(None) == [0]
    t = torch.tensor([1.0, 2.0])
    dist.all_reduce(t)
    dist.barrier()
    assert t.tolist() == [1, 2]


def test_initialised_twice(world):
    with pytest.raises(ValueError, match="trying to initialize the default process group twice"):
        dist.init_process_group()


def test_not_initialised():
    assert not dist.is_initialized()
    assert dist.group.WORLD is None
    for call in (dist.get_rank, dist.get_world_size, dist.barrier, dist.destroy_process_group):
        with pytest.raises(ValueError, match="Default process group has not been initialized"):
            call()


def test_again_after_the_end(world):
    dist.destroy_process_group()
    dist.init_process_group(init_method="tcp://127.0.0.1:29500", rank=0, world_size=1)
    assert dist.get_world_size() == 1


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"world_size": 2}, ValueError, r"world_size=2.*world_size 1.*mpirun"),
        ({"rank": 1}, ValueError, r"rank=1"),
        ({"backend": "nccl"}, RuntimeError, "Distributed package doesn't have NCCL built in"),
        ({"backend": "carrier"}, ValueError, "invalid backend"),
        ({"init_method": "smoke://x"}, ValueError, "No rendezvous handler"),
        ({"timeout": 5}, TypeError, "Expected timeout argument to be of type"),
        ({"store": object()}, ValueError, "store and pg_options are not supported"),
    ],
)
def test_refusals_leave_nothing_initialised(options, error, words):
    with pytest.raises(error, match=words):
        dist.init_process_group(**options)
    assert not dist.is_initialized()


def test_what_there_is(monkeypatch):
    assert dist.is_available()
    assert dist.is_gloo_available()
    assert dist.is_mpi_available()
    assert not dist.is_nccl_available()
    monkeypatch.delenv("TORCHELASTIC_RESTART_COUNT", raising=False)
    assert not dist.is_torchelastic_launched()
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "0")
    assert dist.is_torchelastic_launched()


def test_node_local_rank(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert dist.get_node_local_rank() == 3
    monkeypatch.delenv("LOCAL_RANK")
    assert dist.get_node_local_rank(fallback_rank=1) == 1
    with pytest.raises(RuntimeError, match="LOCAL_RANK is not in the environment"):
        dist.get_node_local_rank()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ranks": [0, 0]}, "must not contain duplicate entries"),
        ({"ranks": [1]}, "Rank 1 is out of range. Valid ranks are 0 to 0"),
        ({"backend": "nccl"}, "expected the same"),
        ({"use_local_synchronization": True}, "not supported"),
    ],
)
def test_new_group_refuses(world, options, words):
    with pytest.raises(ValueError, match=words):
        dist.new_group(**options)


def test_new_group_of_one(world):
    group = dist.new_group([0], timeout=timedelta(seconds=5))
    assert (dist.get_rank(group), dist.get_group_rank(group, 0)) == (0, 0)
    dist.barrier(group)
    dist.destroy_process_group(group)
    with pytest.raises(ValueError, match="destroyed"):
        dist.destroy_process_group(group)
    with pytest.raises(ValueError, match="Group rank 1 is not part of group"):
        dist.get_global_rank(group, 1)


SCRIPT = """
import sys, warnings
from datetime import timedelta
import dtrain as torch
import dtrain.distributed as dist

dist.init_process_group("gloo", init_method="env://", timeout=timedelta(seconds=8))
rank, size = dist.get_rank(), dist.get_world_size()
assert size == 4, size
assert dist.get_backend() == "gloo"
t = torch.full((3,), float(rank))
dist.all_reduce(t)
assert t.tolist() == [6.0] * 3

odd = dist.new_group([3, 1])
if rank % 2:
    assert (dist.get_rank(odd), dist.get_world_size(odd)) == (rank // 2, 2)
    assert dist.get_process_group_ranks(odd) == [1, 3]
    assert (dist.get_global_rank(odd, 1), dist.get_group_rank(odd, 3)) == (3, 1)
    t = torch.tensor(float(rank))
    dist.broadcast(t, src=3, group=odd)
    assert t.item() == 3
    if rank == 1:
        dist.send(torch.tensor(7), 3, odd)
    else:
        t = torch.tensor(0)
        assert dist.recv(t, group=odd) == 1
        assert t.item() == 7
else:
    assert odd is dist.GroupMember.NON_GROUP_MEMBER
    assert dist.get_rank(odd) == dist.get_world_size(odd) == -1
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert dist.all_reduce(torch.ones(1), group=odd) is None
    assert "does not belong to the given group" in str(caught[0].message)

backwards = dist.new_group([2, 0], sort_ranks=False)
if rank in (0, 2):
    assert dist.get_rank(backwards) == (0 if rank == 2 else 1)

works = [dist.all_reduce(torch.ones(1000), async_op=True) for _ in range(5)]
assert all(work.wait() for work in works)
out = [None] * size
dist.all_gather_object(out, {"rank": rank})
assert out == [{"rank": r} for r in range(size)]
dist.destroy_process_group()
assert not dist.is_initialized()
dist.init_process_group()
assert dist.get_world_size() == 4
print("well", flush=True)
"""


@pytest.mark.mpi
def test_ranks_of_mpirun(mpirun, no_leftovers):
    done = mpirun(4, SCRIPT, env={"PYTHONPATH": str(ROOT)})
    assert done.stdout.split() == ["well"] * 4


@pytest.mark.mpi
def test_a_world_size_that_mpirun_did_not_start(mpirun, no_leftovers):
    script = "import dtrain.distributed as dist\ndist.init_process_group(world_size=3)"
    done = mpirun(2, script, env={"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode != 0
    assert "the launcher gave this process world_size 2" in done.stderr

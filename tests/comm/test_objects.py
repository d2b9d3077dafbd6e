from __future__ import annotations

import numpy as np
import pytest

from dtrain.comm import objects
from dtrain.comm.threads import run_threads
from dtrain.errors import DistributedError, RankFailedError


def test_objects_of_different_sizes_and_none():
    def function(comm):
        value = None if comm.rank == 0 else {"x": "y" * 1000 * comm.rank}
        return objects.allgather(comm, value, allow_pickle=False)

    expected = [None, {"x": "y" * 1000}, {"x": "y" * 2000}]
    assert run_threads(3, function) == [expected] * 3


def test_arrays_within_objects_belong_to_the_receiver():
    def function(comm):
        array = objects.broadcast(comm, np.arange(3), 0, allow_pickle=False)
        array += comm.rank
        return array.tolist()

    assert run_threads(2, function) == [[0, 1, 2], [1, 2, 3]]


def test_the_receiver_has_to_allow_pickles_too():
    def function(comm):
        return objects.broadcast(comm, np.dtype("f4"), 0, allow_pickle=comm.rank == 0)

    with pytest.raises(DistributedError, match="could run any code"):
        run_threads(2, function)


def test_a_scatter_of_the_wrong_length_fails_on_the_root():
    def function(comm):
        try:
            objects.scatter(comm, [1], 0, allow_pickle=False)
        except RankFailedError:
            return

    with pytest.raises(ValueError, match=r"scatter_obj\(values: 1\)"):
        run_threads(2, function)


def test_several_messages_to_one_rank_do_not_mix():
    def function(comm):
        if comm.rank:
            for number in range(5):
                objects.send(comm, [comm.rank] * number, 0, 0, allow_pickle=False)
            return None
        got = [objects.recv(comm, None, 0, allow_pickle=False) for _ in range(10)]
        return sorted(got)

    assert run_threads(3, function)[0] == sorted([r] * n for r in (1, 2) for n in range(5))

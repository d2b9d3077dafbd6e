from __future__ import annotations

import os

import pytest

from dtrain_launch import cores


def test_physical_cores_are_the_cpus_of_this_process_once_each():
    cpus = [cpu for core in cores.physical_cores() for cpu in core]
    assert sorted(cpus) == sorted(os.sched_getaffinity(0))


@pytest.mark.parametrize("count", [2, 3, 7, 8])
@pytest.mark.parametrize("ranks", [1, 2, 3, 5, 8])
def test_partition_is_disjoint_complete_and_even(count, ranks):
    shares = cores.partition([(i, i + count) for i in range(count)], ranks)
    assert len(shares) == ranks
    if ranks == 1 or count < ranks:
        assert shares == [()] * ranks
        return
    assert sorted(cpu for share in shares for cpu in share) == list(range(2 * count))
    sizes = [len(share) for share in shares]
    assert max(sizes) - min(sizes) <= 2


def test_threads_fill_the_cores_unless_the_user_has_set_them():
    assert cores.thread_environment(8, 3, {})["OMP_NUM_THREADS"] == "2"
    assert cores.thread_environment(1, 3, {})["OMP_NUM_THREADS"] == "1"
    assert cores.thread_environment(8, 2, {"OMP_NUM_THREADS": "5"}) == {
        "OMP_NUM_THREADS": "5",
        "OPENBLAS_NUM_THREADS": "5",
        "OMP_WAIT_POLICY": "passive",
    }

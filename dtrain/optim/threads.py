"""Threads for updates of large parameters: NumPy lets others run while it computes."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from dtrain.tensor.settings import get_num_threads

__all__ = ["run_in_blocks"]

# Elements that one of several threads takes at a time: with fewer, they wait for each other's
# Python more than they compute.
SHARE = 1 << 18

_pools: dict[int, ThreadPoolExecutor] = {}
os.register_at_fork(after_in_child=_pools.clear)  # a child has none of its parent's threads


def run_in_blocks(work: Callable[[int, int], None], size: int, block: int) -> None:
    """Call `work(start, stop)` for all parts of a range, on as many threads as it is worth.

    Args:
        work: What is done; calls for different parts may run at the same time.
        size: The end of the range, which starts at 0.
        block: Elements in a part where one thread does it all.
    """
    threads = min(get_num_threads(), size // SHARE)
    if threads < 2:
        for start in range(0, size, block):
            work(start, min(start + block, size))
        return
    most = get_num_threads()
    pool = _pools.get(most)
    if pool is None:
        pool = _pools[most] = ThreadPoolExecutor(most, "dtrain-optim")

    def run(first: int) -> None:
        with np.errstate(all="ignore"):
            for start in range(first * SHARE, size, threads * SHARE):
                work(start, min(start + SHARE, size))

    list(pool.map(run, range(threads)))

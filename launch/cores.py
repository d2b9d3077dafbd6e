"""The cores of this node and their division among the ranks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

__all__ = ["partition", "physical_cores", "thread_environment"]

_TOPOLOGY = Path("/sys/devices/system/cpu")


def physical_cores() -> list[tuple[int, ...]]:
    """List the cores this process may use, each as its logical CPUs, neighbours side by side."""
    cores: dict[tuple[int, int], list[int]] = {}
    for cpu in sorted(os.sched_getaffinity(0)):
        cores.setdefault(_core_of(cpu), []).append(cpu)
    return [tuple(cores[key]) for key in sorted(cores)]


def partition(cores: list[tuple[int, ...]], ranks: int) -> list[tuple[int, ...]]:
    """Deal the cores to the ranks in contiguous shares.

    Args:
        cores: What `physical_cores` returned.
        ranks: Number of ranks on this node.

    Returns:
        The logical CPUs of each rank. Empty tuples, meaning no binding, where there are fewer
        cores than ranks: ranks that share cores are better placed by the kernel.

    >>> partition([(0, 4), (1, 5), (2, 6)], 2)
    [(0, 4), (1, 5, 2, 6)]
    >>> partition([(0,)], 2)
    [(), ()]
    """
    if ranks == 1 or len(cores) < ranks:
        return [()] * ranks
    bounds = [rank * len(cores) // ranks for rank in range(ranks + 1)]
    return [
        tuple(cpu for core in cores[low:high] for cpu in core) for low, high in pairwise(bounds)
    ]


def thread_environment(cores: int, ranks: int, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of the thread pools of a rank; what the user has set stays.

    Every rank gets the same number of threads, so that the bits of a sum do not depend on which
    rank computes it. Waiting threads sleep: the communication thread needs the core.
    """
    threads = environ.get("OMP_NUM_THREADS", str(max(1, cores // ranks)))
    defaults = {
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "OMP_WAIT_POLICY": "passive",
    }
    return {name: environ.get(name, value) for name, value in defaults.items()}


def _core_of(cpu: int) -> tuple[int, int]:
    """Return (package, core) of a logical CPU; without that knowledge each CPU is a core."""
    folder = _TOPOLOGY / f"cpu{cpu}" / "topology"
    try:
        package = int((folder / "physical_package_id").read_text())
        return package, int((folder / "core_id").read_text())
    except OSError:
        return 0, cpu

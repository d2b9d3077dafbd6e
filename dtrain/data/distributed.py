"""DistributedSampler: each rank's part of a data set."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized

from dtrain.comm.group import WORLD
from dtrain.data.sampler import Sampler
from dtrain.errors import OpValueError
from dtrain.tensor.generator import Generator
from dtrain.tensor.random import randperm

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every num_replicas-th index, from `rank` on, as torch's: all ranks draw the same order.

    Args:
        dataset: The data set.
        num_replicas: Number of ranks; that of the process group by default.
        rank: This rank; that in the process group by default.
        shuffle: Draw the order from (seed, epoch); call set_epoch() before each epoch.
        seed: The same on all ranks.
        drop_last: Leave out the tail; otherwise samples are repeated until it is even.

    Raises:
        OpValueError: `rank` is out of range, or not given outside a process group.
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        self.num_replicas = WORLD.communicator.size if num_replicas is None else num_replicas
        self.rank = WORLD.communicator.rank if rank is None else rank
        if not 0 <= self.rank < self.num_replicas:
            raise OpValueError(
                f"Invalid rank {self.rank}, rank should be in the interval "
                f"[0, {self.num_replicas - 1}]"
            )
        self.dataset = dataset
        self.epoch = 0
        self.drop_last = drop_last
        self.shuffle = shuffle
        self.seed = seed
        n = len(dataset)
        even = n // self.num_replicas if drop_last else math.ceil(n / self.num_replicas)
        self.num_samples = even
        self.total_size = even * self.num_replicas

    def __iter__(self) -> Iterator[int]:
        n = len(self.dataset)
        if self.shuffle:
            order = randperm(n, generator=Generator().manual_seed(self.seed + self.epoch)).tolist()
        else:
            order = list(range(n))
        if len(order) < self.total_size and order:
            order = (order * math.ceil(self.total_size / len(order)))[: self.total_size]
        return iter(order[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes: the order is drawn from seed + epoch."""
        self.epoch = epoch

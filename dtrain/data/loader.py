"""DataLoader: batches of a data set, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from dtrain.data.collate import default_collate, default_convert
from dtrain.data.dataset import IterableDataset, batch_reader
from dtrain.data.sampler import BatchSampler, RandomSampler, SequentialSampler
from dtrain.errors import OpValueError
from dtrain.tensor.create import empty
from dtrain.tensor.dtype import int64
from dtrain.tensor.generator import Generator

__all__ = ["DataLoader", "get_worker_info"]


def get_worker_info() -> None:
    """Return None: this is the main process, which loads the data itself."""


def _check_workers(workers: int, timeout: float, prefetch: int | None, persistent: bool) -> None:
    """Refuse options of workers that there cannot be.

    Raises:
        OpValueError: A number is negative, or an option needs workers.
    """
    if workers < 0:
        raise OpValueError("num_workers option should be non-negative; use num_workers=0")
    if timeout < 0:
        raise OpValueError("timeout option should be non-negative")
    if workers == 0 and prefetch is not None:
        raise OpValueError(
            "prefetch_factor option could only be specified in multiprocessing; let num_workers > "
            "0 to enable multiprocessing, otherwise set prefetch_factor to None"
        )
    if workers == 0 and persistent:
        raise OpValueError("persistent_workers option needs num_workers > 0")


def _check_order(
    batch_size: int | None, shuffle: bool, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    """Refuse two ways at once to say in which order samples come.

    Raises:
        OpValueError: Options exclude one another, or the batch size is not positive.
    """
    if sampler is not None and shuffle:
        raise OpValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise OpValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and "
                "drop_last"
            )
    elif batch_size is None and drop_last:
        raise OpValueError(
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
        )
    if batch_size is not None and (batch_size.__class__ is not int or batch_size <= 0):
        raise OpValueError(
            f"batch_size should be a positive integer value, but got batch_size={batch_size}"
        )


class DataLoader:
    """Iterate over batches of a data set, as torch.utils.data.DataLoader.

    Args:
        dataset: A Dataset (or anything with `__getitem__` and `__len__`) or an IterableDataset.
        batch_size: Samples in a batch; None for samples as they are.
        shuffle: A new random order for each iteration.
        sampler: The order of indices; excludes `shuffle`.
        batch_sampler: Batches of indices; excludes the other three.
        num_workers: Accepted for torch's signature.
        collate_fn: Makes a batch of a list of samples.
        pin_memory: Accepted for torch's signature.
        drop_last: Leave out a last batch that is not full.
        generator: Where the random order comes from.

    Note:
        Samples are fetched in this process whatever `num_workers` says; `worker_init_fn`,
        `prefetch_factor` and their kin have nothing to act on.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        self.dataset = dataset
        self.num_workers, self.timeout = num_workers, timeout
        self.pin_memory, self.pin_memory_device = pin_memory, pin_memory_device
        self.worker_init_fn, self.prefetch_factor = worker_init_fn, prefetch_factor
        self.persistent_workers, self.in_order = persistent_workers, in_order
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self._iterable = isinstance(dataset, IterableDataset)
        if self._iterable and (shuffle or sampler is not None or batch_sampler is not None):
            raise OpValueError(
                "DataLoader with IterableDataset: expected unspecified shuffle, sampler and "
                "batch_sampler options"
            )
        _check_order(batch_size, bool(shuffle), sampler, batch_sampler, drop_last)
        if batch_sampler is not None:
            batch_size, drop_last = None, False
        if sampler is None and not self._iterable:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else None
            sampler = SequentialSampler(dataset) if sampler is None else sampler
        self.sampler: Any = sampler
        if batch_size is not None and batch_sampler is None and not self._iterable:
            assert sampler is not None
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size, self.drop_last = batch_size, drop_last
        self.batch_sampler: Any = batch_sampler
        if collate_fn is None:
            batched = batch_sampler is not None or (self._iterable and batch_size is not None)
            collate_fn = default_collate if batched else default_convert
        self.collate_fn = collate_fn

    def __iter__(self) -> Iterator[Any]:
        empty((), dtype=int64).random_(generator=self.generator)  # torch draws its base seed here
        if self._iterable:
            return self._stream()
        return self._batches() if self.batch_sampler is not None else self._samples()

    def _batches(self) -> Iterator[Any]:
        dataset, collate = self.dataset, self.collate_fn
        read = batch_reader(dataset) if collate is default_collate else None
        together = getattr(dataset, "__getitems__", None)
        for indices in self.batch_sampler:
            if read is not None and {int}.issuperset(map(type, indices)):
                yield read(indices)
            elif together is not None:
                yield collate(together(indices))
            else:
                yield collate([dataset[i] for i in indices])

    def _samples(self) -> Iterator[Any]:
        for i in self.sampler:
            yield self.collate_fn(self.dataset[i])

    def _stream(self) -> Iterator[Any]:
        if self.batch_size is None:
            for sample in self.dataset:
                yield self.collate_fn(sample)
            return
        batch: list[Any] = []
        for sample in self.dataset:
            batch.append(sample)
            if len(batch) == self.batch_size:
                yield self.collate_fn(batch)
                batch = []
        if batch and not self.drop_last:
            yield self.collate_fn(batch)

    def __len__(self) -> int:
        if self._iterable:
            n = len(self.dataset)
            if self.batch_size is None:
                return n
            return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)

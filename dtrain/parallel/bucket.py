"""Gradients side by side: the pieces of memory that travel as one message each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.comm.communicator import Communicator
from dtrain.comm.reduction import ReduceOp
from dtrain.comm.work import Work
from dtrain.tensor.tensor import Tensor, wrap

__all__ = ["Bucket", "assign"]


class Bucket:
    """The gradients of some parameters in one flat array, each `.grad` a view of it.

    Args:
        members: The numbers of the parameters.
        parameters: All parameters of the model.
        communicator: Where the memory comes from and the average is taken.

    Attributes:
        views: The gradient of each member, as a tensor over its slice of the memory.
        missing: How many members have no gradient yet in this round.
        work: The average under way; None before it has started.
    """

    __slots__ = ("_communicator", "_flat", "members", "missing", "views", "work")

    def __init__(
        self, members: Sequence[int], parameters: Sequence[Tensor], communicator: Communicator
    ) -> None:
        self._communicator = communicator
        self.members = tuple(members)
        arrays = [parameters[i]._a for i in members]
        self._flat = communicator.alloc(sum(a.size for a in arrays), arrays[0].dtype)
        self.views: list[Tensor] = []
        start = 0
        for a in arrays:
            self.views.append(wrap(self._flat[start : start + a.size].reshape(a.shape)))
            start += a.size
        self.missing = len(members)
        self.work: Work | None = None

    def take(self, slot: int, parameter: Tensor) -> None:
        """Bring a parameter's gradient into the bucket, unless it has been added up there."""
        view, grad = self.views[slot], parameter.grad
        if grad is None:
            view._a[...] = 0
        elif grad._a is not view._a:
            np.copyto(view._a, grad._a)
            parameter.grad = view

    def average(self) -> None:
        """Start to average over all ranks; alone, there is nothing to overlap with or divide."""
        comm = self._communicator
        op = ReduceOp.AVG if comm.size > 1 else ReduceOp.SUM
        self.work = comm.allreduce(self._flat, op, async_op=comm.size > 1)


def assign(
    order: Sequence[int], parameters: Sequence[Tensor], first_bytes: int, bucket_bytes: int
) -> list[list[int]]:
    """Fill buckets, one dtype each, with parameters in the order in which they become ready.

    Args:
        order: The numbers of the parameters.
        parameters: All parameters of the model.
        first_bytes: A bucket is closed when it has so many bytes: the first of each dtype, small
            so that communication starts early.
        bucket_bytes: The same for all others.

    Returns:
        The numbers in each bucket; the buckets in the order in which they become complete.
    """
    open_: dict[Any, list[int]] = {}
    filled: Counter[Any] = Counter()
    limits: dict[Any, int] = {}
    closed: list[list[int]] = []
    for i in order:
        a = parameters[i]._a
        open_.setdefault(a.dtype, []).append(i)
        filled[a.dtype] += a.nbytes
        if filled[a.dtype] >= limits.get(a.dtype, first_bytes):
            closed.append(open_.pop(a.dtype))
            filled[a.dtype] = 0
            limits[a.dtype] = bucket_bytes
    place = {i: n for n, i in enumerate(order)}
    return sorted([*closed, *open_.values()], key=lambda members: place[members[-1]])

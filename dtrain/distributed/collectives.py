"""Collectives on tensors: every rank of a group calls the same ones in the same order.

Results are written into the memory of the given tensors. With `async_op=True` a collective returns
a `Work`; its tensors must be left alone until `Work.wait()` has returned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from dtrain.comm.reduction import ReduceOp
from dtrain.comm.work import Work
from dtrain.errors import OpTypeError, OpValueError
from dtrain.parallel.process_group import Group, ProcessGroup, check_timeout, member, peer
from dtrain.tensor.graph import bump
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array

__all__ = [
    "all_gather",
    "all_gather_into_tensor",
    "all_reduce",
    "all_to_all",
    "all_to_all_single",
    "array_of",
    "barrier",
    "broadcast",
    "gather",
    "monitored_barrier",
    "reduce",
    "reduce_scatter",
    "reduce_scatter_tensor",
    "scatter",
]


def array_of(value: Any, name: str, *, written: bool = False) -> Array:
    """Return a tensor's array; count a change in place if it is to be written.

    Raises:
        OpTypeError: Not a tensor.
    """
    if not isinstance(value, Tensor):
        raise OpTypeError(
            f"Invalid function argument. Expected parameter `{name}` of type torch.Tensor "
            f"but got {type(value)} instead."
        )
    if written:
        bump(value)
    return value._a


def _arrays_of(values: Any, name: str, *, written: bool = False) -> list[Array]:
    if not isinstance(values, list | tuple) or not all(isinstance(t, Tensor) for t in values):
        raise OpTypeError(
            f"Invalid function argument. Expected parameter `{name}` of type List[torch.Tensor] "
            f"but got {type(values)} instead."
        )
    return [array_of(t, name, written=written) for t in values]


def _check_length(name: str, arrays: Sequence[Array], pg: ProcessGroup) -> None:
    if len(arrays) != pg.size():
        raise OpValueError(
            f"{name}: {len(arrays)} tensors; expected one for each of the {pg.size()} ranks; "
            "give a list of that length"
        )


class _Unpacking(Work):
    """Brings what arrived in one piece into the caller's tensors, once."""

    __slots__ = ("_unpack", "_work")

    def __init__(self, work: Work, unpack: Callable[[], None]) -> None:
        self._work = work
        self._unpack: Callable[[], None] | None = unpack

    def wait(self, timeout: float | timedelta | None = None) -> bool:
        """Wait for the end; raise the error if there was one."""
        self._work.wait(timeout)
        unpack, self._unpack = self._unpack, None
        if unpack is not None:
            unpack()
        return True

    def is_completed(self) -> bool:
        """Return whether it has ended, well or not."""
        return self._work.is_completed()

    def exception(self) -> BaseException | None:
        """Return its error, if it ended with one."""
        return self._work.exception()


def _deliver(work: Work, whole: Array, parts: Sequence[Array], async_op: bool) -> Work | None:
    """Bring the rows of `whole` into `parts` when the work is done."""

    def unpack() -> None:
        for part, row in zip(parts, whole, strict=True):
            part[...] = row

    unpacking = _Unpacking(work, unpack)
    if async_op:
        return unpacking
    unpacking.wait()
    return None


def barrier(
    group: Group = None,
    async_op: bool = False,
    device_ids: Sequence[int] | None = None,
    timeout: timedelta | None = None,
) -> Work | None:
    """Wait until every rank of the group has come here; `device_ids` have no meaning here."""
    pg = member(group, "barrier")
    if pg is None:
        return None
    limit = check_timeout(timeout) or pg.timeout
    work = pg.communicator.barrier(async_op=async_op, timeout=limit)
    return work if async_op else None


def monitored_barrier(
    group: Group = None,
    timeout: timedelta | None = None,
    wait_all_ranks: bool = False,
) -> None:
    """Wait until every rank has come here; after `timeout`, raise an error on this rank.

    The error names all missing ranks that are known, whatever `wait_all_ranks` says.
    """
    barrier(group, timeout=timeout)


def all_reduce(
    tensor: Tensor, op: ReduceOp = ReduceOp.SUM, group: Group = None, async_op: bool = False
) -> Work | None:
    """Reduce `tensor` over all ranks, in place, to the same bits everywhere.

    Args:
        tensor: The same shape and dtype on every rank.
        op: The reduction.
        group: The ranks that take part.
        async_op: Return a Work at once.
    """
    pg = member(group, "all_reduce")
    if pg is None:
        return None
    array = array_of(tensor, "tensor", written=True)
    work = pg.communicator.allreduce(array, op, async_op=async_op, timeout=pg.timeout)
    return work if async_op else None


def reduce(
    tensor: Tensor,
    dst: int | None = None,
    op: ReduceOp = ReduceOp.SUM,
    group: Group = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """Reduce `tensor` over all ranks into that of rank `dst`; the others keep theirs."""
    pg = member(group, "reduce")
    if pg is None:
        return None
    root = peer(pg, dst, group_dst)
    array = array_of(tensor, "tensor", written=pg.rank() == root)
    work = pg.communicator.reduce(array, op, root=root, async_op=async_op, timeout=pg.timeout)
    return work if async_op else None


def broadcast(
    tensor: Tensor,
    src: int | None = None,
    group: Group = None,
    async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:
    """Overwrite `tensor` on every rank with that of rank `src`."""
    pg = member(group, "broadcast")
    if pg is None:
        return None
    root = peer(pg, src, group_src)
    array = array_of(tensor, "tensor", written=pg.rank() != root)
    work = pg.communicator.broadcast(array, root=root, async_op=async_op, timeout=pg.timeout)
    return work if async_op else None


def all_gather(
    tensor_list: Sequence[Tensor], tensor: Tensor, group: Group = None, async_op: bool = False
) -> Work | None:
    """Put the tensors of all ranks, in rank order, into `tensor_list` on every rank."""
    pg = member(group, "all_gather")
    if pg is None:
        return None
    parts = _arrays_of(tensor_list, "tensor_list", written=True)
    array = array_of(tensor, "tensor")
    _check_length("tensor_list", parts, pg)
    whole = np.empty((pg.size(), *array.shape), array.dtype)
    work = pg.communicator.allgather(whole, array, async_op=async_op, timeout=pg.timeout)
    return _deliver(work, whole, parts, async_op)


def all_gather_into_tensor(
    output_tensor: Tensor, input_tensor: Tensor, group: Group = None, async_op: bool = False
) -> Work | None:
    """Put the tensors of all ranks, in rank order, into one tensor: stacked or concatenated."""
    pg = member(group, "all_gather_into_tensor")
    if pg is None:
        return None
    out = array_of(output_tensor, "output_tensor", written=True)
    array = array_of(input_tensor, "input_tensor")
    work = pg.communicator.allgather(out, array, async_op=async_op, timeout=pg.timeout)
    return work if async_op else None


def gather(
    tensor: Tensor,
    gather_list: Sequence[Tensor] | None = None,
    dst: int | None = None,
    group: Group = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """Put the tensors of all ranks, in rank order, into `gather_list` on rank `dst` (0)."""
    pg = member(group, "gather")
    if pg is None:
        return None
    root = peer(pg, dst, group_dst, default=0)
    array = array_of(tensor, "tensor")
    comm, limit = pg.communicator, pg.timeout
    if pg.rank() != root:
        if gather_list:
            raise OpValueError(
                "Argument ``gather_list`` must NOT be specified on non-destination ranks."
            )
        work = comm.gather(None, array, root=root, async_op=async_op, timeout=limit)
        return work if async_op else None
    if not gather_list:
        raise OpValueError("Argument ``gather_list`` must be specified on destination rank.")
    parts = _arrays_of(gather_list, "gather_list", written=True)
    _check_length("gather_list", parts, pg)
    whole = np.empty((pg.size(), *array.shape), array.dtype)
    work = comm.gather(whole, array, root=root, async_op=async_op, timeout=limit)
    return _deliver(work, whole, parts, async_op)


def scatter(
    tensor: Tensor,
    scatter_list: Sequence[Tensor] | None = None,
    src: int | None = None,
    group: Group = None,
    async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:
    """Put item number `rank` of the `scatter_list` of rank `src` (0) into `tensor`."""
    pg = member(group, "scatter")
    if pg is None:
        return None
    root = peer(pg, src, group_src, default=0)
    out = array_of(tensor, "tensor", written=True)
    whole: Array = None
    if pg.rank() != root:
        if scatter_list:
            raise OpValueError(
                "Argument ``scatter_list`` must NOT be specified on non-source ranks."
            )
    else:
        if not scatter_list:
            raise OpValueError("Argument ``scatter_list`` must be specified on source rank.")
        parts = _arrays_of(scatter_list, "scatter_list")
        _check_length("scatter_list", parts, pg)
        whole = np.stack(parts)
    work = pg.communicator.scatter(out, whole, root=root, async_op=async_op, timeout=pg.timeout)
    return work if async_op else None


def reduce_scatter(
    output: Tensor,
    input_list: Sequence[Tensor],
    op: ReduceOp = ReduceOp.SUM,
    group: Group = None,
    async_op: bool = False,
) -> Work | None:
    """Reduce the lists of all ranks and put item number `rank` into `output`."""
    pg = member(group, "reduce_scatter")
    if pg is None:
        return None
    out = array_of(output, "output", written=True)
    parts = _arrays_of(input_list, "input_list")
    _check_length("input_list", parts, pg)
    comm = pg.communicator
    work = comm.reduce_scatter(out, np.stack(parts), op, async_op=async_op, timeout=pg.timeout)
    return work if async_op else None


def reduce_scatter_tensor(
    output: Tensor,
    input: Tensor,
    op: ReduceOp = ReduceOp.SUM,
    group: Group = None,
    async_op: bool = False,
) -> Work | None:
    """Reduce `input` over all ranks and put chunk number `rank` of it into `output`."""
    pg = member(group, "reduce_scatter_tensor")
    if pg is None:
        return None
    out = array_of(output, "output", written=True)
    array = array_of(input, "input")
    work = pg.communicator.reduce_scatter(out, array, op, async_op=async_op, timeout=pg.timeout)
    return work if async_op else None


def all_to_all(
    output_tensor_list: Sequence[Tensor],
    input_tensor_list: Sequence[Tensor],
    group: Group = None,
    async_op: bool = False,
) -> Work | None:
    """Send item r of the input list to each rank r; item r of the output comes from rank r."""
    pg = member(group, "all_to_all")
    if pg is None:
        return None
    outs = _arrays_of(output_tensor_list, "output_tensor_list", written=True)
    parts = _arrays_of(input_tensor_list, "input_tensor_list")
    _check_length("output_tensor_list", outs, pg)
    _check_length("input_tensor_list", parts, pg)
    out_counts, counts = [a.size for a in outs], [a.size for a in parts]
    array = np.concatenate([a.reshape(-1) for a in parts])
    whole = np.empty(sum(out_counts), outs[0].dtype)
    comm, limit = pg.communicator, pg.timeout
    work = comm.alltoall(whole, array, out_counts, counts, async_op=async_op, timeout=limit)
    pieces = np.split(whole, np.cumsum(out_counts)[:-1])
    rows = [piece.reshape(out.shape) for piece, out in zip(pieces, outs, strict=True)]
    return _deliver(work, rows, outs, async_op)


def all_to_all_single(
    output: Tensor,
    input: Tensor,
    output_split_sizes: Sequence[int] | None = None,
    input_split_sizes: Sequence[int] | None = None,
    group: Group = None,
    async_op: bool = False,
) -> Work | None:
    """Send part r of `input` along dim 0 to each rank r; part r of `output` comes from rank r.

    Args:
        output: What arrives, in rank order.
        input: What is sent, in rank order.
        output_split_sizes: Rows that come from each rank; equal parts by default.
        input_split_sizes: Rows that go to each rank; equal parts by default.
        group: The ranks that take part.
        async_op: Return a Work at once.
    """
    pg = member(group, "all_to_all_single")
    if pg is None:
        return None
    out, array = array_of(output, "output", written=True), array_of(input, "input")
    comm, limit = pg.communicator, pg.timeout
    out_counts, counts = _elements(out, output_split_sizes), _elements(array, input_split_sizes)
    work = comm.alltoall(out, array, out_counts, counts, async_op=async_op, timeout=limit)
    return work if async_op else None


def _elements(array: Array, rows: Sequence[int] | None) -> list[int] | None:
    """Return how many elements so many rows have; None (or nothing) stands for equal parts."""
    if not rows:
        return None
    width = int(np.prod(array.shape[1:]))
    return [n * width for n in rows]

"""Messages between two ranks: tensors from one to the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dtrain.comm.work import Work
from dtrain.distributed.collectives import array_of
from dtrain.errors import OpValueError
from dtrain.parallel.process_group import Group, ProcessGroup, member, peer
from dtrain.tensor.tensor import Tensor

__all__ = ["P2POp", "batch_isend_irecv", "irecv", "isend", "recv", "send"]


def _other(pg: ProcessGroup, what: str, global_rank: int | None, group_rank: int | None) -> int:
    """Return the rank at the other end, which must not be this one."""
    other = peer(pg, global_rank, group_rank)
    if other == pg.rank():
        raise OpValueError(
            f"Invalid {what} rank: {what} rank should not be the same as "
            "the rank of the current process."
        )
    return other


def send(
    tensor: Tensor,
    dst: int | None = None,
    group: Group = None,
    tag: int = 0,
    group_dst: int | None = None,
) -> None:
    """Send `tensor` to rank `dst`; return when it may be changed again."""
    pg = member(group, "send")
    if pg is not None:
        other = _other(pg, "destination", dst, group_dst)
        pg.communicator.send(array_of(tensor, "tensor"), other, tag=tag, timeout=pg.timeout)


def recv(
    tensor: Tensor,
    src: int | None = None,
    group: Group = None,
    tag: int = 0,
    group_src: int | None = None,
) -> int:
    """Receive into `tensor` from rank `src` (None: from anyone).

    Returns:
        The sender's number in the world; -1 outside of the group.
    """
    pg = member(group, "recv")
    if pg is None:
        return -1
    anyone = src is None and group_src is None
    other = None if anyone else _other(pg, "source", src, group_src)
    array = array_of(tensor, "tensor", written=True)
    return pg.ranks[pg.communicator.recv(array, other, tag=tag, timeout=pg.timeout)]


def isend(
    tensor: Tensor,
    dst: int | None = None,
    group: Group = None,
    tag: int = 0,
    group_dst: int | None = None,
) -> Work | None:
    """Start sending `tensor` to rank `dst`; leave it alone until `Work.wait()` has returned."""
    pg = member(group, "isend")
    if pg is None:
        return None
    other = _other(pg, "destination", dst, group_dst)
    return pg.communicator.isend(array_of(tensor, "tensor"), other, tag=tag)


def irecv(
    tensor: Tensor,
    src: int | None = None,
    group: Group = None,
    tag: int = 0,
    group_src: int | None = None,
) -> Work | None:
    """Start receiving into `tensor` from rank `src` (None: from anyone)."""
    pg = member(group, "irecv")
    if pg is None:
        return None
    anyone = src is None and group_src is None
    other = None if anyone else _other(pg, "source", src, group_src)
    return pg.communicator.irecv(array_of(tensor, "tensor", written=True), other, tag=tag)


class P2POp:
    """One message of a batch.

    Args:
        op: `isend` or `irecv`.
        tensor: What is sent or received into.
        peer: The rank at the other end, as a number in the world.
        group: The group.
        tag: Tells apart messages between the same ranks.
        group_peer: The rank at the other end, as a number in the group.
    """

    def __init__(
        self,
        op: Callable[..., Work | None],
        tensor: Tensor,
        peer: int | None = None,
        group: Group = None,
        tag: int = 0,
        group_peer: int | None = None,
    ) -> None:
        if op not in {isend, irecv}:
            raise OpValueError(
                "Invalid ``op``. Expected ``op`` to be of type ``torch.distributed.isend`` or "
                "``torch.distributed.irecv``."
            )
        self.op, self.tensor, self.peer = op, tensor, peer
        self.group, self.tag, self.group_peer = group, tag, group_peer


def batch_isend_irecv(p2p_op_list: Sequence[P2POp]) -> list[Work]:
    """Start all messages of a batch and return their handles."""
    if not p2p_op_list or not all(isinstance(op, P2POp) for op in p2p_op_list):
        raise OpValueError(
            "Invalid ``p2p_op_list``. Each op is expected to be of type "
            "``torch.distributed.P2POp``."
        )
    started = [op.op(op.tensor, op.peer, op.group, op.tag, op.group_peer) for op in p2p_op_list]
    return [work for work in started if work is not None]

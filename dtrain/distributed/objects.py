"""Collectives on small objects: numbers, text, bytes, lists, dictionaries, NumPy arrays.

Note:
    torch pickles objects, so any rank could make another run any code. Here only plain objects
    travel, unless every call of the operation says `allow_pickle=True`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain.errors import OpValueError
from dtrain.parallel.process_group import Group, member, peer

__all__ = [
    "all_gather_object",
    "broadcast_object_list",
    "gather_object",
    "recv_object_list",
    "scatter_object_list",
    "send_object_list",
]


def all_gather_object(
    object_list: list[Any], obj: Any, group: Group = None, *, allow_pickle: bool = False
) -> None:
    """Put the objects of all ranks, in rank order, into `object_list` on every rank."""
    pg = member(group, "all_gather_object")
    if pg is not None:
        found = pg.communicator.allgather_obj(obj, allow_pickle=allow_pickle)
        _fill(object_list, found, "object_list")


def broadcast_object_list(
    object_list: list[Any],
    src: int | None = None,
    group: Group = None,
    device: Any = None,
    group_src: int | None = None,
    *,
    allow_pickle: bool = False,
) -> None:
    """Overwrite the items of `object_list` on every rank with those of rank `src`."""
    pg = member(group, "broadcast_object_list")
    if pg is None:
        return
    root = peer(pg, src, group_src)
    value = list(object_list) if pg.rank() == root else None
    found = pg.communicator.broadcast_obj(value, root=root, allow_pickle=allow_pickle)
    _fill(object_list, found, "object_list")


def gather_object(
    obj: Any,
    object_gather_list: list[Any] | None = None,
    dst: int | None = None,
    group: Group = None,
    group_dst: int | None = None,
    *,
    allow_pickle: bool = False,
) -> None:
    """Put the objects of all ranks, in rank order, into `object_gather_list` on rank `dst` (0)."""
    pg = member(group, "gather_object")
    if pg is None:
        return
    root = peer(pg, dst, group_dst, default=0)
    if (pg.rank() == root) != bool(object_gather_list):
        must = "must" if pg.rank() == root else "must NOT"
        raise OpValueError(
            f"Argument ``object_gather_list`` {must} be specified on this rank: it is for the "
            "destination rank alone."
        )
    found = pg.communicator.gather_obj(obj, root=root, allow_pickle=allow_pickle)
    if found is not None and object_gather_list is not None:
        _fill(object_gather_list, found, "object_gather_list")


def scatter_object_list(
    scatter_object_output_list: list[Any],
    scatter_object_input_list: Sequence[Any] | None = None,
    src: int | None = None,
    group: Group = None,
    group_src: int | None = None,
    *,
    allow_pickle: bool = False,
) -> None:
    """Put item number `rank` of the list of rank `src` (0) first in the output list."""
    pg = member(group, "scatter_object_list")
    if pg is None:
        return
    if not scatter_object_output_list:
        raise OpValueError(
            "Expected argument scatter_object_output_list to be a list of size at least 1."
        )
    root = peer(pg, src, group_src, default=0)
    if pg.rank() == root and scatter_object_input_list is None:
        raise OpValueError("source rank must provide non-None scatter_object_input_list")
    scatter_object_output_list[0] = pg.communicator.scatter_obj(
        scatter_object_input_list, root=root, allow_pickle=allow_pickle
    )


def send_object_list(
    object_list: list[Any],
    dst: int | None = None,
    group: Group = None,
    device: Any = None,
    group_dst: int | None = None,
    *,
    allow_pickle: bool = False,
) -> None:
    """Send the items of `object_list` to rank `dst`, which calls recv_object_list."""
    pg = member(group, "send_object_list")
    if pg is not None:
        other = peer(pg, dst, group_dst)
        pg.communicator.send_obj(list(object_list), other, allow_pickle=allow_pickle)


def recv_object_list(
    object_list: list[Any],
    src: int | None = None,
    group: Group = None,
    device: Any = None,
    group_src: int | None = None,
    *,
    allow_pickle: bool = False,
) -> int:
    """Receive the items of `object_list` from rank `src`.

    Returns:
        The sender's number in the world; -1 outside of the group.
    """
    pg = member(group, "recv_object_list")
    if pg is None:
        return -1
    other = peer(pg, src, group_src)
    found = pg.communicator.recv_obj(other, allow_pickle=allow_pickle)
    _fill(object_list, found, "object_list")
    return pg.ranks[other]


def _fill(target: list[Any], found: Sequence[Any], name: str) -> None:
    """Overwrite the items of a list; its length was agreed upon beforehand."""
    if len(target) != len(found):
        raise OpValueError(
            f"{name}: {len(target)} places for {len(found)} objects; expected as many; "
            "give a list of that length"
        )
    target[:] = found

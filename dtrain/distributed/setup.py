"""Starting and ending process groups, and asking about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from dtrain.comm.group import WORLD
from dtrain.comm.registry import DRIVERS
from dtrain.env import local_rank, restarts
from dtrain.errors import DistributedError, OpValueError
from dtrain.parallel.process_group import (
    GROUPS,
    Group,
    GroupMember,
    ProcessGroup,
    check_timeout,
    find,
    peer,
)

__all__ = [
    "destroy_process_group",
    "get_backend",
    "get_global_rank",
    "get_group_rank",
    "get_node_local_rank",
    "get_process_group_ranks",
    "get_rank",
    "get_world_size",
    "init_process_group",
    "is_available",
    "is_gloo_available",
    "is_initialized",
    "is_mpi_available",
    "is_nccl_available",
    "is_torchelastic_launched",
    "new_group",
]

_RENDEZVOUS = ("env://", "tcp://", "file://")


def is_available() -> bool:
    """Return True: this package always comes with its distributed part."""
    return True


def is_initialized() -> bool:
    """Return whether the default process group is initialised."""
    return WORLD.is_open


def is_mpi_available() -> bool:
    """Return whether mpi4py is installed."""
    import importlib.util

    return importlib.util.find_spec("mpi4py") is not None


def is_gloo_available() -> bool:
    """Return True: "gloo" stands for what moves data between CPUs, here MPI."""
    return True


def is_nccl_available() -> bool:
    """Return whether there is a driver for NCCL."""
    return "nccl" in DRIVERS


def is_torchelastic_launched() -> bool:
    """Return whether `dtrain-launch` (or torchrun) started this process."""
    return restarts() is not None


def init_process_group(
    backend: str | None = None,
    init_method: str | None = None,
    timeout: timedelta | None = None,
    world_size: int = -1,
    rank: int = -1,
    store: Any = None,
    group_name: str = "",
    pg_options: Any = None,
    device_id: Any = None,
) -> None:
    """Connect to the other ranks of the job; a process started alone is a world of one.

    Args:
        backend: None, "gloo" or "mpi": MPI where an MPI launcher started the process.
        init_method: Where torch's ranks would meet. MPI ranks know one another, so it is only
            checked to be of a known kind.
        timeout: How long a blocking operation may take; None for as long as it needs.
        world_size: The number of ranks; checked, where given.
        rank: The number of this rank; checked, where given.
        store: Must be None; MPI needs no store.
        group_name: Has no meaning any more, as in torch.
        pg_options: Must be None.
        device_id: Has no meaning for memory of the host.

    Raises:
        OpValueError: The group is initialised already; an argument does not fit.
        DistributedError: The backend is not there; the ranks are not those that were announced.
    """
    if WORLD.is_open:
        raise OpValueError("trying to initialize the default process group twice!")
    if store is not None or pg_options is not None:
        raise OpValueError(
            "init_process_group(): store and pg_options are not supported; expected None; "
            "the MPI launcher brings the ranks together"
        )
    if init_method is not None and not init_method.startswith(_RENDEZVOUS):
        raise OpValueError(
            f"init_process_group(init_method={init_method!r}): No rendezvous handler for it; "
            f"expected one of {', '.join(_RENDEZVOUS)}; leave it out"
        )
    name = None if backend is None else str(backend).lower()
    if name == "nccl":
        raise DistributedError("Distributed package doesn't have NCCL built in")
    limit = check_timeout(timeout)
    communicator = WORLD.open(name)
    try:
        _check_place("world_size", world_size, communicator.size)
        _check_place("rank", rank, communicator.rank)
    except OpValueError:
        WORLD.close()
        raise
    GROUPS.world.timeout = limit


def _check_place(name: str, given: int, actual: int) -> None:
    if given not in {-1, actual}:
        raise OpValueError(
            f"init_process_group({name}={given}): the launcher gave this process {name} {actual}; "
            f"expected the same; start the ranks with mpirun or dtrain-launch and leave {name} out"
        )


def destroy_process_group(group: Group = None) -> None:
    """Close a group; the default group takes all others with it.

    Raises:
        OpValueError: The group is not initialised, or closed already.
    """
    found = find(group)
    if found is not None:
        GROUPS.close(found)


def new_group(
    ranks: Sequence[int] | None = None,
    timeout: timedelta | None = None,
    backend: str | None = None,
    pg_options: Any = None,
    use_local_synchronization: bool = False,
    group_desc: str | None = None,
    device_id: Any = None,
    sort_ranks: bool = True,
) -> ProcessGroup | int:
    """Make a group of some ranks; every rank of the world has to call this, in the same order.

    Args:
        ranks: Numbers in the world; all of them by default.
        timeout: How long a blocking operation in the group may take.
        backend: As the default group's by default, and no other.
        pg_options: Must be None.
        use_local_synchronization: Must be False: all ranks of the world take part.
        group_desc: Has no meaning here.
        device_id: Has no meaning for memory of the host.
        sort_ranks: Number the ranks in ascending order, not in the given one.

    Returns:
        The group; GroupMember.NON_GROUP_MEMBER on ranks outside of it.

    Raises:
        OpValueError: The ranks or an option do not fit.
    """
    world = GROUPS.world
    if use_local_synchronization or pg_options is not None:
        raise OpValueError(
            "new_group(): use_local_synchronization and pg_options are not supported; expected "
            "False and None; call new_group on every rank of the world"
        )
    name = world.backend if backend is None else str(backend).lower()
    if name not in {world.backend, "gloo", "mpi"}:
        raise OpValueError(
            f"new_group(backend={backend!r}): the default group runs on {world.backend}; "
            "expected the same; leave backend out"
        )
    chosen = list(range(world.size())) if ranks is None else list(ranks)
    if sort_ranks:
        chosen.sort()
    if len(set(chosen)) != len(chosen):
        raise OpValueError(f"ranks list must not contain duplicate entries, got {chosen}")
    for rank in chosen:
        if not 0 <= rank < world.size():
            raise OpValueError(
                f"Rank {rank} is out of range. Valid ranks are 0 to {world.size() - 1} inclusive."
            )
    limit = check_timeout(timeout) or world.timeout
    inside = world.rank() in chosen
    key = chosen.index(world.rank()) if inside else 0
    communicator = world.communicator.split(0 if inside else None, key)
    if communicator is None:
        return GroupMember.NON_GROUP_MEMBER
    made = ProcessGroup(communicator, chosen, name, limit)
    GROUPS.made.append(made)
    return made


def get_rank(group: Group = None) -> int:
    """Return the number of this process in a group; -1 outside of it."""
    found = find(group)
    return -1 if found is None else found.rank()


def get_world_size(group: Group = None) -> int:
    """Return the number of processes in a group; -1 outside of it."""
    found = find(group)
    return -1 if found is None else found.size()


def get_backend(group: Group = None) -> str:
    """Return the name of a group's backend in lower case.

    Raises:
        OpValueError: This rank is outside of the group.
    """
    found = find(group)
    if found is None:
        raise OpValueError("Invalid process group specified")
    return found.backend


def get_process_group_ranks(group: ProcessGroup | None) -> list[int]:
    """Return the numbers in the world of a group's ranks."""
    found = find(group)
    return [] if found is None else list(found.ranks)


def get_group_rank(group: ProcessGroup, global_rank: int) -> int:
    """Return the number within a group of a rank of the world."""
    return peer(group, global_rank, None)


def get_global_rank(group: ProcessGroup, group_rank: int) -> int:
    """Return the number in the world of a rank of a group."""
    if not 0 <= group_rank < group.size():
        raise OpValueError(f"Group rank {group_rank} is not part of group {group}")
    return group.ranks[group_rank]


def get_node_local_rank(fallback_rank: int | None = None) -> int:
    """Return LOCAL_RANK, the number of this rank on its node.

    Raises:
        DistributedError: It is not set, and there is no fallback.
    """
    found = local_rank()
    if found is None:
        found = fallback_rank
    if found is None:
        raise DistributedError(
            "LOCAL_RANK is not in the environment. Consider passing fallback_rank to allow "
            "`get_node_local_rank` to work"
        )
    return found

"""Process groups: which ranks talk to one another, and what a rank is called where.

The default group is a view of `dtrain.comm.group.WORLD`. Ranks given to collectives are numbers in
the world, as in torch; communicators count within their group, and `peer` translates.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeAlias

from dtrain.comm.communicator import Communicator
from dtrain.comm.group import WORLD
from dtrain.errors import DistributedError, OpTypeError, OpValueError

__all__ = [
    "GROUPS",
    "Group",
    "GroupMember",
    "ProcessGroup",
    "check_timeout",
    "find",
    "group",
    "member",
    "peer",
]

Group: TypeAlias = "ProcessGroup | int | None"
"""What stands for a group in torch's signatures: None is the default one."""

_NON_MEMBER = -100


class ProcessGroup:
    """Some ranks of the world and the communicator between them.

    Args:
        communicator: The communicator of exactly these ranks.
        ranks: Their numbers in the world, in the order of the group.
        backend: The name of what moves the data.
        timeout: How long a blocking operation may take; None for as long as it needs.
    """

    def __init__(
        self,
        communicator: Communicator,
        ranks: Sequence[int],
        backend: str,
        timeout: timedelta | None = None,
    ) -> None:
        self.communicator = communicator
        self.ranks = list(ranks)
        self.backend = backend
        self.timeout = timeout

    def __repr__(self) -> str:
        return f"<ProcessGroup {self.name()}: rank {self.rank()} of {self.size()}>"

    def rank(self) -> int:
        """Return the number of this process in the group."""
        return self.communicator.rank

    def size(self) -> int:
        """Return the number of processes in the group."""
        return self.communicator.size

    def name(self) -> str:
        """Return the backend, as torch does."""
        return self.backend


class _Groups:
    """The groups of this process: the default one, and those that new_group made."""

    def __init__(self) -> None:
        self._world: ProcessGroup | None = None
        self.made: list[ProcessGroup] = []

    @property
    def world(self) -> ProcessGroup:
        """The group of all ranks.

        Raises:
            OpValueError: The default process group is not initialised.
        """
        communicator = WORLD.communicator
        held = self._world
        if held is None or held.communicator is not communicator:
            # Initialised below this face, which so far knows nothing of it.
            name = WORLD.backend or ("gloo" if communicator.size == 1 else "mpi")
            held = self._world = ProcessGroup(communicator, range(communicator.size), name)
        return held

    def close(self, group: ProcessGroup) -> None:
        """Close one group; the default one takes all others with it.

        Raises:
            OpValueError: The group is closed already.
        """
        if group is not self._world:
            if group not in self.made:
                raise OpValueError("Invalid process group specified or has been destroyed.")
            self.made.remove(group)
            group.communicator.close()
            return
        for other in self.made:
            other.communicator.close()
        self.made.clear()
        self._world = None
        WORLD.close()


GROUPS = _Groups()


class _Members(type):
    @property
    def WORLD(cls) -> ProcessGroup | None:  # noqa: N802 - torch's name
        """The default group; None while there is none."""
        return GROUPS.world if WORLD.is_open else None


class GroupMember(metaclass=_Members):
    """Marks ranks outside of a group: what new_group returns there."""

    NON_GROUP_MEMBER = _NON_MEMBER


class group(metaclass=_Members):
    """Holds the default group: `group.WORLD`."""


def find(group: Group) -> ProcessGroup | None:
    """Return the group meant; None where this rank is no member of it.

    Raises:
        OpValueError: There is no default group.
        OpTypeError: Not a group.
    """
    if group is None:
        return GROUPS.world
    if isinstance(group, ProcessGroup):
        return group
    if group == _NON_MEMBER:
        return None
    raise OpTypeError(f"group: expected a ProcessGroup or None, got {type(group).__name__}")


def member(group: Group, where: str) -> ProcessGroup | None:
    """Return the group that an operation is to run on; None, with a warning, outside of it."""
    found = find(group)
    if found is None:
        warnings.warn(
            f"Running {where} on global rank {GROUPS.world.rank()} which does not "
            "belong to the given group.",
            stacklevel=3,
        )
    return found


def peer(
    group: ProcessGroup, global_rank: int | None, group_rank: int | None, default: int | None = None
) -> int:
    """Return the number within `group` of a rank that is given in one of two ways.

    Args:
        group: The group.
        global_rank: The rank's number in the world.
        group_rank: The rank's number in the group.
        default: The number in the group when neither is given.

    Raises:
        OpValueError: Both are given, neither is, or the rank is no member.
    """
    if group_rank is not None:
        if global_rank is not None:
            raise OpValueError("Can't specify both group_rank and global_rank")
        return group_rank
    if global_rank is not None:
        if global_rank not in group.ranks:
            raise OpValueError(f"Global rank {global_rank} is not part of group {group}")
        return group.ranks.index(global_rank)
    if default is None:
        raise OpValueError("Must specify global_rank or group_rank")
    return default


def check_timeout(timeout: Any) -> timedelta | None:
    """Return a time-out as torch takes it.

    Raises:
        OpTypeError: Not a timedelta.
        DistributedError: Not positive.
    """
    if timeout is not None and not isinstance(timeout, timedelta):
        raise OpTypeError(
            f"Expected timeout argument to be of type datetime.timedelta, got {timeout}"
        )
    if timeout is not None and timeout <= timedelta(0):
        raise DistributedError(
            f"timeout: {timeout} is no time; expected a positive timedelta; leave it out for none"
        )
    return timeout

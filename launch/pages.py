"""What the launcher and its ranks agree on: here, the environment that a rank is born with.

The first block has torchrun's names and meaning, so scripts written for torchrun find what they
look for; the second block is ours.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "CPUS",
    "GENERATION",
    "GROUP_RANK",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "MASTER_ADDR",
    "MASTER_PORT",
    "RANK",
    "RESTART_COUNT",
    "WORLD_SIZE",
    "Place",
]

RANK = "RANK"
LOCAL_RANK = "LOCAL_RANK"
WORLD_SIZE = "WORLD_SIZE"
LOCAL_WORLD_SIZE = "LOCAL_WORLD_SIZE"
GROUP_RANK = "GROUP_RANK"
MASTER_ADDR = "MASTER_ADDR"
MASTER_PORT = "MASTER_PORT"
RESTART_COUNT = "TORCHELASTIC_RESTART_COUNT"

GENERATION = "DTRAIN_GENERATION"
CPUS = "DTRAIN_CPUS"


class Place(NamedTuple):
    """Where a rank stands in its job.

    Args:
        rank: Number of the rank in the job.
        local_rank: Number of the rank on its node.
        world_size: Ranks in the job.
        local_world_size: Ranks on this node.
        node_rank: Number of the node.
        generation: How often the ranks have been started before, for whatever reason.
        restart_count: How often they have been started again after a failure.
        master_addr: Host of rank 0.
        master_port: A port that was free on that host when the generation began.
        cpus: Logical CPUs that the rank is bound to; empty for no binding.
    """

    rank: int
    local_rank: int
    world_size: int
    local_world_size: int
    node_rank: int
    generation: int
    restart_count: int
    master_addr: str
    master_port: int
    cpus: tuple[int, ...]

    def environment(self) -> dict[str, str]:
        """Return the variables that tell the rank where it stands.

        >>> Place(1, 1, 2, 2, 0, 0, 0, "127.0.0.1", 29500, (2, 3)).environment()["DTRAIN_CPUS"]
        '2,3'
        """
        return {
            RANK: str(self.rank),
            LOCAL_RANK: str(self.local_rank),
            WORLD_SIZE: str(self.world_size),
            LOCAL_WORLD_SIZE: str(self.local_world_size),
            GROUP_RANK: str(self.node_rank),
            MASTER_ADDR: self.master_addr,
            MASTER_PORT: str(self.master_port),
            RESTART_COUNT: str(self.restart_count),
            GENERATION: str(self.generation),
            CPUS: ",".join(map(str, self.cpus)),
        }

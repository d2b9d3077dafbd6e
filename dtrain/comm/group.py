"""The world group of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtrain.comm.registry import connect
from dtrain.errors import DistributedError, OpValueError

if TYPE_CHECKING:
    from dtrain.comm.communicator import Communicator

__all__ = ["WORLD", "World"]


class World:
    """Holds the communicator with all ranks while the process group is initialised."""

    def __init__(self) -> None:
        """Start uninitialised."""
        self._communicator: Communicator | None = None
        self._backend: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the group is initialised."""
        return self._communicator is not None

    @property
    def communicator(self) -> Communicator:
        """The communicator with all ranks.

        Raises:
            OpValueError: the group is not initialised.
        """
        if self._communicator is None:
            raise OpValueError(
                "Default process group has not been initialized, "
                "please make sure to call init_process_group."
            )
        return self._communicator

    @property
    def backend(self) -> str | None:
        """The backend as it was asked for."""
        return self._backend

    def open(self, backend: str | None = None) -> Communicator:
        """Connect to the other ranks.

        Raises:
            DistributedError: the group is initialised already.
        """
        if self._communicator is not None:
            raise DistributedError(
                "init_process_group(): trying to initialize the default process group twice; "
                "expected one call; call destroy_process_group before the next"
            )
        self._communicator, self._backend = connect(backend), backend
        return self._communicator

    def close(self) -> None:
        """Close the communicator; the group may be opened again."""
        communicator, self._communicator, self._backend = self._communicator, None, None
        if communicator is not None:
            communicator.close()


WORLD = World()
"""The one group object of the process; `dtrain.distributed` is its face."""

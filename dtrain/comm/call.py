"""What one operation between ranks is, for error messages and for comparing ranks."""

from __future__ import annotations

from dtrain.comm.wire import Array, describe

__all__ = ["Call"]


class Call:
    """One collective or message as this rank sees it.

    Attributes:
        name: the public name of the operation.
        array: the local array it is about; None for a barrier.
        detail: the options that matter, such as "op=sum" or "root=0".
        sequence: its number on this communicator; 0 for messages, which have no order.
    """

    __slots__ = ("array", "detail", "name", "sequence")

    def __init__(self, name: str, array: Array | None, detail: str = "") -> None:
        """Describe an operation; the communicator numbers it."""
        self.name = name
        self.array = array
        self.detail = detail
        self.sequence = 0

    def __str__(self) -> str:
        """Return the call in the form of error messages: `allreduce(float32[4], op=sum)`."""
        parts = [] if self.array is None else [describe(self.array)]
        if self.detail:
            parts.append(self.detail)
        return f"{self.name}({', '.join(parts)})"

    @property
    def nbytes(self) -> int:
        """The bytes of the local array."""
        return 0 if self.array is None else self.array.nbytes

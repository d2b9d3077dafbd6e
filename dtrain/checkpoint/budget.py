"""How many bytes a file may make a load copy: a small file must not fill the memory."""

from __future__ import annotations

from typing import Any

from dtrain.errors import UnsafeFileError

__all__ = ["Budget", "bounded_key"]

_MAX_KEY_PARTS = 64


class Budget:
    """Counts down the bytes that building an object may copy.

    A file that was saved normally holds each byte once; only a made one asks for the same bytes
    over and over.

    Args:
        label: how errors call the file.
        file_bytes: size of the file.
    """

    _FACTOR = 4
    _FLOOR = 1 << 20

    def __init__(self, label: str, file_bytes: int) -> None:
        self._label = label
        self._total = self._left = self._FACTOR * file_bytes + self._FLOOR

    def take(self, nbytes: int) -> None:
        """Draw `nbytes`.

        Raises:
            UnsafeFileError: the file asks for more than a multiple of its own size.
        """
        self._left -= nbytes
        if self._left < 0:
            raise UnsafeFileError(
                f"{self._label}: building the objects in this file copies more than {self._total} "
                "bytes; expected a small multiple of the file's size; do not trust this file"
            )


def bounded_key(value: Any) -> Any:
    """Return a dict key or set item after bounding the work of its hash.

    Tuples that share parts hash in exponential time, and deep ones overflow the C stack.

    Raises:
        ValueError: the key has too many parts.
    """
    nodes, seen = [value], 0
    while nodes:
        node = nodes.pop()
        seen += 1
        if type(node) in (tuple, frozenset):
            nodes.extend(node)
        if seen + len(nodes) > _MAX_KEY_PARTS:
            raise ValueError(f"a key of a dict or set with more than {_MAX_KEY_PARTS} parts")
    return value

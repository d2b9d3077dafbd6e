"""CRC-32 of large buffers on several threads.

zlib.crc32 releases the GIL but runs on one core. The CRC of a concatenation follows from the CRCs
of its parts (Mark Adler's method: multiplication of polynomials modulo the CRC polynomial), so a
buffer is cut into spans, each span is summed on its own thread, and the sums are combined.
"""

from __future__ import annotations

import functools
import os
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ["SPAN_BYTES", "Crc32Pool", "combine", "combine_all", "spans"]

SPAN_BYTES = 8 << 20
"""Bytes one thread sums before its result is combined with the others."""

_POLYNOMIAL = 0xEDB88320
_ONE = 1 << 31  # the polynomial 1 in the reflected bit order of CRC-32
_MAX_THREADS = 4


def _multiply(a: int, b: int) -> int:
    """Multiply two reflected polynomials modulo the CRC-32 polynomial."""
    product = 0
    while a:
        if a & _ONE:
            product ^= b
        a = (a << 1) & 0xFFFFFFFF
        b = (b >> 1) ^ (_POLYNOMIAL if b & 1 else 0)
    return product


@functools.lru_cache(maxsize=64)
def _shift(nbytes: int) -> int:
    """Return x ** (8 * nbytes) modulo the CRC-32 polynomial."""
    result, square = _ONE, 1 << 23  # 1 << 23 is x ** 8
    while nbytes:
        if nbytes & 1:
            result = _multiply(square, result)
        square = _multiply(square, square)
        nbytes >>= 1
    return result


def combine(first: int, second: int, second_bytes: int) -> int:
    """Return the CRC-32 of two concatenated buffers from the CRC-32 of each.

    Args:
        first: CRC-32 of the left buffer.
        second: CRC-32 of the right buffer.
        second_bytes: length of the right buffer.

    Example:
        >>> combine(zlib.crc32(b"gra"), zlib.crc32(b"dient"), 5) == zlib.crc32(b"gradient")
        True
    """
    return _multiply(_shift(second_bytes), first) ^ second


def combine_all(parts: Iterable[tuple[int, int]]) -> int:
    """Fold (CRC-32, length in bytes) pairs of consecutive buffers into one CRC-32."""
    total = 0
    for value, nbytes in parts:
        total = combine(total, value, nbytes) if total else value
    return total


def spans(nbytes: int, step: int = SPAN_BYTES) -> Iterator[tuple[int, int]]:
    """Cut a length into (start, length) pieces of at most `step` bytes."""
    for start in range(0, nbytes, step):
        yield start, min(step, nbytes - start)


class Crc32Pool:
    """Threads that live as long as one save or load.

    They are not kept for the next call: a thread pool does not survive the fork of a data worker.
    """

    def __init__(self) -> None:
        self.executor = ThreadPoolExecutor(
            max_workers=min(_MAX_THREADS, len(os.sched_getaffinity(0))),
            thread_name_prefix="dtrain-crc32",
        )

    def start(self, data: memoryview) -> list[tuple[Future[int], int]]:
        """Sum a byte view in the background; the view must not change meanwhile.

        Returns:
            (future of a span's CRC-32, its length in bytes), in order.
        """
        return [
            (self.executor.submit(zlib.crc32, data[start : start + nbytes]), nbytes)
            for start, nbytes in spans(len(data))
        ]

    def close(self) -> None:
        """Drop what has not begun and wait for the threads to end."""
        self.executor.shutdown(wait=True, cancel_futures=True)

from __future__ import annotations

import random
import zlib

import pytest

from dtrain.checkpoint.crc import SPAN_BYTES, Crc32Pool, combine, combine_all, spans


@pytest.mark.parametrize("left", [0, 1, 3, 1000])
@pytest.mark.parametrize("right", [0, 1, 7, 4096, 100_001])
def test_combining_is_the_sum_of_the_concatenation(left: int, right: int) -> None:
    a, b = random.randbytes(left), random.randbytes(right)
    assert combine(zlib.crc32(a), zlib.crc32(b), right) == zlib.crc32(a + b)


def test_any_number_of_parts() -> None:
    parts = [random.randbytes(random.randrange(50)) for _ in range(20)]
    sums = [(zlib.crc32(part), len(part)) for part in parts]
    assert combine_all(sums) == zlib.crc32(b"".join(parts))
    assert combine_all([]) == zlib.crc32(b"")


def test_spans_cover_a_length() -> None:
    assert list(spans(0)) == []
    assert list(spans(10, 4)) == [(0, 4), (4, 4), (8, 2)]


def test_threads_give_the_sum_of_the_whole() -> None:
    data = memoryview(random.randbytes(1000) * (2 * SPAN_BYTES // 1000 + 3))
    pool = Crc32Pool()
    try:
        parts = pool.start(data)
        assert len(parts) > 1
        assert combine_all((part.result(), size) for part, size in parts) == zlib.crc32(data)
    finally:
        pool.close()

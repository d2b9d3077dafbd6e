"""Elements picked and put back by an index."""

from __future__ import annotations

from tests.samples import HALF, B, I, T, V, call, raises, sample

PAIRS = V([[0, 2, 1, 0], [1, 1, 0, 2]])

SAMPLES = [
    sample("gather", call(T(3, 4), 0, PAIRS), call(T(2, 3), 1, I(2, 5, high=3)),
           call(T(3, 4), 1, I(2, 2, high=4)), call(T(2, 3, 4), 1, I(2, 1, 4, high=3)),
           call(T(), 0, V(0)),
           call(T(3), 0, V([], "int64")), raises(RuntimeError, T(3), 0, V([3]),
           match="out of bounds"),
           raises(RuntimeError, T(3), 0, V([-1])), raises(RuntimeError, T(3, 4), 0, V([0])),
           more=HALF),
    sample("index_select", call(T(3, 4), 0, V([0, 2, 2])), call(T(3, 4), 1, V([3])),
           call(T(), 0, V([0])),
           call(T(2, 3, 4), 1, V([1, 0])), raises(IndexError, T(3), 0, V([3]),
           match="out of range"),
           raises(IndexError, T(3), 0, V([-1])), more=HALF),
    sample("take_along_dim", call(T(3, 4), I(3, 2, high=4), 1), call(T(3, 4), I(1, 4, high=3), 0),
           call(T(3, 4), I(5, high=12))),
    sample("take", call(T(3, 4), V([[0, 11], [-1, 3]]))),
    sample("scatter", call(T(3, 4), 0, V([[0, 2, 1, 0]]), T(1, 4)),
           call(T(3, 4), 1, V([[1], [0]]), 1.5),
           call(T(3, 4), 0, PAIRS, T(2, 4), reduce="add"),
           raises(RuntimeError, T(3), 0, V([3]), T(1))),
    sample("scatter_add", call(T(3, 4), 0, PAIRS, T(2, 4)), call(T(3, 4), 1, PAIRS, T(3, 4)),
           call(T(5), 0, V([1, 1, 1]), T(3)), raises(RuntimeError, T(3), 0, V([0]), I(1))),
    *(
        sample("scatter_reduce", call(T(3, 4), 0, PAIRS, T(2, 4), how),
               call(T(3, 4), 0, PAIRS, T(2, 4), how, include_self=False), gradgrad=False)
        for how in ("sum", "prod", "mean", "amax", "amin")
    ),
    sample("index_add", call(T(3, 4), 0, V([0, 0, 2]), T(3, 4)),
           call(T(3, 4), 1, V([1]), T(3, 1), alpha=2),
           raises(RuntimeError, T(3, 4), 0, V([0]), T(2, 4))),
    sample("index_copy", call(T(3, 4), 0, V([2, 0]), T(2, 4)), call(T(3, 4), 1, V([1]), T(3, 1))),
    sample("index_fill", call(T(3, 4), 0, V([2, 0]), 1.5), call(T(3, 4), 1, V([1, 1]), T())),
    sample("index_put", call(T(3, 4), (V([0, 2]), V([1, 1])), T(2)),
           call(T(3, 4), (V([0, 0]),), T(4), True),
           call(T(3, 4), (B(3, 4),), T())),
    sample("masked_scatter", call(T(2, 3), B(2, 3), T(8)),
           raises(RuntimeError, T(2, 3), B(2, 3), T(0))),
    sample("put", call(T(3, 4), V([0, -1]), T(2)), call(T(3, 4), V([1, 1]), T(2), True)),
]  # fmt: skip

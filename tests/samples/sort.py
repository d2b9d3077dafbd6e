"""Order, sets and counts."""

from __future__ import annotations

from tests.samples import HALF, INTS, I, T, V, call, raises, sample

NAN = V([[3.0, float("nan"), 1.0], [2.0, 2.0, -float("inf")]])
TIES = V([2, 1, 2, 0, 1, 1])

SAMPLES = [
    sample("sort", call(T(3, 4)), call(T(3, 4), 0), call(T(3, 4), 1, True), call(T()), call(T(0)),
           call(NAN),
           call(NAN, descending=True), call(TIES, stable=True),
           call(TIES, stable=True, descending=True),
           raises(IndexError, T(3), 2), more=HALF + INTS),
    sample("argsort", call(T(3, 4)), call(TIES, stable=True), call(T(3, 4), 0, True), call(T())),
    sample("msort", call(T(3, 4))),
    sample("topk", call(T(3, 9), 2), call(T(3, 20), 2), call(T(3, 20), 2, largest=False),
           call(T(5, 3), 2, 0),
           call(T(3), 3), call(T(), 1), raises(RuntimeError, T(3), 4, match="out of range"),
           more=HALF),
    sample("kthvalue", call(T(3, 5), 2), call(T(3, 5), 1, 0, True), call(T(), 1),
           raises(RuntimeError, T(3), 4)),
    sample("renorm", call(T(3, 4), 2, 0, 1.5), call(T(3, 4), 1, 1, 0.5), gradgrad=False),
    sample("unique", call(I(4, 5)), call(I(20), return_inverse=True, return_counts=True),
           call(V([[1, 2], [0, 1], [1, 2]]), dim=0, return_inverse=True, return_counts=True),
           call(V([[1, 2, 1], [0, 1, 0]]), dim=1)),
    sample("unique_consecutive", call(V([1, 1, 2, 2, 1])),
           call(V([1, 1, 2, 2, 1]), return_inverse=True, return_counts=True),
           call(V([[1, 2], [1, 2], [0, 1]]), dim=0, return_counts=True)),
    sample("searchsorted", call(V([1.0, 3.0, 5.0]), V([0.0, 3.0, 6.0])),
           call(V([1.0, 3.0, 5.0]), 3.0, right=True),
           call(V([[1, 3], [2, 4]]), V([[2, 3], [4, 1]]), side="right", out_int32=True)),
    sample("bucketize", call(V([0.0, 3.0, 6.0]), V([1.0, 3.0])),
           call(V([0.0, 3.0]), V([1.0, 3.0]), right=True)),
    sample("histc", call(T(30, grad=False), 4), call(T(30, grad=False), 5, -1, 1)),
    sample("bincount", call(I(20)), call(I(20), T(20, grad=False)), call(I(3), minlength=9),
           call(V([], "int64")), raises(RuntimeError, V([-1]))),
    sample("isin", call(I(3, 4), V([1, 3])), call(I(4), 2), call(2, I(4)),
           call(I(4), V([1]), invert=True)),
]  # fmt: skip

"""Tensors joined to one."""

from __future__ import annotations

from tests.samples import COMPLEX, HALF, INTS, I, T, V, call, raises, sample

SAMPLES = [
    sample("cat", call([T(2, 3), T(4, 3)]), call([T(2, 3), T(2, 1)], 1),
           call([T(2), T(0), T(1)], -1),
           call([T(2, 3), T(0)]), call([T(2), I(2)]), raises(RuntimeError, [T(2, 3), T(2, 4)],
           match="Sizes of tensors must match except in dimension 0"),
           raises(RuntimeError, [T(2, 3), T(2)]), raises(RuntimeError, [T()]),
           raises(IndexError, [T(2)], 2), more=HALF + INTS + COMPLEX),
    sample("concat", call([T(2, 3), T(4, 3)])),
    sample("stack", call([T(2, 3), T(2, 3)]), call([T(2), T(2)], 1), call([T(), T()], -1),
           call([T(2), I(2)]), raises(RuntimeError, [T(2), T(3)], match="equal size"),
           more=HALF + INTS + COMPLEX),
    sample("hstack", call([T(2), T(3)]), call([T(2, 1), T(2, 3)]), call([T(), T()])),
    sample("vstack", call([T(3), T(2, 3)]), call([T(), T()])),
    sample("dstack", call([T(3), T(3)]), call([T(2, 3), T(2, 3)])),
    sample("column_stack", call([T(3), T(3, 2)]), call([T(), T()])),
    sample("block_diag", call(T(2, 3), T(1), T(2, 2)), call(T())),
    sample("meshgrid", call(T(2), T(3), indexing="ij"), call(T(2), T(3), T(4), indexing="xy")),
    sample("cartesian_prod", call(T(2), T(3)), call(T(3)), raises(RuntimeError, T(2, 2))),
    sample("combinations", call(T(4)), call(T(3), 2, True), call(V([1.0, 2.0, 3.0]), 3)),
]  # fmt: skip

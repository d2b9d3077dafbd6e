"""Samples of torch's native functions, which also return what they computed on the way."""

from __future__ import annotations

from tests.samples import I, T, V, call, sample

OFFSETS = V([0, 2, 2])
GRID = T(1, 3, 2, 2, low=-1.2, high=1.2)
FIXED = T(1, 3, 2, 2, low=-1.2, high=1.2, grad=False)

SAMPLES = [
    sample("native_layer_norm", call(T(2, 3, 4), (4,), T(4), T(4), 1e-5),
           call(T(2, 3, 4), (3, 4), None, None, 1e-3), tol=8, gradgrad=False, out=False),
    sample("native_group_norm", call(T(2, 4, 3), T(4), T(4), 2, 4, 3, 2, 1e-5),
           call(T(2, 4, 3), None, None, 2, 4, 3, 4, 1e-5), tol=16, gradgrad=False, out=False),
    sample("native_batch_norm", call(T(4, 3, 2), T(3), T(3), None, None, True, 0.1, 1e-5),
           call(T(4, 3), None, None, T(3, grad=False), T(3, low=0.5, grad=False), False, 0.1, 1e-5),
           tol=16, gradgrad=False, out=False),
    sample("embedding_bag", *[call(T(6, 3), I(5), OFFSETS, False, mode) for mode in (1, 2)],
           call(T(6, 3), V([1, 2, 3, 1]), OFFSETS, False, 1, False, None, False, 1)),
    # of sums, torch's other outputs depend on which kernel ran
    sample("embedding_bag", call(T(6, 3), I(5), OFFSETS, False, 0),
           call(T(6, 3), V([1, 2, 3, 1]), V([0, 2, 4]), False, 0, False, None, True),
           key=lambda result: result[0]),
    *[
        sample("grid_sampler_2d", call(T(1, 2, 4, 5), grid, how, edge, True),
               call(T(1, 2, 4, 5), grid, how, edge, False), gradgrad=False, tol=8)
        for how, grid in ((0, GRID), (1, FIXED), (2, GRID)) for edge in (0, 1, 2)
    ],
    sample("grid_sampler_3d", call(T(1, 2, 3, 4, 5), T(1, 2, 2, 2, 3, low=-1, high=1), 0, 0, True),
           gradgrad=False, tol=8),
]  # fmt: skip

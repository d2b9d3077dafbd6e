"""Samples of covariances, histograms and what else describes data; of numbers taken apart."""

from __future__ import annotations

from typing import Any

from tests.samples import INTS, I, T, V, call, raises, sample

EDGES = V([-2.0, -0.5, 0.0, 1.5, 2.0], grad=False)
COUNTED = I(5, low=1, high=4)
WEIGHED = T(5, low=0.1, high=2, grad=False)


def parts(result: Any) -> list[Any]:
    """Return the fields of a histogram, so that their names are compared too."""
    return [result.hist, *(result.bin_edges if isinstance(result.bin_edges, tuple) else ())]


SAMPLES = [
    sample("cov", call(T(3, 5)), call(T(5)), call(T(3, 5), correction=0), call(I(2, 5)),
           call(T(2, 5), fweights=COUNTED), call(T(2, 5), aweights=WEIGHED),
           call(T(2, 5), fweights=COUNTED, aweights=WEIGHED, correction=0),
           raises(RuntimeError, T(2, 3, 4), match="two or fewer dimensions"),
           raises(RuntimeError, T(2, 5), fweights=I(4), match="same numel"),
           more=("complex128",), tol=4),
    sample("corrcoef", call(T(3, 5)), call(T(5)), raises(RuntimeError, T(2, 3, 4)),
           more=("complex128",), tol=8),
    sample("histogram", call(T(20, grad=False), 4), call(T(3, 7, grad=False), EDGES),
           call(T(20, grad=False), 5, range=(-1.0, 1.0)),
           call(T(6, grad=False), 3, weight=T(6, low=0, grad=False), density=True),
           raises(RuntimeError, T(5, grad=False), 0, match="bins must be > 0"), key=parts,
           out=False, method=False),
    sample("histogramdd", call(T(20, 2, grad=False), [3, 4]), call(T(9, 2, grad=False), 2),
           call(T(9, 2, grad=False), [EDGES, EDGES], density=True),
           call(T(9, 2, grad=False), [2, 2], range=(-1.0, 1.0, 0.0, 2.0)),
           raises(RuntimeError, T(9, grad=False), [2]), key=parts, method=False),
    sample("frexp", call(T(3, 4, low=-100, high=100)), call(V([0.0, 1.0, -0.75, 8.0])),
           raises(RuntimeError, I(3), match="floating"), more=("float16", "bfloat16")),
    sample("gradient", call(T(6)), call(T(4, 5)), call(T(4, 5), dim=1), call(T(5), spacing=2.0),
           call(T(4, 5), spacing=[1.0, 0.5]), call(T(4, 5), dim=(1, 0), edge_order=2),
           call(T(5), spacing=(V([0.0, 1.0, 3.0, 4.0, 8.0], grad=False),)),
           call(T(5), spacing=(V([0.0, 1.0, 3.0, 4.0, 8.0], grad=False),), edge_order=2),
           raises(RuntimeError, T(1), match="edge_order"), tol=4, out=False, method=False),
    sample("sum_to_size", call(T(3, 4), (1, 4)), call(T(2, 3, 4), 3, 1), call(T(3, 4), (3, 4)),
           call(T(3), ()), raises(RuntimeError, T(3, 4), (2, 4), match="expandable")),
    sample("nonzero_static", call(V([[0, 1], [2, 0]]), size=3), call(V([1, 0, 2]), size=1),
           call(V([1, 0, 2]), size=4, fill_value=7), method=False),
    *[
        sample(
            "index_reduce", call(T(4, 3), 0, V([0, 2, 0]), T(3, 3), how),
            call(T(3, 4), 1, V([1, 1, 3]), T(3, 3), how, include_self=False),
            raises(IndexError, T(4, 3), 0, V([[0]]), T(1, 3), how, match="supposed to be a vector"),
            more=() if how == "prod" else INTS[:1], gradgrad=False, method=False, inplace=False,
        )
        for how in ("amax", "amin", "mean", "prod")
    ],
]  # fmt: skip

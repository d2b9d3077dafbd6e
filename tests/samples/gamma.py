"""Samples of the error function, the gamma function and their kin."""

from __future__ import annotations

from tests.samples import HALF, I, T, V, call, raises, sample

INF, NAN = float("inf"), float("nan")
EDGE = V([0.0, -0.0, 0.5, -0.5, 1.0, 2.0, INF, -INF, NAN, 1e-8, 30.0], grad=False)
WIDE = T(40, low=-6, high=6)

SAMPLES = [
    sample("erf", call(WIDE), call(EDGE), call(T(20, low=-0.9, high=0.9)), call(I(3)), more=HALF),
    sample("erfc", call(WIDE), call(EDGE), call(I(3)), more=HALF),
    sample("erfinv", call(T(40, low=-0.999, high=0.999)), call(V([0.0, 1.0, -1.0, 1.5],
           grad=False)),
           call(V([1e-9, 0.999999, -0.9999999])), more=HALF, tol=4),
    sample("lgamma", call(T(40, low=0.1, high=30)), call(T(20, low=-3.9, high=-0.1)),
           call(V([1.0, 2.0, 0.0, -1.0, INF], grad=False)), call(I(3, low=1)), more=HALF, tol=4),
    sample("digamma", call(T(40, low=0.1, high=30)), call(T(20, low=-3.9, high=-3.1)),
           call(V([0.0, -1.0, 1.0], grad=False)), more=HALF, tol=8),
    sample("polygamma", call(1, T(20, low=0.2, high=9)), call(2, T(20, low=0.2, high=9)),
           call(0, T(5, low=0.2)), call(1, T(5, low=-2.9, high=-2.1)),
           raises(RuntimeError, -1, T(3), match="negative n"), gradgrad=False, tol=50),
    sample("mvlgamma", call(T(5, low=2, high=9), 3), call(T(5, low=2), p=1), tol=4),
]  # fmt: skip

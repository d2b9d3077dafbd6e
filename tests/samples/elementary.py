"""Samples of exponentials, logarithms, trigonometric and hyperbolic functions."""

from __future__ import annotations

from tests.samples import COMPLEX, HALF, I, T, V, call, sample

INF, NAN = float("inf"), float("nan")
ODD = V([0.0, -0.0, 1.5, -2.5, INF, -INF, NAN, 3.0], grad=False)
MORE = HALF + COMPLEX + ("int64", "bool")
BELOW_ONE = T(3, 4, low=-0.9, high=0.9)
PAIR = (
    call(T(3, 4), T(3, 4)),
    call(T(3, 4), T(4)),
    call(T(3, dtype="float32"), T(3, dtype="float64")),
)

SAMPLES = [
    sample("exp", call(T(3, 4)), call(ODD), more=MORE),
    sample("exp2", call(T(3, 4)), call(I(3)), more=HALF),
    sample("expm1", call(T(3, 4)), call(V([1e-5, -1e-5])), more=HALF),
    sample("log", call(T(3, 4, low=0.1, high=9)), call(ODD), call(I(3, low=1)),
           more=HALF + COMPLEX),
    sample("log1p", call(T(3, 4, low=-0.9, high=9)), call(V([1e-5, -1e-5])), more=HALF),
    sample("log2", call(T(3, 4, low=0.1, high=9)), more=HALF + COMPLEX),
    sample("log10", call(T(3, 4, low=0.1, high=9)), more=HALF + COMPLEX),
    sample("logaddexp", *PAIR, call(V([-INF, 0.0], grad=False), V([-INF, 1.0], grad=False))),
    sample("logaddexp2", *PAIR),
    sample("xlogy", call(T(3, 4), T(4, low=0.1)), call(V([0.0, 0.0, 0.0]), V([0.0, NAN, 2.0])),
           call(T(3), 2.0), call(2.0, T(3, low=0.1))),
    sample("sigmoid", call(T(3, 4)), call(V([-200.0, 200.0, 0.0])), call(I(3)), more=HALF + COMPLEX,
           tol=2),
    sample("logit", call(T(3, 4, low=0.1, high=0.9)), call(T(3, 4, low=0.1, high=0.9), 0.2),
           call(T(3, low=0.1, high=0.9), eps=1e-6), more=HALF),
    sample("sin", call(T(3, 4)), call(ODD), more=MORE),
    sample("cos", call(T(3, 4)), call(ODD), more=MORE),
    sample("tan", call(T(3, 4, low=-1.2, high=1.2)), more=HALF + COMPLEX),
    sample("asin", call(BELOW_ONE), more=HALF + COMPLEX),
    sample("acos", call(BELOW_ONE), more=HALF + COMPLEX),
    sample("atan", call(T(3, 4)), more=HALF + COMPLEX),
    sample("atan2", *PAIR, call(T(3), T(3))),
    sample("sinc", call(T(3, 4)), call(V([0.0, 1.0, 0.5], grad=False)), gradgrad=False),
    sample("deg2rad", call(T(3, 4, high=360)), call(I(3)), more=HALF),
    sample("rad2deg", call(T(3, 4)), call(I(3))),
    sample("hypot", *PAIR[:2]),
    sample("tanh", call(T(3, 4)), call(ODD), more=MORE),
    sample("sinh", call(T(3, 4)), more=HALF + COMPLEX),
    sample("cosh", call(T(3, 4)), more=HALF + COMPLEX),
    sample("asinh", call(T(3, 4)), more=HALF + COMPLEX),
    sample("acosh", call(T(3, 4, low=1.1, high=4)), more=HALF + COMPLEX),
    sample("atanh", call(BELOW_ONE), more=HALF + COMPLEX),
    *[
        sample(name, call(T(3, low=-0.9, high=0.9)))
        for name in ("arccos", "arcsin", "arcsinh", "arctan", "arctanh")
    ],
    sample("arccosh", call(T(3, low=1.1))),
    sample("arctan2", call(T(3), T(3))),
]  # fmt: skip

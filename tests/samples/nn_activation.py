"""Samples of activations, softmax and dropout outside training."""

from __future__ import annotations

from typing import Any

from tests.samples import HALF, Call, I, Sample, T, V, call, raises, sample

INF, NAN = float("inf"), float("nan")
ODD = V([0.0, -0.0, 1.5, -2.5, NAN, 3.0, 40.0, -40.0], grad=False)
PLAIN = (call(T(3, 4)), call(T()), call(ODD))


def fn(name: str, *calls: Call, **how: Any) -> Sample:
    return sample("nn.functional." + name, *calls, **{"more": HALF, "tol": 2} | how)


SAMPLES = [
    fn(
        "relu",
        *PLAIN,
        call(T(3, 4), inplace=False),
        call(I(3, low=-4)),
        call(V([INF, -INF], grad=False)),
    ),
    fn("relu6", *PLAIN, call(T(3, 4, high=9))),
    fn("leaky_relu", *PLAIN, call(T(3, 4), 0.3), call(T(3), negative_slope=-0.1)),
    fn(
        "prelu",
        call(T(2, 3, 4), T(3)),
        call(T(2, 3), T(1)),
        call(T(4), T()),
        raises(RuntimeError, T(2, 3), T(4), match="Mismatch of parameter numbers"),
    ),
    fn("hardtanh", *PLAIN, call(T(3, 4), -0.5, 0.5), raises(ValueError, T(3), 1.0, 0.0)),
    # torch computes 1 / 6 in float32
    fn("hardsigmoid", call(T(3, 4, low=-5, high=5)), gradgrad=False, tol=100),
    fn("hardswish", call(T(3, 4, low=-5, high=5)), call(T())),
    fn("hardshrink", *PLAIN, call(T(3, 4), 1.0)),
    fn("softshrink", *PLAIN, call(T(3, 4), 1.0), raises(RuntimeError, T(3), -1.0)),
    fn("threshold", call(T(3, 4), 0.1, 0.2), call(I(3, low=-4), 1, 7)),
    fn("rrelu", call(T(3, 4)), call(T(3, 4), 0.1, 0.2), raises(RuntimeError, T(3), 0.5, 0.1)),
    fn("elu", *PLAIN, call(T(3, 4), 0.5)),
    fn("celu", *PLAIN, call(T(3, 4), 0.5), raises(RuntimeError, T(3), 0)),
    fn("selu", *PLAIN),
    fn("silu", *PLAIN),
    fn("mish", *PLAIN),
    fn(
        "gelu",
        *PLAIN,
        call(T(3, 4, low=-6, high=6), approximate="tanh"),
        raises(RuntimeError, T(3), approximate="wrong", match="approximate argument"),
        tol=4,
    ),
    fn("softplus", *PLAIN, call(T(3, 4, low=-5, high=5), 2.0, 4.0)),
    fn("logsigmoid", *PLAIN),
    fn("softsign", *PLAIN),
    fn("tanhshrink", *PLAIN, tol=4),
    fn("glu", call(T(3, 4)), call(T(4, 3), 0), raises(RuntimeError, T(3), match="must be even")),
    fn(
        "softmax",
        call(T(3, 4), 1),
        call(T(2, 3, 4), 0),
        call(T(), 0),
        call(T(3, 0), 1),
        call(V([0.0, INF, 1.0], grad=False), 0),
        raises(IndexError, T(3, 4), 2, match="out of range"),
    ),
    fn(
        "log_softmax",
        call(T(3, 4), 1),
        call(T(2, 3, 4), -2),
        call(T(), -1),
        call(V([1e4, -1e4, 0.0]), 0),
    ),
    fn("softmin", call(T(3, 4), 1)),
    fn(
        "dropout",
        call(T(3, 4), 0.5, False),
        call(T(3, 4), 0.0),
        call(T(3, 4), 1.0),
        raises(ValueError, T(3), 1.5, match="probability has to be between 0 and 1"),
    ),
]

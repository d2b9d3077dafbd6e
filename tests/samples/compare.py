"""Samples of comparisons, logic and bits."""

from __future__ import annotations

from tests.samples import HALF, INTS, B, I, T, V, call, raises, sample

INF, NAN = float("inf"), float("nan")
ODD = V([0.0, -0.0, 1.5, INF, -INF, NAN])
PAIR = (
    call(I(3, 4), I(4)), call(T(3, 4), T(3, 4)), call(T(3), 0.5), call(I(3), 2), call(I(3), 1.5),
    call(I(3, 4), T(4)), call(ODD, ODD), call(B(3), B(3)),
    raises(RuntimeError, T(3, 4), T(3), match="must match the size of tensor b"),
)  # fmt: skip
LOGIC = (call(B(3, 4), B(4)), call(T(3, 4), B(4)), call(I(3, high=2), I(3, high=2)), call(ODD, ODD))
BITS = (call(I(3, 4), I(4)), call(I(3, 4), 3), call(B(3), B(3)), call(I(3, dtype="int32"), I(3)))

SAMPLES = [
    *[sample(n, *PAIR, more=HALF + INTS) for n in ("eq", "ne", "lt", "le", "gt", "ge")],
    *[
        sample(n, call(I(3, 4), I(4)))
        for n in ("greater", "greater_equal", "less", "less_equal", "not_equal")
    ],
    *[
        sample(n, *LOGIC, grad=False, more=HALF + INTS)
        for n in ("logical_and", "logical_or", "logical_xor")
    ],
    sample("logical_not", call(B(3, 4)), call(ODD), call(I(3, high=2)),
           grad=False, more=HALF + INTS),
    *[
        sample(n, call(ODD), call(T(3, 4)), call(I(3)), more=HALF)
        for n in ("isnan", "isinf", "isfinite", "isposinf", "isneginf", "isreal")
    ],
    sample("isclose", call(T(3, 4), T(4)), call(V([1.0, 2.0, NAN, INF]),
           V([1.00001, 2.1, NAN, INF])),
           call(V([1.0, NAN]), V([1.1, NAN]), rtol=0.2, equal_nan=True), call(I(3), I(3)),
           raises(RuntimeError, T(3), I(3), match="did not match"), out=False),
    sample("allclose", call(V([1.0, 2.0]), V([1.0, 2.0000001])), call(T(3), T(3))),
    sample("equal", call(V([1.0, 2.0]), V([1.0, 2.0])), call(T(3), T(3)), call(T(3), T(1))),
    *[sample(n, *BITS) for n in ("bitwise_and", "bitwise_or", "bitwise_xor")],
    sample("bitwise_not", call(I(3, 4)), call(B(3)), raises((RuntimeError, TypeError),
           T(3, dtype="float32")),
           more=("int64", "bool", "uint8"), base=("int64",)),
    sample("bitwise_left_shift", call(I(3, 4), I(4)), call(I(3), 2)),
    sample("bitwise_right_shift", call(I(3, 4, high=99), I(4)), call(I(3, low=-9), 1)),
    sample("gcd", call(I(3, 4, high=99), I(4, high=99))),
    sample("lcm", call(I(3, 4, high=99), I(4, high=99))),
]  # fmt: skip

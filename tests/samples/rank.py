"""Samples of medians, modes and quantiles."""

from __future__ import annotations

from typing import Any

from tests.samples import I, T, V, call, raises, sample

NAN = float("nan")
HOLED = V([[1.0, NAN, 3.0, 2.0], [4.0, 1.0, 0.0, 5.0]])
Q = V([0.1, 0.5, 0.9], grad=False)


def values(result: Any) -> Any:
    """Return the values alone: of equal elements, any index is right."""
    return result[0] if isinstance(result, tuple) else result


SAMPLES = [
    *[
        sample(
            name, call(T(3, 5)), call(T(3, 4), 1), call(T(3, 5), dim=0, keepdim=True), call(T()),
            call(HOLED), call(HOLED, 1), call(I(3, 4), 1), raises(IndexError, T(3), 2), key=values,
        )
        for name in ("median", "nanmedian")
    ],
    sample("mode", call(V([[1.0, 2.0, 2.0, 3.0], [3.0, 3.0, 1.0, 1.0]])), call(I(5, 8), 0),
           call(T(3, 4), 1, True), key=values),
    *[
        sample(
            name, call(T(3, 5), 0.3), call(T(3, 5), 0.5, 1), call(T(3, 5), Q, 0),
            call(T(3, 5), Q, dim=1, keepdim=True), call(T(3, 5), 0.25, keepdim=True),
            call(HOLED, 0.5, 1),
            *[call(T(3, 6), 0.3, 1, interpolation=i)
              for i in ("lower", "higher", "midpoint", "nearest")],
            raises(RuntimeError, T(3), 1.5, match="range"), gradgrad=False,
        )
        for name in ("quantile", "nanquantile")
    ],
]  # fmt: skip

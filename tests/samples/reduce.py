"""Samples of reductions and scans."""

from __future__ import annotations

from tests.samples import COMPLEX, HALF, INTS, B, I, T, V, call, raises, sample

INF, NAN = float("inf"), float("nan")
ALONG = (
    call(T(3, 4)), call(T(3, 4), 1), call(T(3, 4), dim=0), call(T(3, 4), -1, True), call(T()),
    call(T(2, 3, 4), dim=(0, 2)), call(T(2, 3, 4), dim=[1], keepdim=True), call(T(2, 3), dim=None),
    call(T(), 0), call(T(0, 3), 0), call(T(3, 4), keepdim=True, dim=(0, 1)),
)  # fmt: skip
ONE = (
    call(T(3, 4)), call(T(3, 4), 1), call(T(3, 4), dim=0), call(T(3, 4), -1, True), call(T()),
    call(T(2, 3, 4), dim=1, keepdim=True), call(T(), 0),
)  # fmt: skip
BAD = raises(IndexError, T(3, 4), 5, match="Dimension out of range")
TIES = V([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
SPREAD = (*ALONG[:4], *ALONG[5:8], call(T(3, 4), correction=0), call(T(3, 4), 1, False),
          call(T(3, 4), False), call(T(3, 4), dim=1, unbiased=False, keepdim=True),
          call(T(3, 4), dim=0, correction=2), BAD)  # fmt: skip
NAMED = ("values", "indices")


def fields(result):  # type: ignore[no-untyped-def]
    """Return a named result with its field names, so that these are compared too."""
    return [getattr(result, f) for f in NAMED] if isinstance(result, tuple) else result


SAMPLES = [
    sample("sum", *ALONG, BAD, call(I(3), 0), call(B(3, 2), 1),
           call(V([2048.0] * 9)), call(T(3, 2), ()), raises(RuntimeError, T(3, 4), (0, 0)),
           more=HALF + INTS + COMPLEX),
    sample("nansum", call(V([[1.0, NAN], [NAN, 2.0]])), call(V([[1.0, NAN], [NAN, 2.0]]), 1)),
    sample("mean", *ALONG[:9], BAD, raises(RuntimeError, I(3),
           match="could not infer output dtype"),
           call(T(0)), more=HALF + COMPLEX),
    sample("nanmean", call(V([[1.0, NAN], [NAN, 2.0]])), call(V([[1.0, NAN], [3.0, 2.0]]), 1)),
    sample("prod", *ONE, BAD, call(V([[0.0, 2.0, 3.0], [0.0, 0.0, 1.0]])), call(T(0)),
           call(V([[0.0, 2.0, 3.0], [0.0, 0.0, 1.0]]), 1), call(I(3), 0),
           more=HALF + COMPLEX + INTS),
    sample("var", *SPREAD, more=HALF + COMPLEX),
    sample("std", *SPREAD, more=HALF + COMPLEX),
    sample("var_mean", call(T(3, 4)), call(T(3, 4), 1), call(T(3, 4), dim=0, correction=0)),
    sample("std_mean", call(T(3, 4)), call(T(3, 4), 1), call(T(3, 4), dim=0, keepdim=True)),
    sample("norm", call(T(3, 4)), call(T(3, 4), 2, 1), call(T(3, 4), 1), call(T(3, 4), INF, 0),
           call(T(3, 4), 3, dim=1, keepdim=True), call(T(3, 4), 0.5), call(T(3, 4), 0, 1),
           call(T(3, 4), -INF), call(T(2, 3, 4), dim=(0, 1)), call(T(3, 4), 1.5, 1),
           more=HALF + COMPLEX, tol=4),
    sample("logsumexp", call(T(3, 4), 1), call(T(3, 4), (0, 1), True), call(T(3, 4), -1),
           call(V([[-INF, -INF], [1000.0, 999.0]], grad=False), 1), call(I(3), 0),
           more=(*HALF, "complex128")),
    sample("count_nonzero", call(I(3, 4, high=2)), call(I(3, 4, high=2), 1), call(T(3, 4), (0, 1))),
    sample("all", *ONE, call(I(3, 4, high=2), 1), call(B(3, 4), dim=(0, 1)), more=HALF + INTS),
    sample("any", *ONE, call(I(3, 4, high=2), 1), call(B(3, 4), dim=(0, 1)), more=HALF + INTS),
    # ---- extremes ----
    sample("amax", *ALONG[:9], BAD, call(TIES), call(TIES, 1), raises(IndexError, T(0, 3), 0),
           more=HALF + INTS),
    sample("amin", *ALONG[:6], BAD, call(TIES), call(TIES, 1), more=HALF + INTS),
    sample("max", *ONE, call(TIES), call(TIES, 1), call(T(3, 4), T(4)), call(ODD := V([1.0, NAN]),
           0),
           raises(RuntimeError, T(0)), BAD, key=fields, more=HALF + INTS),
    sample("min", *ONE, call(TIES), call(TIES, 1), call(T(3, 4), T(4)), call(ODD, 0), BAD,
           key=fields, more=HALF + INTS),
    sample("argmax", *ONE, call(TIES, 1), call(ODD), call(T(3, 4), keepdim=True), BAD,
           more=(*HALF, "int64", "uint8")),
    sample("argmin", *ONE, call(TIES, 1), call(ODD), BAD, more=(*HALF, "int64", "uint8")),
    sample("aminmax", call(T(3, 4)), call(T(3, 4), dim=1), call(TIES, dim=0, keepdim=True)),
    # ---- scans ----
    sample("cumsum", call(T(3, 4), 1), call(T(3, 4), dim=0), call(T(), 0), call(I(3), 0), BAD,
           call(B(3), 0), more=HALF + INTS + COMPLEX),
    sample("cumprod", call(T(3, 4), 1), call(T(3, 4), dim=0), call(T(), 0), call(I(3), 0),
           call(V([[1.0, 0.0, 2.0, 0.0, 3.0], [0.0, 2.0, 1.0, 4.0, 2.0]]), 1), more=HALF + COMPLEX),
    sample("cummax", call(T(3, 4), 1), call(T(3, 4), dim=0), call(TIES, 1), call(T(), 0),
           call(V([1.0, NAN, 2.0], grad=False), 0), key=fields, more=HALF + INTS),
    sample("cummin", call(T(3, 4), 1), call(T(3, 4), dim=0), call(TIES, 1), key=fields, more=INTS),
    sample("logcumsumexp", call(T(3, 4), 1), call(T(3, 4), dim=0), call(T(), 0)),
    sample("diff", call(T(3, 4)), call(T(3, 4), dim=0), call(T(3, 5), n=2), call(B(4)),
           call(T(3, 4), prepend=T(3, 1), append=T(3, 2)), raises(RuntimeError, T())),
    sample("trapezoid", call(T(3, 4)), call(T(3, 4), dx=0.5, dim=0), call(T(3, 4), T(4))),
    sample("trapz", call(T(3, 4))),
    sample("cumulative_trapezoid", call(T(3, 4)), call(T(3, 4), dim=0), call(T(3, 4), T(3, 4))),
]  # fmt: skip

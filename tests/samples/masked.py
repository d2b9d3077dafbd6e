"""Samples of masked reductions and normalisations."""

from __future__ import annotations

from tests.samples import B, I, T, V, call, once, raises, sample

HOLES = V([[True, False, True, True], [False, True, True, False], [True, True, False, True]])
EMPTY = V([[False, False], [True, False]])
ALONG = (
    call(T(3, 4), 1, mask=HOLES), call(T(3, 4), mask=HOLES), call(T(3, 4), 0),
    call(T(3, 4), (0, 1), keepdim=True, mask=HOLES),
    call(T(3, 4), 1, mask=V([True, False, True, True])),
    raises(IndexError, T(3), 0, mask=B(2, 3), match="broadcastable mask"),
)  # fmt: skip
LINE = (
    call(T(3, 4), 1, mask=HOLES), call(T(3, 4), 0, mask=HOLES), call(T(3, 4), 1),
    raises(IndexError, T(3), 0, mask=B(2, 3), match="broadcastable mask"),
)  # fmt: skip

SAMPLES = [
    *[
        sample(f"masked.{name}", *ALONG, call(T(2, 2), 1, mask=EMPTY), method=False)
        for name in ("sum", "prod", "mean", "logsumexp")
    ],
    *[
        sample(f"masked.{name}", *ALONG, call(T(2, 2), 1, mask=EMPTY), call(I(2, 2), 1, mask=EMPTY),
               method=False, gradgrad=False)
        for name in ("amax", "amin")
    ],
    *[
        sample(f"masked.{name}", *ALONG[:-1], call(T(3, 4), 1, unbiased=False, mask=HOLES),
               call(T(3, 4), 1, correction=0, mask=HOLES), method=False)
        for name in ("var", "std")
    ],
    sample("masked.norm", *[call(T(3, 4), p, 1, mask=HOLES) for p in (2.0, 1.0, 3.0, float("inf"))],
           call(T(3, 4), -float("inf"), mask=HOLES), method=False, gradgrad=False),
    sample("masked.sum", call(I(3, 4), 1, mask=HOLES), call(B(3, 4), mask=HOLES), method=False),
    *[
        sample(f"masked.{name}", *LINE, method=False)
        for name in ("cumsum", "cumprod", "softmax", "log_softmax", "softmin")
    ],
    *[
        sample(f"masked.{name}", *LINE, call(T(3, 4), mask=HOLES), method=False)
        for name in ("argmax", "argmin")
    ],
    sample("masked.median", call(T(3, 5), 1), call(T(3, 4), 1, mask=HOLES),
           call(T(3, 4), 0, keepdim=True, mask=HOLES), method=False),
    sample("masked.normalize", call(T(3, 4), 2.0, 1, mask=HOLES), call(T(3, 4), 1.0, 0),
           method=False),
    sample("masked.logaddexp", once(T(3, 4), T(3, 4), input_mask=HOLES),  # nan in torch
           once(T(3, 4), T(3, 4), other_mask=HOLES), call(T(3, 4), T(3, 4)), method=False),
]  # fmt: skip

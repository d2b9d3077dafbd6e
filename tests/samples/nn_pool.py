"""Samples of pooling, resizing, padding and other rearrangements of space."""

from __future__ import annotations

from typing import Any

from tests.samples import HALF, Call, I, Sample, T, V, call, raises, sample

TIES = V([[[1.0, 1.0, 2.0, 2.0], [1.0, 0.0, 2.0, 2.0], [5.0, 5.0, 3.0, 1.0], [5.0, 0.0, 3.0, 3.0]]])


def fn(name: str, *calls: Call, **how: Any) -> Sample:
    return sample("nn.functional." + name, *calls, **{"tol": 10} | how)


def resized(name: str, shape: tuple[int, ...], *options: dict[str, Any]) -> Sample:
    kinds = ({"size": 7}, {"scale_factor": 2.0}, {"scale_factor": 0.6})
    return fn(
        "interpolate", *[call(T(*shape), mode=name, **k, **o) for k in kinds for o in options]
    )


SAMPLES = [
    fn("max_pool1d", call(T(2, 3, 8), 3, 2, 1), call(T(3, 8), 2, return_indices=True)),
    fn(
        "max_pool2d",
        call(T(2, 3, 7, 8), 2),
        call(T(2, 3, 7, 8), 3, 2, 1),
        call(TIES, 2),
        call(T(2, 3, 7, 8), 3, 2, ceil_mode=True),
        call(T(2, 3, 7, 8), 2, 1, dilation=2),
        call(T(2, 3, 7, 8), 3, 1, 1, return_indices=True),
        call(T(3, 7, 8), (2, 3)),
        call(I(1, 4, 4), 2),
        call(TIES, 3, 1, 1),
        raises(RuntimeError, T(2, 3, 4), 2, padding=2, match="at most half"),
        more=HALF,
    ),
    fn("max_pool3d", call(T(2, 3, 5, 6, 7), 2), call(T(2, 3, 5, 6, 7), 3, 2, 1)),
    fn("avg_pool1d", call(T(2, 3, 8), 3, 2, 1)),
    fn(
        "avg_pool2d",
        call(T(2, 3, 7, 8), 2),
        call(T(2, 3, 7, 8), 3, 2, 1),
        call(T(2, 3, 7, 8), 3, 2, 1, True, False),
        call(T(2, 3, 7, 8), 3, 2, 1, True),
        call(T(2, 3, 7, 8), 3, divisor_override=5),
        more=HALF,
    ),
    fn("avg_pool3d", call(T(2, 3, 5, 6, 7), 2), call(T(2, 3, 5, 6, 7), 3, 2, 1, True, False)),
    fn("adaptive_avg_pool1d", call(T(2, 3, 8), 5)),
    fn(
        "adaptive_avg_pool2d",
        call(T(2, 3, 8, 6), 1),
        call(T(2, 3, 8, 6), (4, 2)),
        call(T(3, 8, 6), (None, 4)),
        call(T(2, 3, 8, 6), 7),
    ),
    fn("adaptive_avg_pool3d", call(T(2, 3, 4, 5, 6), 2)),
    fn("adaptive_max_pool1d", call(T(3, 8), 3)),
    fn("adaptive_max_pool2d", call(T(2, 3, 8, 6), (5, 2), True), call(T(2, 3, 8, 6), 1)),
    fn("adaptive_max_pool3d", call(T(2, 3, 4, 5, 6), 2)),
    fn(
        "max_unpool2d",
        call(T(1, 1, 2, 2), V([[[[0, 3], [9, 14]]]]), 2),
        call(T(1, 1, 2, 2), V([[[[0, 3], [9, 24]]]]), 2, output_size=[5, 5]),
    ),
    fn("lp_pool1d", call(T(2, 3, 8, low=0.1), 3, 2, 1, True)),
    fn("lp_pool2d", call(T(2, 3, 7, 8, low=0.1), 2, 3)),
    fn(
        "fractional_max_pool2d",
        call(T(2, 3, 9, 8), 2, (4, 5), _random_samples=T(2, 3, 2, low=0, high=1, grad=False)),
        gradgrad=False,
    ),
    resized("nearest", (2, 3, 5), {}),
    resized("nearest-exact", (2, 3, 5, 6), {}),
    resized("area", (2, 3, 5, 6), {}),
    resized("linear", (2, 3, 5), {}, {"align_corners": True}),
    resized("bilinear", (2, 3, 5, 6), {}, {"align_corners": True}),
    resized("bicubic", (2, 3, 5, 6), {}, {"align_corners": True}),
    resized("trilinear", (1, 2, 3, 4, 3), {}),
    fn(
        "interpolate",
        call(T(2, 3, 8, 9), mode="bilinear", scale_factor=0.6, antialias=True),
        call(T(2, 3, 8, 9), (3, 12), mode="bicubic", antialias=True),
        raises(ValueError, T(2, 3, 4), match="should be defined"),
        gradgrad=False,
    ),
    fn(
        "pad",
        *[
            call(T(2, 3, 5, 6), (2, 1, 1, 2), mode)
            for mode in ("constant", "reflect", "replicate", "circular")
        ],
        call(T(2, 3, 5), (-1, 2), "circular"),
        call(T(2, 3), (1, 1, 2, 2), value=3.0),
        call(T(2, 3, 5), (-1, -2)),
        raises(RuntimeError, T(2, 3, 5), (7, 2), "reflect"),
        raises(RuntimeError, T(2, 3), (1,), match="divisible by 2"),
    ),
    fn(
        "grid_sample",
        *[
            call(T(2, 3, 4, 5), T(2, 3, 2, 2, low=-1.2, high=1.2), mode, border, corners)
            for mode in ("bilinear", "bicubic")
            for border in ("zeros", "border", "reflection")
            for corners in (True, False)
        ],
        call(T(2, 3, 4, 5), T(2, 3, 2, 2, grad=False), "nearest", align_corners=True),
        call(T(1, 2, 3, 4, 3), T(1, 3, 2, 2, 3, low=-1, high=1), align_corners=False),
        gradgrad=False,
    ),
    fn(
        "affine_grid",
        call(T(2, 2, 3), [2, 3, 4, 5], align_corners=False),
        call(T(2, 3, 4), [2, 3, 4, 5, 2], align_corners=True),
    ),
    fn("pixel_shuffle", call(T(2, 8, 3, 4), 2), raises(RuntimeError, T(2, 7, 3, 4), 2)),
    fn("pixel_unshuffle", call(T(2, 3, 4, 6), 2)),
    fn("channel_shuffle", call(T(2, 6, 3, 3), 3)),
]

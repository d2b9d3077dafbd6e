"""Samples of affine maps, convolutions and their transposes."""

from __future__ import annotations

from typing import Any

from tests.samples import HALF, Call, Sample, T, call, raises, sample


def fn(name: str, *calls: Call, **how: Any) -> Sample:
    return sample("nn.functional." + name, *calls, **{"tol": 10} | how)


SAMPLES = [
    fn(
        "linear",
        call(T(3, 4), T(5, 4), T(5)),
        call(T(2, 3, 4), T(5, 4)),
        call(T(4), T(5, 4), T(5)),
        call(T(3, 4), T(4)),
        call(T(0, 4), T(5, 4), T(5)),
        raises(RuntimeError, T(3, 4), T(5, 3), match="cannot be multiplied"),
        more=HALF,
    ),
    fn(
        "bilinear",
        call(T(3, 4), T(3, 5), T(2, 4, 5), T(2)),
        call(T(2, 3, 4), T(2, 3, 5), T(2, 4, 5)),
    ),
    fn("conv1d", call(T(2, 4, 9), T(6, 4, 3), T(6), 2, 1), call(T(4, 9), T(6, 2, 3), groups=2)),
    fn(
        "conv2d",
        call(T(2, 3, 7, 6), T(4, 3, 3, 2), T(4)),
        call(T(2, 4, 7, 6), T(6, 2, 3, 3), T(6), (2, 1), (1, 2), (1, 2), 2),
        call(T(2, 4, 7, 6), T(6, 4, 3, 2), padding="same"),
        call(T(2, 4, 7, 6), T(6, 4, 1, 1)),
        call(T(2, 4, 7, 6), T(6, 4, 3, 2), padding="valid", stride=2),
        call(T(4, 7, 6), T(6, 4, 3, 2)),
        call(T(0, 4, 7, 6), T(6, 4, 3, 2)),
        raises(RuntimeError, T(2, 3, 2, 6), T(6, 3, 3, 3), match="greater than actual input size"),
        raises(RuntimeError, T(2, 4, 5, 5), T(6, 3, 3, 3), match="to have 3 channels, but got 4"),
        raises(RuntimeError, T(2, 3, 5, 5), T(6, 3, 3, 3), stride=0, match="non-positive stride"),
        raises(RuntimeError, T(2, 3, 5, 5), T(6, 3, 3, 3), padding="same", stride=2),
        more=HALF,
    ),
    fn("conv3d", call(T(2, 4, 5, 6, 4), T(3, 4, 3, 2, 2), T(3), 2, 1)),
    fn("conv_transpose1d", call(T(2, 4, 5), T(4, 3, 3), dilation=2)),
    fn(
        "conv_transpose2d",
        call(T(2, 4, 5, 6), T(4, 3, 3, 3), T(6), stride=2, padding=1, output_padding=1, groups=2),
        call(T(4, 5, 6), T(4, 3, 3, 3)),
        call(T(2, 2, 4, 4), T(2, 2, 4, 5), T(4), (3, 2), (1, 2), (2, 3), 2, (4, 4)),
        raises(
            RuntimeError, T(1, 4, 5, 6), T(4, 3, 3, 3), output_padding=2, match="output padding"
        ),
    ),
    fn("conv_transpose3d", call(T(2, 4, 3, 4, 5), T(4, 3, 3, 2, 2), T(3), 2)),
    fn("conv_tbc", call(T(5, 2, 3), T(3, 3, 4), T(4), 1)),
    fn(
        "unfold",
        call(T(2, 3, 6, 7), 3, 1, 1, 2),
        call(T(3, 6, 7), (2, 3)),
        raises(RuntimeError, T(2, 3, 4, 4), 9),
    ),
    fn(
        "fold",
        call(T(2, 12, 12), (4, 5), 2),
        call(T(12, 6), (5, 6), 2, 1, 0, 2),
        raises(RuntimeError, T(2, 12, 9), (5, 6), 2, match="sliding blocks"),
    ),
]

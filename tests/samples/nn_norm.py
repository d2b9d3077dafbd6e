"""Samples of normalisations, embeddings and attention."""

from __future__ import annotations

from typing import Any

from tests.samples import HALF, B, Call, I, Sample, T, V, call, raises, sample

MHA = (8, 2, T(24, 8), T(24), None, None, False, 0.0, T(8, 8), T(8))
EXTENDED = (8, 2, T(24, 8), T(24), T(1, 1, 8), T(1, 1, 8), True, 0.0, T(8, 8), T(8))
HIDDEN = V([[False, False, True, False, False], [False, False, False, False, True]])


def fn(name: str, *calls: Call, **how: Any) -> Sample:
    return sample("nn.functional." + name, *calls, **{"tol": 10} | how)


SAMPLES = [
    fn(
        "batch_norm",
        call(T(4, 3), None, None, T(3), T(3), True),
        call(T(4, 3, 5), None, None, None, None, True),
        call(T(4, 3, 5, 2), None, None, T(3), T(3), True),
        call(T(4, 3, 5), T(3, grad=False), T(3, low=0.5, grad=False), T(3), T(3), False),
        raises(
            ValueError, T(1, 3), None, None, training=True, match="more than 1 value per channel"
        ),
        more=HALF,
    ),
    fn(
        "instance_norm",
        call(T(3, 4, 5, 2), None, None, T(4), T(4)),
        call(T(3, 4, 5)),
        raises(ValueError, T(3, 4, 1), match="more than 1 spatial element"),
    ),
    fn(
        "layer_norm",
        call(T(3, 4, 5), (5,), T(5), T(5)),
        call(T(3, 4, 5), (4, 5), T(4, 5)),
        call(T(5), (5,)),
        raises(RuntimeError, T(3, 4), (3,), match="expected input with shape"),
        more=HALF,
    ),
    fn(
        "group_norm",
        call(T(3, 4, 5, 2), 2, T(4), T(4)),
        call(T(3, 4), 2),
        raises(RuntimeError, T(3, 4), 3, match="divisible by num_groups"),
    ),
    fn("rms_norm", call(T(3, 4, 5), (5,), T(5)), call(T(3, 4, 5), (4, 5), None, 1e-3)),
    fn("local_response_norm", call(T(3, 4, 5), 3), call(T(2, 5, 3, 3), 2, 0.1, 0.5, 2.0)),
    fn("normalize", call(T(3, 4)), call(T(3, 4), 1.0, 0)),
    fn(
        "embedding",
        call(I(3, 4, high=6), T(6, 2)),
        call(I(3, 4, high=6), T(6, 2), 2),
        call(I(3, 4, high=6), T(6, 2), -1, scale_grad_by_freq=True),
        call(I(high=6), T(6, 2)),
        raises(IndexError, I(3, low=7, high=9), T(6, 2), match="index out of range"),
        raises(RuntimeError, T(3), T(6, 2), match="scalar types"),
        gradgrad=False,
    ),
    fn(
        "embedding_bag",
        *[
            c
            for mode in ("sum", "mean", "max")
            for c in (
                call(I(3, 4, high=6), T(6, 2), mode=mode),
                call(I(3, 4, high=6), T(6, 2), mode=mode, padding_idx=1),
                call(I(7, high=6), T(6, 2), V([0, 3, 3, 5]), mode=mode),
            )
        ],
        call(I(3, 4, high=6), T(6, 2), mode="sum", per_sample_weights=T(3, 4)),
        gradgrad=False,
    ),
    fn(
        "one_hot",
        call(I(3, 4)),
        call(I(3), 7),
        raises(RuntimeError, I(3, low=-5, high=0)),
        base=("float32",),
        grad=False,
    ),
    fn(
        "scaled_dot_product_attention",
        call(T(2, 3, 4), T(2, 5, 4), T(2, 5, 3)),
        call(T(2, 3, 4), T(2, 5, 4), T(2, 5, 3), is_causal=True),
        call(T(2, 3, 4), T(2, 5, 4), T(2, 5, 3), T(3, 5)),
        call(T(2, 3, 4), T(2, 5, 4), T(2, 5, 3), B(3, 5)),
        call(T(2, 4, 3, 4), T(2, 2, 5, 4), T(2, 2, 5, 3), enable_gqa=True),
        gradgrad=False,
    ),
    fn(
        "multi_head_attention_forward",
        call(T(3, 2, 8), T(5, 2, 8), T(5, 2, 8), *EXTENDED),
        gradgrad=False,
    ),
]

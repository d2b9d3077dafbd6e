"""Samples of losses and distances."""

from __future__ import annotations

from typing import Any

from tests.samples import HALF, Call, I, Sample, T, V, call, raises, sample

REDUCTIONS = ("mean", "sum", "none")
SIGNS = V([1.0, -1.0, 1.0], grad=False)


def P(*shape: int, grad: bool = True) -> Any:  # noqa: N802
    """Return a placeholder for probabilities."""
    return T(*shape, low=0.05, high=0.95, grad=grad)


def fn(name: str, *calls: Call, **how: Any) -> Sample:
    every = [
        call(*c.args, **c.kw, reduction=r) for c in calls for r in REDUCTIONS if c.error is None
    ]
    wrong = [c for c in calls if c.error is not None]
    return sample("nn.functional." + name, *every, *wrong, **{"tol": 10} | how)


def plain(name: str, *calls: Call, **how: Any) -> Sample:
    return sample("nn.functional." + name, *calls, **{"tol": 10} | how)


SAMPLES = [
    fn(
        "nll_loss",
        call(T(4, 5), I(4)),
        call(T(4, 5, 2, 3), I(4, 2, 3)),
        call(T(5), I()),
        call(T(4, 5), I(4), P(5, grad=False), ignore_index=1),
        raises(IndexError, T(4, 5), I(4, low=6, high=9), match="out of bounds"),
        raises(ValueError, T(4, 5), I(3), match="to match target batch_size"),
        gradgrad=False,
    ),
    fn(
        "cross_entropy",
        call(T(4, 5), I(4)),
        call(T(4, 5, 2), I(4, 2), P(5, grad=False)),
        call(T(5), I()),
        call(T(4, 5), I(4), ignore_index=1),
        call(T(4, 5), P(4, 5)),
        call(T(4, 5), I(4), P(5, grad=False), ignore_index=2, label_smoothing=0.3),
        call(T(4, 5, 2), P(4, 5, 2), P(5, grad=False), label_smoothing=0.3),
        raises(RuntimeError, T(4, 5), I(4), label_smoothing=2.0, match="label_smoothing"),
        more=HALF,
    ),
    fn("linear_cross_entropy", call(T(3, 4), T(5, 4), I(3))),
    fn(
        "mse_loss",
        call(T(3, 4), T(3, 4)),
        call(T(3, 4), T(4)),
        call(T(3, 4), T(3, 4), weight=P(3, 4)),
        raises(ValueError, T(3), T(3), reduction="all"),
        more=HALF,
    ),
    fn("l1_loss", call(T(3, 4), T(3, 4)), call(T(3, 4), T(3, 4), weight=P(3, 4)), gradgrad=False),
    fn(
        "smooth_l1_loss",
        call(T(3, 4), T(3, 4)),
        call(T(3, 4), T(3, 4), beta=0.5),
        call(T(3, 4), T(3, 4), beta=0.0),
        raises(RuntimeError, T(3), T(3), beta=-1.0),
        gradgrad=False,
    ),
    fn(
        "huber_loss",
        call(T(3, 4), T(3, 4)),
        call(T(3, 4), T(3, 4), delta=0.5),
        raises(RuntimeError, T(3), T(3), delta=0.0),
    ),
    fn(
        "binary_cross_entropy",
        call(P(3, 4), P(3, 4)),
        call(P(3, 4), P(3, 4), P(3, 4, grad=False)),
        call(V([0.0, 1.0, 0.0]), V([0.0, 1.0, 1.0], grad=False)),
        raises(RuntimeError, V([2.0]), V([1.0]), match="between 0 and 1"),
        gradgrad=False,
    ),
    fn(
        "binary_cross_entropy_with_logits",
        call(T(3, 4), P(3, 4)),
        call(T(3, 4), P(3, 4), P(3, 4, grad=False), pos_weight=P(4, grad=False)),
        call(V([-300.0, 300.0]), V([0.0, 0.0], grad=False)),
        raises(ValueError, T(3), T(4), match="must be the same as input size"),
    ),
    fn("kl_div", call(T(3, 4), P(3, 4)), call(T(3, 4), T(3, 4), log_target=True)),
    plain("kl_div", call(T(3, 4), P(3, 4), reduction="batchmean")),
    fn(
        "poisson_nll_loss",
        call(T(3, 4), T(3, 4, low=0, high=5, grad=False)),
        call(P(3, 4), T(3, 4, low=0, high=5, grad=False), log_input=False, full=True),
    ),
    fn(
        "gaussian_nll_loss",
        call(T(3, 4), T(3, 4), P(3, 4)),
        call(T(3, 4), T(3, 4), P(3, 1), full=True),
        call(T(3, 4), T(3, 4), P(3)),
        raises(ValueError, T(3), T(3), V([-1.0, 1.0, 1.0])),
    ),
    fn("margin_ranking_loss", call(T(3), T(3), SIGNS), call(T(3), T(3), SIGNS, margin=0.5)),
    fn("hinge_embedding_loss", call(T(3), SIGNS), call(T(3), SIGNS, margin=0.5)),
    fn("soft_margin_loss", call(T(3), SIGNS)),
    fn(
        "cosine_embedding_loss",
        call(T(3, 4), T(3, 4), V([1, -1, -1])),
        call(T(4), T(4), V(-1), margin=0.2),
    ),
    fn(
        "triplet_margin_loss",
        call(T(3, 4), T(3, 4), T(3, 4)),
        call(T(3, 4), T(3, 4), T(3, 4), swap=True, p=3.0),
        raises(ValueError, T(3), T(3), T(3), margin=0),
    ),
    fn("triplet_margin_with_distance_loss", call(T(3, 4), T(3, 4), T(3, 4), swap=True)),
    fn(
        "multi_margin_loss",
        call(T(3, 5), I(3)),
        call(T(5), I()),
        call(T(3, 5), I(3), 2, 0.5, P(5, grad=False)),
        raises(ValueError, T(3, 5), I(3), weight=T(5, 1)),
        gradgrad=False,
    ),
    fn(
        "multilabel_margin_loss",
        call(T(2, 4), V([[2, 0, -1, 1], [3, -1, 2, 0]])),
        call(T(4), V([2, 0, -1, 1])),
        gradgrad=False,
    ),
    fn("multilabel_soft_margin_loss", call(T(2, 4), V([[1.0, 0.0, 0.0, 1.0]] * 2, grad=False))),
    fn(
        "ctc_loss",
        call(T(8, 2, 5), I(2, 4, low=1), V([8, 6]), V([4, 2])),
        call(T(8, 5), I(3, low=1), V([8]), V([3])),
        call(T(4, 2, 5), V([[1, 1, 1], [2, 3, 0]]), V([4, 4]), V([3, 2]), zero_infinity=True),
        gradgrad=False,
    ),
    plain("cosine_similarity", call(T(3, 4), T(3, 4)), call(T(1, 2, 3), T(2, 1, 3), -2)),
    plain("pairwise_distance", call(T(3, 4), T(3, 4)), call(T(3, 4), T(3, 4), 1.0, keepdim=True)),
    plain("pdist", call(T(4, 3)), call(T(4, 3), 1.0), gradgrad=False),
]

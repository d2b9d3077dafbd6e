"""Softmax over many classes."""

from __future__ import annotations

import pytest

from tests.nn.layer import agree, check, varied
from tests.twin import same

pytestmark = pytest.mark.torch

MAKE = "nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 7], div_value=2.0{})"


@pytest.mark.parametrize("more", ["", ", head_bias=True"])
def test_layer(more):
    check(MAKE.format(more), varied(5, 8), "torch.tensor([0, 11, 5, 3, 2])")


def test_one_sample_and_one_cluster():
    check(MAKE.format(""), varied(8), "torch.tensor(9)")
    check(MAKE.format(""), varied(2, 8), "torch.tensor([1, 2])")


def test_log_prob_and_predict():
    agree(
        f"nn = torch.nn; torch.manual_seed(0); m = {MAKE.format('')}.double()\n"
        f"x = {varied(9, 8)}.double() * 5; (m.log_prob(x), m.predict(x), m.predict(x[:1]))"
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("m(4, 6, [])", "cutoffs should be a sequence of length larger than 0"),
        ("m(4, 6, [3, 2])", "cutoffs should be a sequence of unique, positive integers sorted"),
        ("m(4, 6, [6])", "each value is between 1 and n_classes-1"),
        (
            "m(4, 6, [2])(torch.ones(2, 4), torch.tensor([0, 6]))",
            "Target values should be in [0, 5",
        ),
        ("m(4, 6, [2])(torch.ones(2, 4), torch.tensor([0]))", "Input and target should have the s"),
        ("m(4, 6, [2])(torch.ones(2, 4), torch.tensor(0))", "0D target tensor expects 1D input"),
    ],
)
def test_what_does_not_fit_is_refused(source, words):
    same(f"m = torch.nn.AdaptiveLogSoftmaxWithLoss; {source}", words)

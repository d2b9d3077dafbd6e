"""Linear layers."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        ("nn.Linear(3, 5)", [varied(2, 3)]),
        ("nn.Linear(3, 5, bias=False)", [varied(2, 2, 3)]),
        ("nn.Linear(3, 1, dtype=torch.float64)", [varied(3)]),
        ("nn.Bilinear(2, 3, 4)", [varied(5, 2), varied(5, 3)]),
        ("nn.Bilinear(2, 3, 4, bias=False)", [varied(2), varied(3)]),
        ("nn.Identity(54, unused=True)", [varied(2, 3)]),
    ],
)
def test_layer(make, inputs):
    check(make, *inputs)


def test_wrong_sizes_are_refused():
    same("torch.nn.Linear(3, 2)(torch.ones(4, 5))", "mat1 and mat2 shapes cannot be multiplied")
    same("torch.nn.Linear(3, 2)(torch.ones(4, 3, dtype=torch.int64))", "must have the same dtype")
    same("torch.nn.Bilinear(0, 1, 1)", "in1_features must be > 0, but got")

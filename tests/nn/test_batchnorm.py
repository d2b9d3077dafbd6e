"""Batch and instance normalization."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied
from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        ("nn.BatchNorm1d(3)", (4, 3)),
        ("nn.BatchNorm1d(3, momentum=None)", (4, 3, 2)),
        ("nn.BatchNorm2d(3, eps=1e-3, momentum=0.3)", (2, 3, 4, 2)),
        ("nn.BatchNorm2d(3, affine=False)", (2, 3, 4, 2)),
        ("nn.BatchNorm2d(3, track_running_stats=False)", (2, 3, 4, 2)),
        ("nn.BatchNorm3d(2)", (2, 2, 2, 3, 2)),
        ("nn.InstanceNorm1d(3)", (4, 3, 5)),
        ("nn.InstanceNorm1d(3, affine=True)", (3, 5)),
        ("nn.InstanceNorm2d(3, affine=True, track_running_stats=True)", (2, 3, 4, 2)),
        ("nn.InstanceNorm3d(2)", (1, 2, 2, 3, 2)),
    ],
)
def test_layer(make, shape):
    check(make, varied(*shape), tolerance=1e-7)


def test_running_statistics_follow_the_batches():
    same(
        "m = torch.nn.BatchNorm1d(2, momentum=None).double();"
        "x = torch.arange(12.0).double().reshape(6, 2);"
        "[m(x * i + i) for i in range(3)];"
        "saved = {k: v.tolist() for k, v in m.state_dict().items()};"
        "m.reset_running_stats();"
        "[saved, {k: v.tolist() for k, v in m.state_dict().items()}]",
        tolerance=1e-9,
    )


def test_inputs_of_other_dimensions_are_refused():
    same("torch.nn.BatchNorm2d(2)(torch.ones(2, 2))", "expected 4D input (got 2D input)")
    same("torch.nn.BatchNorm1d(2)(torch.ones(2))", "expected 2D or 3D input (got 1D input)")
    same("torch.nn.BatchNorm1d(2)(torch.ones(1, 2))", "Expected more than 1 value per channel")
    same(
        "torch.nn.InstanceNorm1d(2, affine=True)(torch.ones(1, 3, 4))",
        "expected input's size at dim=1 to match num_features (2), but got: 3.",
    )


def test_state_of_older_versions_is_brought_up_to_date():
    same(
        "m = torch.nn.BatchNorm1d(1); s = m.state_dict(); s.pop('num_batches_tracked');"
        "s._metadata['']['version'] = 1; str(m.load_state_dict(s))"
    )


def test_a_statistic_without_use_is_reported():
    same(
        "torch.nn.InstanceNorm1d(1).load_state_dict({'running_mean': torch.zeros(1)})",
        "track_running_stats=False",
    )


def test_an_empty_batch_leaves_the_statistics():
    same(
        "m = torch.nn.BatchNorm2d(3); x = torch.ones(0, 3, 2, 2, requires_grad=True)\n"
        "y = m(x); y.sum().backward(); (y, x.grad, m.weight.grad, m.running_mean, m.running_var)"
    )
    same("torch.nn.BatchNorm1d(3, eps=0.0)(torch.ones(2, 3))", "eps must be positive")

"""Buckets: how they are filled, and that gradients are not copied without need."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain as torch
from dtrain.comm.local import connect
from dtrain.parallel.bucket import Bucket, assign


def parameters(*sizes, dtype=torch.float32):
    return [torch.zeros(size, dtype=dtype) for size in sizes]


def test_small_parameters_share_a_bucket_in_the_given_order():
    assert assign([2, 1, 0], parameters(1, 1, 1), 100, 100) == [[2, 1, 0]]


def test_the_first_bucket_is_closed_earlier():
    sizes = parameters(*[2] * 6)  # 8 bytes each
    assert assign(range(6), sizes, first_bytes=8, bucket_bytes=16) == [[0], [1, 2], [3, 4], [5]]


def test_a_large_parameter_closes_its_bucket():
    assert assign([0, 1, 2], parameters(1, 100, 1), 64, 64) == [[0, 1], [2]]


def test_each_dtype_has_buckets_of_its_own():
    mixed = [*parameters(1, 1), *parameters(1, 1, dtype=torch.float64)]
    assert assign([0, 2, 1, 3], mixed, 100, 100) == [[0, 1], [2, 3]]


def test_buckets_come_in_the_order_in_which_they_become_complete():
    mixed = [*parameters(1, 1), *parameters(1, dtype=torch.float64)]
    assert assign([0, 2, 1], mixed, 100, 100) == [[2], [0, 1]]


@pytest.fixture
def bucket():
    return Bucket([1, 0], [torch.zeros(2, 3), torch.zeros(())], connect())


def test_views_lie_side_by_side(bucket):
    scalar, matrix = bucket.views
    assert scalar.shape == ()
    assert matrix.shape == (2, 3)
    assert matrix.data_ptr() == scalar.data_ptr() + scalar.itemsize


def test_take_moves_a_gradient_in_and_makes_it_a_view(bucket):
    parameter = torch.zeros(2, 3)
    parameter.grad = torch.arange(6.0).reshape(2, 3)
    bucket.take(1, parameter)
    assert parameter.grad is bucket.views[1]
    assert parameter.grad.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_take_leaves_a_view_alone(bucket):
    parameter = torch.zeros(2, 3)
    parameter.grad = bucket.views[1]
    parameter.grad.fill_(7)
    bucket.take(1, parameter)
    assert parameter.grad is bucket.views[1]
    assert (parameter.grad.numpy() == 7).all()


def test_take_without_a_gradient_counts_as_zeros(bucket):
    bucket.views[1].fill_(np.nan)
    parameter = torch.zeros(2, 3)
    bucket.take(1, parameter)
    assert parameter.grad is None
    assert not bucket.views[1].numpy().any()


def test_average_alone_changes_nothing(bucket):
    bucket.views[1].fill_(3)
    bucket.average()
    assert bucket.work.wait()
    assert (bucket.views[1].numpy() == 3).all()

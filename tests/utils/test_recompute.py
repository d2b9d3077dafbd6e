"""What a checkpoint keeps: places instead of values, and the conditions of the first run."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

import dtrain as torch
from dtrain.autograd.saved_hooks import saved_tensors_hooks
from dtrain.utils.recompute import CheckpointError, Conditions, Segment


def test_places_are_filled_by_the_second_run() -> None:
    x = torch.ones(2, requires_grad=True)
    segment = Segment(lambda x: x.exp().sum(), (x,), {}, nullcontext(), True)
    with saved_tensors_hooks(segment.pack, segment.unpack):
        y = x.exp().sum()
    assert [ref().tensor for ref in segment.values] == [None]
    y.backward()
    assert x.grad.tolist() == pytest.approx([2.7182817] * 2)


def test_a_function_that_saves_nothing_the_second_time() -> None:
    x = torch.ones(2, requires_grad=True)
    segment = Segment(lambda x: x.sum(), (x,), {}, nullcontext(), True)
    with saved_tensors_hooks(segment.pack, segment.unpack):
        y = x.exp().sum()
    with pytest.raises(CheckpointError, match="different number of tensors"):
        y.backward()


def test_conditions_restore_the_random_numbers() -> None:
    torch.manual_seed(1)
    conditions = Conditions(preserve=True)
    first = torch.rand(2).tolist()
    after = torch.get_rng_state()
    with torch.no_grad(), conditions.again():
        assert torch.is_grad_enabled()
        assert torch.rand(2).tolist() == first
    assert torch.equal(torch.get_rng_state(), after)

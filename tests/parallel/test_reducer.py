"""The reducer by itself: what it sends, and when."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain as torch
from dtrain.comm.local import LocalCommunicator
from dtrain.parallel.reducer import Reducer


class Recording(LocalCommunicator):
    """Notes the size of each all-reduce, in elements."""

    def __init__(self):
        super().__init__(rank=0, size=1)
        self.sent = []

    def _allreduce(self, wire, op):
        self.sent.append(wire.size)

    def _split(self, color, key):
        return self  # the reducer's own communicators are this one


@pytest.fixture
def communicator():
    return Recording()


def leaves(*sizes):
    return [torch.ones(size, requires_grad=True) for size in sizes]


def reducer(communicator, parameters, bucket_bytes=4, find_unused=False):
    named = [(f"p{i}", p) for i, p in enumerate(parameters)]
    return Reducer(named, communicator, bucket_bytes, find_unused)


def total(*parameters):
    return sum((p.sum() for p in parameters), torch.zeros(()))


def test_buckets_go_out_during_backward(communicator):
    first, last = leaves(1, 2)
    reducer(communicator, [first, last])
    sent_at = []
    y = (first * 1).sum()
    y.register_hook(lambda _: sent_at.append(list(communicator.sent)))
    (y + last.sum()).backward()  # the newer node, that of last, runs first
    assert sent_at == [[2]]
    assert communicator.sent == [2, 1]


def test_buckets_wait_for_those_before_them(communicator):
    first, last = leaves(1, 2)
    reducer(communicator, [first, last])
    loss = total(last, first)  # now first becomes ready first
    loss.backward()
    assert communicator.sent == [2, 1]


def test_disabled_sends_nothing(communicator):
    parameters = leaves(1, 2)
    held = reducer(communicator, parameters)
    held.enabled = False
    total(*parameters).backward()
    assert communicator.sent == []


def test_a_walk_that_asks_for_gradients_sends_nothing(communicator):
    parameters = leaves(1, 2)
    reducer(communicator, parameters)
    torch.autograd.grad(total(*parameters), parameters)
    assert communicator.sent == []


def test_unused_parameters_are_sent_at_the_end(communicator):
    parameters = leaves(1, 2, 3)
    reducer(communicator, parameters, find_unused=True)
    parameters[1].sum().backward()
    assert communicator.sent == [3, 2, 1, 3]  # the buckets, and which parameters were used


def test_check_finished_is_quiet_before_and_after_a_round(communicator):
    parameters = leaves(1, 2)
    held = reducer(communicator, parameters)
    held.check_finished()
    total(*parameters).backward()
    held.check_finished()


def test_check_finished_speaks_once(communicator):
    first, last = leaves(1, 2)
    held = reducer(communicator, [first, last])
    last.sum().backward()
    with pytest.raises(RuntimeError, match="did not receive grad for rank 0: p0"):
        held.check_finished()
    held.check_finished()


def test_a_gradient_given_by_the_user_is_moved_in(communicator):
    (p,) = leaves(2)
    reducer(communicator, [p])
    p.grad = torch.full((2,), 5.0)
    given = p.grad
    p.sum().backward()
    assert p.grad is not given
    assert p.grad.tolist() == [6, 6]


def test_a_changed_gradient_is_noticed_by_graphs_that_hold_it(communicator):
    (p,) = leaves(2)
    reducer(communicator, [p])
    p.sum().backward()
    x = torch.ones(2, requires_grad=True)
    y = (x * p.grad).sum()
    p.sum().backward()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()
    assert np.array_equal(p.grad.numpy(), [2, 2])

"""Collectives on tensors against the slow, obvious answer; ranks are threads."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

import dtrain as torch
import dtrain.distributed as dist

SIZES = pytest.mark.parametrize("size", [1, 2, 3])
ASYNC = pytest.mark.parametrize("async_op", [False, True])


def value(rank, *shape, dtype=torch.float32):
    """A tensor that tells its rank."""
    return (torch.arange(int(np.prod(shape))).reshape(shape) + 10 * rank).to(dtype)


def run(ranks, size, body, async_op):
    """Run body(group) -> (work, result) and return the results as lists."""

    def finish(group):
        work, result = body(group)
        if async_op:
            assert isinstance(work, dist.Work)
            assert work.wait() is True
            assert work.is_completed()
            assert work.exception() is None
        else:
            assert work is None
        return [t.tolist() for t in result] if isinstance(result, list) else result.tolist()

    return ranks(size, finish)


def values(size, *shape):
    return [value(rank, *shape) for rank in range(size)]


@SIZES
@ASYNC
@pytest.mark.parametrize(
    ("op", "expected"),
    [("SUM", np.sum), ("AVG", np.mean), ("MAX", np.max), ("MIN", np.min), ("PRODUCT", np.prod)],
)
def test_all_reduce(ranks, size, async_op, op, expected):
    def body(group):
        t = value(group.rank(), 2, 3)
        return dist.all_reduce(t, getattr(dist.ReduceOp, op), group, async_op), t

    whole = np.stack([t.numpy() for t in values(size, 2, 3)])
    assert run(ranks, size, body, async_op) == [expected(whole, axis=0).tolist()] * size


@ASYNC
def test_reduce(ranks, async_op):
    def body(group):
        t = value(group.rank(), 2)
        return dist.reduce(t, 1, group=group, async_op=async_op), t

    assert run(ranks, 3, body, async_op) == [[0, 1], [30, 33], [20, 21]]


@ASYNC
def test_broadcast(ranks, async_op):
    def body(group):
        t = value(group.rank(), 2)
        return dist.broadcast(t, src=1, group=group, async_op=async_op), t

    assert run(ranks, 3, body, async_op) == [[10, 11]] * 3


@SIZES
@ASYNC
def test_all_gather(ranks, size, async_op):
    def body(group):
        out = [torch.zeros(2, 2) for _ in range(size)]
        return dist.all_gather(out, value(group.rank(), 2, 2), group, async_op), out

    expected = [t.tolist() for t in values(size, 2, 2)]
    assert run(ranks, size, body, async_op) == [expected] * size


@ASYNC
@pytest.mark.parametrize("shape", [(3, 2), (6,)])
def test_all_gather_into_tensor(ranks, shape, async_op):
    def body(group):
        out = torch.zeros(shape)
        mine = value(group.rank(), 2)
        return dist.all_gather_into_tensor(out, mine, group, async_op), out.reshape(6)

    assert run(ranks, 3, body, async_op) == [[0, 1, 10, 11, 20, 21]] * 3


@ASYNC
def test_gather(ranks, async_op):
    def body(group):
        out = [torch.zeros(2) for _ in range(3)] if group.rank() == 2 else None
        work = dist.gather(value(group.rank(), 2), out, 2, group, async_op)
        return work, out or []

    assert run(ranks, 3, body, async_op) == [[], [], [[0, 1], [10, 11], [20, 21]]]


@ASYNC
def test_scatter(ranks, async_op):
    def body(group):
        given = values(3, 2) if group.rank() == 1 else None
        t = torch.zeros(2)
        return dist.scatter(t, given, 1, group, async_op), t

    assert run(ranks, 3, body, async_op) == [[0, 1], [10, 11], [20, 21]]


@ASYNC
def test_reduce_scatter(ranks, async_op):
    def body(group):
        t = torch.zeros(2)
        given = [value(group.rank(), 2) + 100 * i for i in range(3)]
        return dist.reduce_scatter(t, given, group=group, async_op=async_op), t

    assert run(ranks, 3, body, async_op) == [[30, 33], [330, 333], [630, 633]]


@ASYNC
def test_reduce_scatter_tensor(ranks, async_op):
    def body(group):
        t = torch.zeros(1)
        given = value(group.rank(), 3)
        return dist.reduce_scatter_tensor(t, given, dist.ReduceOp.MAX, group, async_op), t

    assert run(ranks, 3, body, async_op) == [[20], [21], [22]]


@ASYNC
def test_all_to_all(ranks, async_op):
    def body(group):
        # Rank r sends r + 1 elements to each rank.
        out = [torch.zeros(src + 1) for src in range(3)]
        given = [torch.full((group.rank() + 1,), 10.0 * group.rank() + dst) for dst in range(3)]
        return dist.all_to_all(out, given, group, async_op), out

    expected = [[[dst], [10 + dst] * 2, [20 + dst] * 3] for dst in range(3)]
    assert run(ranks, 3, body, async_op) == expected


@ASYNC
def test_all_to_all_single(ranks, async_op):
    def body(group):
        out = torch.zeros(3, 2)
        return dist.all_to_all_single(
            out, value(group.rank(), 3, 2), group=group, async_op=async_op
        ), out[:, 0]

    assert run(ranks, 3, body, async_op) == [[0, 10, 20], [2, 12, 22], [4, 14, 24]]


def test_all_to_all_single_with_counts(ranks):
    def body(group):
        # Rank 0 keeps one row and sends two, rank 1 sends one row and keeps two.
        counts = [[1, 2], [1, 2]][group.rank()]
        out_counts = [[1, 1], [2, 2]][group.rank()]
        out = torch.zeros(sum(out_counts), 2)
        dist.all_to_all_single(out, value(group.rank(), 3, 2), out_counts, counts, group)
        return out[:, 0].tolist()

    assert ranks(2, body) == [[0, 10], [2, 4, 12, 14]]


@ASYNC
def test_barrier(ranks, async_op):
    def body(group):
        return dist.barrier(group, async_op), torch.zeros(1)

    run(ranks, 2, body, async_op)


def test_monitored_barrier(ranks):
    ranks(2, lambda group: dist.monitored_barrier(group, timedelta(seconds=5)))


def test_results_go_into_views_and_count_as_changes(ranks):
    def body(group):
        whole = torch.zeros(2, 4)
        column = whole[:, 1]
        before = whole._version
        column += group.rank() + 1
        dist.all_reduce(column, group=group)
        return whole.tolist(), whole._version > before + 1

    assert ranks(2, body) == [([[0, 3, 0, 0]] * 2, True)] * 2


def test_a_parameter_may_be_reduced(ranks):
    def body(group):
        p = torch.ones(2, requires_grad=True)
        dist.all_reduce(p, group=group)
        return p.tolist(), p.requires_grad, p.is_leaf

    assert ranks(2, body) == [([2, 2], True, True)] * 2


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "bool", "uint8", "int64", "complex64"])
def test_dtypes(ranks, dtype):
    kind = getattr(torch, dtype)

    def body(group):
        t = torch.tensor([1, 0], dtype=kind)
        dist.all_reduce(t, group=group)
        out = torch.zeros(2, 2, dtype=kind)
        dist.all_gather_into_tensor(out, t, group)
        return t.dtype is kind and out.tolist() == [t.tolist()] * 2

    assert ranks(2, body) == [True, True]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dist.all_reduce([1.0]), "Expected parameter `tensor` of type torch.Tensor"),
        (lambda: dist.all_gather(torch.ones(1), torch.ones(1)), r"of type List\[torch.Tensor\]"),
        (lambda: dist.broadcast(3, 0), "Expected parameter `tensor` of type torch.Tensor"),
    ],
)
def test_what_is_no_tensor(call, words):
    dist.init_process_group()
    try:
        with pytest.raises(TypeError, match=words):
            call()
    finally:
        dist.destroy_process_group()


def test_lists_have_an_item_for_each_rank(ranks):
    def body(group):
        with pytest.raises(ValueError, match="tensor_list: 1 tensors; expected one for each of"):
            dist.all_gather([torch.ones(1)], torch.ones(1), group)
        with pytest.raises(ValueError, match="must be specified on destination rank"):
            dist.gather(torch.ones(1), None, group.rank(), group)
        with pytest.raises(ValueError, match="must NOT be specified on non-source"):
            dist.scatter(torch.ones(1), [torch.ones(1)], 1 - group.rank(), group)

    ranks(2, body)


def test_a_root_must_be_given(ranks):
    def body(group):
        with pytest.raises(ValueError, match="Must specify global_rank or group_rank"):
            dist.broadcast(torch.ones(1), group=group)

    ranks(1, body)

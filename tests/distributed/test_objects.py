"""Objects from rank to rank; ranks are threads."""

from __future__ import annotations

from pathlib import PurePath

import pytest

import dtrain.distributed as dist


def thing(rank):
    return {"rank": rank, "tags": ("a", b"b"), "loss": 0.5 * rank}


def test_all_gather_object(ranks):
    def body(group):
        out = [None] * 3
        dist.all_gather_object(out, thing(group.rank()), group)
        return out

    assert ranks(3, body) == [[thing(0), thing(1), thing(2)]] * 3


def test_broadcast_object_list(ranks):
    def body(group):
        out = [thing(7), "x"] if group.rank() == 1 else [None, None]
        dist.broadcast_object_list(out, src=1, group=group)
        return out

    assert ranks(3, body) == [[thing(7), "x"]] * 3


def test_gather_object(ranks):
    def body(group):
        out = [None] * 2 if group.rank() == 1 else None
        dist.gather_object(thing(group.rank()), out, dst=1, group=group)
        return out

    assert ranks(2, body) == [None, [thing(0), thing(1)]]


def test_scatter_object_list(ranks):
    def body(group):
        out = [None]
        given = [thing(0), thing(1)] if group.rank() == 0 else None
        dist.scatter_object_list(out, given, src=0, group=group)
        return out

    assert ranks(2, body) == [[thing(0)], [thing(1)]]


def test_send_and_recv_object_list(ranks):
    def body(group):
        if group.rank() == 0:
            dist.send_object_list([thing(0), 5], dst=1, group=group)
            return None
        out = [None, None]
        return dist.recv_object_list(out, src=0, group=group), out

    assert ranks(2, body)[1] == (0, [thing(0), 5])


def test_only_plain_objects_travel_unless_asked_for(ranks):
    def body(group):
        out = [None] * group.size()
        with pytest.raises(TypeError):
            dist.all_gather_object(out, PurePath("x"), group)
        dist.all_gather_object(out, PurePath("x"), group, allow_pickle=True)
        return out

    assert ranks(2, body) == [[PurePath("x")] * 2] * 2


def test_lists_have_a_place_for_each_object(ranks):
    def body(group):
        with pytest.raises(ValueError, match="3 places for 1 objects"):
            dist.all_gather_object([None] * 3, 1, group)
        with pytest.raises(ValueError, match="must be specified on this rank"):
            dist.gather_object(1, None, group=group)
        with pytest.raises(ValueError, match="list of size at least 1"):
            dist.scatter_object_list([], [1], src=0, group=group)
        with pytest.raises(ValueError, match="source rank must provide"):
            dist.scatter_object_list([None], None, src=0, group=group)

    ranks(1, body)

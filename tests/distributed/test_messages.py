"""Messages from rank to rank; ranks are threads."""

from __future__ import annotations

import pytest

import dtrain as torch
import dtrain.distributed as dist


def ring(group):
    return (group.rank() - 1) % group.size(), (group.rank() + 1) % group.size()


def test_send_and_recv(ranks):
    def body(group):
        t = torch.zeros(2)
        if group.rank() == 0:
            return dist.send(torch.tensor([1.0, 2.0]), 1, group)
        return dist.recv(t, 0, group), t.tolist()

    assert ranks(2, body) == [None, (0, [1, 2])]


def test_recv_from_anyone_tells_the_sender(ranks):
    def body(group):
        if group.rank():
            dist.send(torch.tensor(group.rank()), 0, group)
            return None
        t = torch.tensor(0)
        return sorted((dist.recv(t, group=group), t.item()) for _ in range(2))

    assert ranks(3, body)[0] == [(1, 1), (2, 2)]


def test_isend_and_irecv(ranks):
    def body(group):
        before, after = ring(group)
        t = torch.zeros(1)
        works = [
            dist.isend(torch.tensor([float(group.rank())]), after, group, tag=3),
            dist.irecv(t, before, group, tag=3),
        ]
        assert all(work.wait() for work in works)
        return t.item()

    assert ranks(3, body) == [2, 0, 1]


def test_batch(ranks):
    def body(group):
        before, after = ring(group)
        t = torch.zeros(1)
        batch = [
            dist.P2POp(dist.isend, torch.tensor([float(group.rank())]), after, group),
            dist.P2POp(dist.irecv, t, group=group, group_peer=before),
        ]
        for work in dist.batch_isend_irecv(batch):
            work.wait()
        return t.item()

    assert ranks(3, body) == [2, 0, 1]


def test_tags_tell_messages_apart(ranks):
    def body(group):
        if group.rank() == 0:
            dist.send(torch.tensor(1), 1, group, tag=1)
            dist.send(torch.tensor(2), 1, group, tag=2)
            return None
        t, u = torch.tensor(0), torch.tensor(0)
        dist.recv(t, 0, group, tag=2)
        dist.recv(u, 0, group, tag=1)
        return t.item(), u.item()

    assert ranks(2, body)[1] == (2, 1)


def test_nobody_writes_to_himself(ranks):
    def body(group):
        with pytest.raises(ValueError, match="Invalid destination rank"):
            dist.send(torch.ones(1), group.rank(), group)
        with pytest.raises(ValueError, match="Invalid source rank"):
            dist.irecv(torch.ones(1), group.rank(), group)

    ranks(2, body)


def test_a_batch_holds_messages():
    with pytest.raises(ValueError, match="Invalid ``p2p_op_list``"):
        dist.batch_isend_irecv([])
    with pytest.raises(ValueError, match="Invalid ``op``"):
        dist.P2POp(dist.send, torch.ones(1), 0)

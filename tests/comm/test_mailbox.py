from __future__ import annotations

import threading

import numpy as np
import pytest

from dtrain.comm.mailbox import Mailbox, Receive, Wanted
from dtrain.errors import CommTimeoutError, DistributedError, MismatchError, RankFailedError


@pytest.fixture
def mailbox():
    return Mailbox(threading.Condition())


def receive(mailbox, array, src=0, dst=1, tag=0, hopeless=lambda: None):
    late = lambda waited: CommTimeoutError(f"{waited}")  # noqa: E731
    wanted = Wanted(dst, src, tag)
    return Receive(mailbox, wanted, array, lambda: None, late=late, hopeless=hopeless)


def test_a_message_is_a_copy(mailbox):
    sent, array = np.ones(2), np.zeros(2)
    mailbox.deliver(0, 1, 0, sent)
    sent[:] = 5
    assert receive(mailbox, array).wait()
    assert array.tolist() == [1, 1]


@pytest.mark.parametrize(("src", "dst", "tag"), [(2, 1, 0), (0, 2, 0), (0, 1, 3)])
def test_other_addresses_do_not_fit(mailbox, src, dst, tag):
    work = receive(mailbox, np.zeros(2))
    mailbox.deliver(src, dst, tag, np.ones(2))
    assert not work.is_completed()
    with pytest.raises(CommTimeoutError):
        work.wait(0.01)
    with pytest.raises(DistributedError, match="nothing has arrived yet"):
        work.source_rank()


def test_the_first_posted_receive_gets_the_first_message(mailbox):
    arrays = [np.zeros(1) for _ in range(4)]
    works = [receive(mailbox, arrays[0]), receive(mailbox, arrays[1], src=None)]
    for number in range(1, 5):
        mailbox.deliver(0, 1, 0, np.array([float(number)]))
    works += [receive(mailbox, arrays[2], src=None), receive(mailbox, arrays[3])]
    assert [array[0] for array in arrays] == [1, 2, 3, 4]
    assert [work.source_rank() for work in works] == [0, 0, 0, 0]


def test_a_wrong_size_is_the_error_of_the_receive(mailbox):
    mailbox.deliver(0, 1, 0, np.ones(3))
    work = receive(mailbox, np.zeros(2))
    assert isinstance(work.exception(), MismatchError)
    with pytest.raises(MismatchError, match=r"24 bytes arrived \(float64\[3\]\) for 16"):
        work.wait()


def test_waiting_ends_when_nobody_can_send(mailbox):
    work = receive(mailbox, np.zeros(2), hopeless=lambda: RankFailedError("gone"))
    with pytest.raises(RankFailedError, match="gone"):
        work.wait()

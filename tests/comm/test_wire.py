from __future__ import annotations

import numpy as np
import pytest

from dtrain.comm.wire import Incoming, check_array, describe, outgoing, overlap
from dtrain.errors import OpTypeError, OpValueError


@pytest.mark.parametrize("dtype", ["f4", "i8", "D", "?", "f2", "S3", ">i4", "M8[s]"])
def test_contiguous_data_is_not_copied(dtype):
    array = np.zeros((2, 3), dtype)
    wire = outgoing(array)
    assert np.shares_memory(wire, array)
    assert wire.nbytes == array.nbytes
    assert wire.dtype.isnative


def test_data_with_gaps_is_gathered_and_spread():
    source = np.arange(12.0).reshape(3, 4)
    target = np.zeros((4, 3)).T
    incoming = Incoming(target)
    incoming.wire[...] = outgoing(source)
    assert not target.any()
    incoming.store()
    np.testing.assert_array_equal(target, source)


def test_check_array():
    array = np.zeros(2)
    assert check_array("send", array) is array
    array.flags.writeable = False
    check_array("send", array)
    with pytest.raises(OpValueError, match=r"recv\(float64\[2\]\): the array is read-only"):
        check_array("recv", array, writable=True)
    for wrong in (None, [1.0], 3):
        with pytest.raises(OpTypeError, match=type(wrong).__name__):
            check_array("send", wrong)
    with pytest.raises(OpTypeError, match="_obj"):
        check_array("send", np.array([None]))


def test_describe_and_overlap():
    array = np.zeros((2, 0, 3), np.int8)
    assert describe(array) == "int8[2, 0, 3]"
    whole = np.zeros(4)
    assert overlap(whole, whole[1:2])
    assert not overlap(whole[:2], whole[2:])

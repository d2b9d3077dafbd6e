from __future__ import annotations

import numpy as np
import pytest

from dtrain.comm.reduction import ReduceOp, plan
from dtrain.errors import DtypeError


def test_names_are_those_of_torch():
    distributed = pytest.importorskip("torch.distributed")
    theirs = {name.lower() for name in distributed.ReduceOp.RedOpType.__members__}
    assert {op.value for op in ReduceOp} == theirs - {"premul_sum", "unused"}


@pytest.mark.parametrize("dtype", ["f2", "bfloat16", "float8_e4m3fn", ">f4"])
def test_what_mpi_cannot_reduce_travels_in_another_dtype(dtype):
    pytest.importorskip("ml_dtypes")
    array = np.array([1, 0.5, 2]).astype(dtype)
    how = plan(array.dtype, ReduceOp.SUM)
    wire = how.load(array)
    assert wire.dtype == np.float32
    wire *= 2
    how.store(wire, array, 4)
    assert array.astype(float).tolist() == [2, 1, 4]


@pytest.mark.parametrize("dtype", ["?", "i1", "u8", "f4", "f8", "g", "F", "D"])
def test_the_rest_is_not_copied(dtype):
    array = np.ones((2, 3), dtype)
    assert np.shares_memory(plan(array.dtype, ReduceOp.SUM).load(array), array)


def test_a_view_with_gaps_gets_the_result_and_its_neighbours_stay():
    whole = np.zeros((2, 6))
    how = plan(whole.dtype, ReduceOp.AVG)
    wire = how.load(whole[:, ::2])
    wire += 8
    how.store(wire, whole[:, ::2], 4)
    assert whole.tolist() == [[2, 0, 2, 0, 2, 0]] * 2


@pytest.mark.parametrize("dtype", ["M8[s]", "S3", "U2", "i4,f4"])
def test_what_is_no_number_is_refused(dtype):
    with pytest.raises(DtypeError, match="no meaning"):
        plan(np.dtype(dtype), ReduceOp.SUM)

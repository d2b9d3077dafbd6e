"""Changes in place and out=: what is written, what is refused, and that nothing is written then."""

from __future__ import annotations

import pytest

import dtrain as torch
from dtrain.errors import DtypeError, GradError, OpError, ShapeError
from dtrain.tensor.inplace import write_result


def test_a_refused_change_leaves_the_tensor_alone() -> None:
    x = torch.ones(2)
    with pytest.raises(ShapeError, match=r"output with shape \[2\] doesn't match the broadcast"):
        x.add_(torch.ones(3, 2))
    n = torch.ones(2, dtype=torch.int64)
    with pytest.raises(DtypeError, match="result type Float can't be cast to the desired output"):
        n.add_(1.5)
    with pytest.raises(OpError, match="more than one element of the written-to tensor"):
        torch.ones(1).expand(3).add_(1.0)
    assert x.tolist() == [1.0, 1.0]
    assert n.tolist() == [1, 1]
    assert x._version == n._version == 0


def test_in_place_keeps_memory_and_type() -> None:
    x = torch.ones(2, dtype=torch.float64)
    where = x.data_ptr()
    assert x.mul_(3) is x
    x += torch.ones(2)
    assert x.data_ptr() == where
    assert x.dtype is torch.float64
    assert x.tolist() == [4.0, 4.0]


def test_out_takes_the_result() -> None:
    out = torch.empty(2)
    assert torch.add(torch.ones(2), 1.0, out=out) is out
    assert out.tolist() == [2.0, 2.0]
    with pytest.warns(UserWarning, match="was resized"):
        torch.add(torch.ones(3), 1.0, out=out)
    assert out.shape == (3,)
    with pytest.raises(GradError, match="don't support automatic differentiation"):
        torch.add(torch.ones(3, requires_grad=True), 1.0, out=out)


def test_a_result_that_does_not_fit_is_not_written() -> None:
    out = torch.zeros(2, dtype=torch.int32)
    with pytest.raises(DtypeError, match="can't be cast"):
        write_result("f", torch.ones(2), out)
    assert out.tolist() == [0, 0]

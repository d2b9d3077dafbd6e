"""NumPy's names for arguments, in functions composed of operators."""

from __future__ import annotations

import pytest

from dtrain.errors import OpTypeError
from dtrain.tensor.numpy_names import numpy_names
from tests.twin import lines, same

CALLS = """
x.std(axis=0, keepdims=True)
x.var(axis=1)
torch.var_mean(x, axis=0)
torch.std_mean(x, axis=0)
x.argsort(axis=0)
torch.nansum(x, axis=0)
torch.nanmean(x, axis=0, keepdims=True)
torch.count_nonzero(x, axis=1)
torch.quantile(x, 0.5, axis=1)
torch.softmax(x, axis=1)
torch.log_softmax(x, axis=1)
torch.diff(x, axis=0)
x.chunk(2, axis=1)
x.unbind(axis=1)
x.tensor_split(2, axis=1)
torch.repeat_interleave(x, 2, axis=0)
x.std(line=0)
"""


@pytest.mark.torch
@pytest.mark.parametrize("call", lines(CALLS))
def test_as_torch(call: str) -> None:
    same(f"x = torch.arange(6.0).reshape(2, 3); {call}")


def test_other_names_arrive_as_they_are() -> None:
    @numpy_names
    def function(dim: int, **rest: int) -> dict[str, int]:
        if "wrong" in rest:
            raise OpTypeError("wrong")
        return {"dim": dim, **rest}

    assert function(axis=1, other=2) == {"dim": 1, "other": 2}
    with pytest.raises(OpTypeError):
        function(1, wrong=1)

"""assert_close and make_tensor, against PyTorch's."""

from __future__ import annotations

import pytest

import dtrain
from dtrain.errors import OpValueError
from dtrain.testing import assert_close, make_tensor
from tests.twin import lines, same

CASES = """
torch.testing.assert_close(torch.ones(2), torch.ones(2))
torch.testing.assert_close(torch.ones(2), torch.ones(2) + 1e-6)
torch.testing.assert_close(torch.ones(2), torch.ones(2) + 1e-3)
torch.testing.assert_close(torch.ones(2), torch.ones(3))
torch.testing.assert_close(torch.ones(2), torch.ones(2).double())
torch.testing.assert_close(torch.ones(2), torch.ones(2).double(), check_dtype=False)
torch.testing.assert_close(torch.ones(2), torch.ones(2) + 0.1, rtol=0, atol=0.2)
torch.testing.assert_close(torch.tensor([1, 2]), torch.tensor([1, 3]))
torch.testing.assert_close([torch.ones(1), 2.0], [torch.ones(1), 2.0])
torch.testing.assert_close([torch.ones(1)], [torch.ones(1), torch.ones(1)])
torch.testing.assert_close({"a": torch.ones(1)}, {"a": torch.zeros(1)})
torch.testing.assert_close({"a": 1}, {"b": 1})
torch.testing.assert_close(float("nan"), float("nan"))
torch.testing.assert_close(float("nan"), float("nan"), equal_nan=True)
torch.testing.assert_close(1.0, 1.0 + 1e-9)
torch.testing.assert_close(np.ones(2), np.zeros(2))
torch.testing.assert_close(torch.ones(2, 3).t(), torch.ones(3, 2), check_stride=True)
torch.testing.assert_close(torch.tensor([float("inf")]), torch.tensor([float("inf")]))
torch.testing.assert_close(torch.ones(2), torch.ones(2), rtol=0.1)
"""


@pytest.mark.torch
@pytest.mark.parametrize("source", lines(CASES))
def test_as_torch(source: str) -> None:
    same(source)


def test_what_the_messages_say() -> None:
    with pytest.raises(AssertionError, match="Mismatched elements: 1 / 2"):
        assert_close(dtrain.ones(2), dtrain.tensor([1.0, 2.0]))
    with pytest.raises(AssertionError, match=r"for item \['a'\]\[1\]"):
        assert_close({"a": [1, 2]}, {"a": [1, 3]})
    with pytest.raises(AssertionError, match=r"^so it is$"):
        assert_close(1, 2, msg="so it is")
    with pytest.raises(AssertionError, match="SCALARS"):
        assert_close(1, 2, msg=str.upper)
    with pytest.raises(OpValueError, match="both"):
        assert_close(1, 1, atol=0.1)


@pytest.mark.parametrize("dtype", [dtrain.float32, dtrain.int64, dtrain.bool, dtrain.uint8])
def test_tensors_for_tests(dtype: dtrain.dtype) -> None:
    made = make_tensor(3, 50, dtype=dtype)
    assert made.shape == (3, 50)
    assert made.dtype is dtype
    narrow = make_tensor((50,), dtype=dtrain.float32, low=2, high=3, requires_grad=True)
    assert narrow.requires_grad
    assert 2 <= float(narrow.min()) <= float(narrow.max()) <= 3

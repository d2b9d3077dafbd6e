"""Named results."""

from __future__ import annotations

import pytest

import dtrain as torch
from dtrain.tensor.results import named_result
from tests.twin import same


def test_fields_and_text() -> None:
    pair = named_result("pair", ("values", "indices"))((1, 2))
    assert pair.values == pair[0] == 1  # type: ignore[attr-defined]
    assert pair.indices == 2  # type: ignore[attr-defined]
    first, second = pair
    assert (first, second) == (1, 2)
    assert repr(pair) == "torch.return_types.pair(\nvalues=1,\nindices=2)"


@pytest.mark.torch
@pytest.mark.parametrize(
    "source",
    [
        "torch.max(torch.tensor([[1., 5], [7, 3]]), 1)",
        "torch.max(torch.tensor([[1., 5], [7, 3]]), 1).indices",
        "repr(torch.min(torch.tensor([[1., 5], [7, 3]]), dim=0))",
        "torch.sort(torch.tensor([3, 1, 2])).values",
        "torch.topk(torch.tensor([3, 1, 2]), 2)[1]",
    ],
)
def test_as_torch(source: str) -> None:
    same(source)


def test_a_result_is_a_tuple() -> None:
    made = torch.max(torch.tensor([[1.0, 5.0]]), 1)
    assert isinstance(made, tuple)
    assert type(made).__name__ == "max"

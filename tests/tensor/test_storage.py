"""Storage: the memory that views share."""

from __future__ import annotations

import pytest

from tests.twin import lines, same

SAME = lines(
    r"""
    x = torch.zeros(4); x.storage().data_ptr() == x[2:].storage().data_ptr()
    x = torch.zeros(4); x.untyped_storage().data_ptr() == x[2:].untyped_storage().data_ptr()
    x = torch.arange(4.); list(x[2:].storage())
    x = torch.arange(4.); x.storage().size()
    x = torch.arange(4.); x.untyped_storage().size()
    x = torch.arange(4.); len(x.untyped_storage())
    x = torch.arange(4.); x.storage()[1]
    x = torch.arange(4.); x.storage()[-1]
    x = torch.arange(4.); x.storage()[1] = 9; x
    x = torch.arange(4.); x.storage().dtype
    x = torch.arange(4.); x.untyped_storage().device
    x = torch.arange(4.); x.storage().device
    x = torch.arange(4.); x.storage().tolist()
    x = torch.arange(4.); str(x.storage())
    x = torch.arange(2.); str(x.untyped_storage())
    x = torch.arange(4.); x.untyped_storage().nbytes()
    x = torch.arange(4.); x[1:3].untyped_storage().nbytes()
    x = torch.arange(4.); x.t().untyped_storage().nbytes()
    x = torch.arange(4.); x.expand(3, 4).untyped_storage().nbytes()
    x = torch.arange(4.); x.as_strided((2, 2), (1, 1)).untyped_storage().nbytes()
    x = torch.arange(6.);
        x.as_strided((2, 2), (1, 1)).untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    x = torch.arange(6.);
        x.unfold(0, 3, 1).untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    x = torch.arange(4.); x.storage().cpu().tolist()
    x = torch.arange(4.); x.untyped_storage().cpu().nbytes()
    x = torch.arange(4.); x.storage().clone().tolist()
    x = torch.arange(4.); x.storage().element_size()
    x = torch.arange(4.); x.untyped_storage().element_size()
    x = torch.arange(4.); x.untyped_storage()[0]
    x = torch.arange(4.); x.storage().is_cuda
    x = torch.arange(4.); x.untyped_storage().is_cuda
    """
)

ERRORS = lines(
    r"""
    x = torch.arange(4.); x.storage()[4]
    """
)


@pytest.mark.torch
@pytest.mark.parametrize("source", SAME)
def test_as_torch(source: str) -> None:
    same(source)


@pytest.mark.torch
@pytest.mark.parametrize("source", ERRORS)
def test_errors_as_torch(source: str) -> None:
    same(source)

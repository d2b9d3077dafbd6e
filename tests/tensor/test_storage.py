"""Storage: the memory that views share."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain as torch
from dtrain.tensor.storage import (
    address_of,
    check_region,
    extent,
    geometry,
    offset_of,
    root_of,
    shown_strides,
    storage_of,
    strides_of,
)
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


def test_windows_made_by_numpy_keep_their_root() -> None:
    a = np.arange(6.0)
    window = np.lib.stride_tricks.as_strided(a, (2, 2), (8, 8))
    assert root_of(window) is a
    assert root_of(window[1:]) is a
    assert offset_of(window[1:]) == 1


def test_roots_of_memory_that_is_not_numpys() -> None:
    a = np.frombuffer(bytearray(16), np.float32)
    assert root_of(a[1:]) is a
    assert offset_of(a[1:]) == 1


def test_negative_strides_begin_at_the_lowest_address() -> None:
    turned = np.arange(4.0)[::-1]
    assert offset_of(turned) == 3
    assert storage_of(turned, torch.float64).tolist() == [0, 1, 2, 3]


def test_a_copy_is_memory_of_its_own() -> None:
    t = torch.arange(3.0)
    copy = t.storage().clone()
    copy[0] = 9
    assert t.tolist() == [0, 1, 2]
    assert t.storage().cpu().data_ptr() == t.data_ptr()


def test_regions_outside_the_memory_are_refused() -> None:
    check_region((2, 2), (2, 1), 0, 4)
    check_region((0, 9), (9, 9), 0, 0)
    with pytest.raises(RuntimeError, match="out of bounds for storage of 4 elements"):
        check_region((2, 2), (3, 1), 0, 4)
    with pytest.raises(RuntimeError, match="mismatch in length of strides and shape"):
        check_region((2,), (3, 1), 0, 4)
    with pytest.raises(RuntimeError, match="Negative strides"):
        check_region((2,), (-1,), 3, 4)


def test_geometry_cuts_the_same_view() -> None:
    base = np.arange(12.0).reshape(3, 4)
    view = base[1:, ::2]
    size, stride, offset = geometry(view, base)
    again = torch.from_numpy(base).as_strided(size, stride, offset)
    assert again.tolist() == view.tolist()


def test_numbers_of_two_bytes() -> None:
    t = torch.tensor([1.5, 2.0], dtype=torch.bfloat16)
    assert t.storage().tolist() == [1.5, 2.0]
    assert t.storage()[1] == 2.0
    assert address_of(t._a) == t.storage().data_ptr()
    assert extent(t._a) == 2
    assert strides_of(t._a) == shown_strides(t._a) == (1,)

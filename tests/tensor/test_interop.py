"""Copies, pickles and DLPack."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import dtrain as torch
from dtrain.tensor.interop import to_dlpack
from tests.twin import lines, same

SAME = lines(
    r"""
    import copy; x = torch.ones(2, requires_grad=True); copy.deepcopy(x)
    import copy; x = torch.ones(2, requires_grad=True); copy.copy(x)
    import copy; x = torch.ones(2); y = copy.copy(x); y.add_(1); x
    import copy; x = torch.ones(2); y = copy.deepcopy(x); y.add_(1); x
    import copy; x = torch.ones(2, requires_grad=True); copy.copy(x * 2)
    import copy; x = torch.arange(4.); l = copy.deepcopy([x, x[1:3]]); l[0].add_(1); l[1]
    import copy; x = torch.arange(4.); l = copy.deepcopy([x[1:3], x]); l[1].add_(1); l[0]
    import copy; x = torch.arange(4.); l = copy.deepcopy([x, x]); l[0] is l[1]
    import copy; x = torch.arange(6.).view(2, 3).t(); copy.deepcopy(x)
    import copy; x = torch.arange(6.)[2:4]; y = copy.deepcopy(x);
        (y.storage_offset(), y.untyped_storage().nbytes())
    import copy; x = torch.ones(3).expand(2, 3); copy.deepcopy(x).stride()
    import copy; x = torch.ones(2); x.foo = [1]; y = copy.deepcopy(x); y.foo
    import copy; x = torch.ones(2, requires_grad=True); x.sum().backward();
        y = copy.deepcopy(x); y.grad
    import copy; x = torch.ones(2, requires_grad=True); x.sum().backward(); y = copy.copy(x);
        y.grad is x.grad
    import pickle; x = torch.arange(6.).view(2, 3); pickle.loads(pickle.dumps(x))
    import pickle; x = torch.arange(6.).view(2, 3).t(); pickle.loads(pickle.dumps(x))
    import pickle; x = torch.ones(2, requires_grad=True); pickle.loads(pickle.dumps(x))
    import pickle; x = torch.arange(4.); l = pickle.loads(pickle.dumps([x, x])); l[0] is l[1]
    import pickle; pickle.loads(pickle.dumps(torch.tensor(3)))
    import pickle; pickle.loads(pickle.dumps(torch.zeros(0, 3)))
    import pickle; pickle.loads(pickle.dumps(torch.ones(2, dtype=torch.bfloat16)))
    import pickle; x = torch.ones(2); x.foo = 3; pickle.loads(pickle.dumps(x)).foo
    import pickle; pickle.loads(pickle.dumps(torch.ones(2), protocol=5))
    x = torch.arange(4.); np.from_dlpack(x)
    x = torch.arange(4.); a = np.from_dlpack(x); x.add_(1); a
    a = np.arange(4.); x = torch.from_dlpack(a); a[0] = 9; x
    x = torch.arange(4.); y = torch.from_dlpack(x); y.add_(1); x
    x = torch.arange(6.).view(2, 3).t(); torch.from_dlpack(x)
    x = torch.ones(2); x.__dlpack_device__() == (1, 0)
    torch.utils.dlpack.from_dlpack(np.arange(3.))
    torch.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(torch.ones(2)))
    torch.ones(2, dtype=torch.bool).__dlpack_device__()[1]
    torch.from_dlpack(np.array([True, False]))
    """
)

ERRORS = lines(
    r"""
    import copy; x = torch.ones(2, requires_grad=True); copy.deepcopy(x * 2)
    x = torch.ones(2, requires_grad=True); np.from_dlpack(x)
    x = torch.ones(2, requires_grad=True) * 2; torch.from_dlpack(x)
    torch.from_dlpack(3)
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


def test_views_in_one_structure_share_one_copy() -> None:
    base = torch.arange(12.0).view(3, 4)
    views = [base, base.t(), base[1:, ::2], base.as_strided((2,), (5,))]
    twins = copy.deepcopy(views)
    twins[0].fill_(7)
    assert base.flatten().tolist() == list(range(12))
    for view, twin in zip(views, twins, strict=True):
        assert twin.stride() == view.stride()
        assert twin.storage_offset() == view.storage_offset()
        assert twin.untyped_storage().data_ptr() == twins[0].untyped_storage().data_ptr()
        assert twin.flatten().tolist() == [7.0] * view.numel()


def test_a_view_of_another_type_shares_the_copy() -> None:
    base = torch.ones(2)
    twins = copy.deepcopy([base, base.view(torch.int32)])
    twins[1].fill_(0)
    assert twins[0].tolist() == [0, 0]


def test_memory_in_another_order() -> None:
    array = np.arange(24.0).reshape(2, 3, 4)[:, ::2]
    assert copy.deepcopy(torch.from_numpy(array)).tolist() == array.tolist()
    t = torch.empty(2, 3, 4, 5, memory_format=torch.channels_last)
    assert copy.deepcopy(t).stride() == t.stride()


def test_classes_and_attributes_survive() -> None:
    p = torch.nn.Parameter(torch.ones(2))
    p.note = ["a"]
    again = pickle.loads(pickle.dumps(p))
    assert type(again) is torch.nn.Parameter
    assert again.requires_grad
    assert again.note == ["a"]


def test_capsules() -> None:
    t = torch.arange(3.0)
    again = torch.from_dlpack(to_dlpack(t))
    again[0] = 5
    assert t[0].item() == 5


@pytest.mark.torch
def test_dlpack_to_and_from_torch() -> None:
    theirs = pytest.importorskip("torch")
    t = torch.arange(6.0).view(2, 3).t()
    there = theirs.from_dlpack(t)
    there[0, 1] = 50
    assert t[0, 1].item() == 50
    back = torch.from_dlpack(theirs.arange(4))
    assert back.dtype is torch.int64
    assert back.tolist() == [0, 1, 2, 3]

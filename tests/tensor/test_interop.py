"""Copies, pickles and DLPack."""

from __future__ import annotations

import pytest

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

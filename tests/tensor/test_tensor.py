"""The tensor's place in the graph: leaves, gradients, versions, views, hooks."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain as torch
from dtrain.tensor.tensor import alias, wrap
from tests.twin import lines, same

SAME = lines(
    r"""
    x = torch.ones(2); x.requires_grad = True; x.requires_grad
    x = torch.ones(2, requires_grad=True); y = x * 2; y.requires_grad_(True); y.requires_grad
    x = torch.ones(2, requires_grad=True); x.requires_grad_(False); x
    x = torch.ones(2); x.requires_grad_().requires_grad
    x = torch.ones(2, dtype=torch.complex64); x.requires_grad_().requires_grad
    x = torch.ones(2, requires_grad=True); x.data
    x = torch.ones(2, requires_grad=True); x.data.fill_(3); x
    x = torch.ones(2, requires_grad=True); x.data = torch.zeros(3); x
    x = torch.ones(2, requires_grad=True); x.data = torch.zeros(3, dtype=torch.float64); x
    x = torch.ones(2, requires_grad=True); y = x * x; x.data.add_(1); y.sum().backward(); x.grad
    x = torch.ones(2); x._version
    x = torch.ones(2); x.add_(1); x._version
    x = torch.ones(2); x.add_(1); x[0] = 3; x._version
    x = torch.ones(2); y = x[:1]; y.add_(1); (x._version, y._version)
    x = torch.ones(2); y = x.detach(); y.add_(1); (x._version, y._version)
    x = torch.ones(2); y = x.data; y.add_(1); (x._version, y._version)
    x = torch.ones(2); y = x.clone(); y.add_(1); (x._version, y._version)
    x = torch.ones(2); y = x.view(2); y._is_view()
    x = torch.ones(2); y = x.view(2); y._base is x
    x = torch.ones(2); y = x.detach(); y._is_view()
    x = torch.ones(2, requires_grad=True); x.detach().requires_grad
    x = torch.ones(2, requires_grad=True); (x * 2).detach_().requires_grad
    x = torch.ones(2, requires_grad=True); x.grad = torch.ones(2); x.grad
    x = torch.ones(2, requires_grad=True); x.grad = None; x.grad
    x = torch.ones(2, requires_grad=True); x.grad = torch.ones(2); del x.grad; x.grad
    x = torch.ones(2, requires_grad=True); (x * 2).grad
    x = torch.ones(2); x.grad = torch.ones(2); x.grad
    x = torch.ones(2, requires_grad=True); y = x * 2; y.retain_grad(); y.sum().backward();
        y.grad
    x = torch.ones(2, requires_grad=True); (x * 2).retains_grad
    x = torch.ones(2, requires_grad=True); h = x.register_hook(lambda g: g * 3);
        (x * 2).sum().backward(); x.grad
    x = torch.ones(2, requires_grad=True); h = x.register_hook(lambda g: g * 3); h.remove();
        (x * 2).sum().backward(); x.grad
    x = torch.ones(2, requires_grad=True); y = x * 2; h = y.register_hook(lambda g: g * 3);
        y.sum().backward(); x.grad
    x = torch.ones(1, requires_grad=True); x.backward(); x.grad
    x = torch.ones(2, requires_grad=True); x.sum().backward(); x.sum().backward(); x.grad
    x = torch.tensor([1., 2]); x.foo = 3; x.foo
    """
)

ERRORS = lines(
    r"""
    x = torch.ones(2, dtype=torch.int64); x.requires_grad = True; x
    x = torch.ones(2, requires_grad=True); y = x * 2; y.requires_grad = False; y
    x = torch.ones(2, requires_grad=True); x.data = torch.zeros(3, dtype=torch.int64); x
    x = torch.ones(2); x.data = 3; x
    x = torch.ones(2, requires_grad=True); y = x * x; x.detach().add_(1); y.sum().backward();
        x.grad
    x = torch.ones(2, requires_grad=True); (x * 2)[0:1].detach_()
    x = torch.ones(2, requires_grad=True); x.grad = torch.ones(3); x.grad
    x = torch.ones(2, requires_grad=True); x.grad = torch.ones(2, dtype=torch.float64); x.grad
    x = torch.ones(2, requires_grad=True); x.grad = 3; x.grad
    x = torch.ones(2); x.retain_grad()
    x = torch.ones(2); x.register_hook(print)
    x = torch.ones(2, requires_grad=True); (x*2).register_post_accumulate_grad_hook(print)
    x = torch.ones(2, requires_grad=True); x.backward()
    x = torch.ones(2); x.sum().backward()
    x = torch.ones(2, requires_grad=True); y = (x * x).sum(); y.backward(); y.backward()
    torch.zeros(2).foo
    x = torch.tensor([1, 2]); setattr(x, "shape", (2,))
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


def test_a_subclass_is_kept_by_its_constructor() -> None:
    class Mine(torch.Tensor):
        __slots__ = ()

    assert type(Mine([1.0, 2.0])) is Mine
    assert Mine().numel() == 0


def test_wrapping_shares_memory_and_alias_tracks_it() -> None:
    t = wrap(np.zeros(3))
    view = alias(t._a[1:], t)
    view.add_(1)
    assert t.tolist() == [0, 1, 1]
    assert t._version == view._version == 1
    assert view._base is t


def test_words_that_tutorials_quote() -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="only Tensors of floating point"):
        torch.ones(2, dtype=torch.int64).requires_grad_()
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        x.add_(1)
    with pytest.warns(UserWarning, match=r"The \.grad attribute of a Tensor that is not a leaf"):
        assert (x * 2).grad is None
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf"):
        (x * 2).requires_grad_(False)

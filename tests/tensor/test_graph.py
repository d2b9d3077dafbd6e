"""Hooks' handles, version cells and the tracking of views."""

from __future__ import annotations

import gc
import weakref

import pytest

import dtrain as torch
from dtrain.errors import GradError
from dtrain.tensor.graph import Parts


def test_parts_merge() -> None:
    merged = Parts([None, 1, 2]) + Parts([3, None, 4])
    assert merged == [3, 1, 6]


def test_views_share_the_version_counter() -> None:
    base = torch.zeros(2, 3)
    view = base.reshape(3, 2)
    before = base._version
    view.add_(1.0)
    assert base._version == view._version == before + 1
    assert base.detach()._version == base._version
    assert base.data._version == 0


def test_graph_of_a_dropped_result_is_freed_without_the_cycle_collector() -> None:
    gc.disable()
    try:
        x = torch.ones(3, requires_grad=True)
        y = (x * x).exp().sum()
        node = weakref.ref(y.grad_fn)
        leaf = weakref.ref(x._node)
        del y
        assert node() is None
        del x
        assert leaf() is None
    finally:
        gc.enable()


def test_leaf_in_place_is_refused() -> None:
    x = torch.ones(3, requires_grad=True)
    with pytest.raises(GradError, match="a leaf Variable that requires grad"):
        x.add_(1.0)
    with pytest.raises(GradError, match="a view of a leaf Variable"):
        x.reshape(3, 1).add_(1.0)
    with torch.no_grad():
        x.add_(1.0)
    assert x.tolist() == [2.0, 2.0, 2.0]


def test_next_functions_lead_to_the_leaves() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x * 2.0
    assert y.grad_fn.name() == "MulBackward0"
    (leaf, index), *_ = y.grad_fn.next_functions
    assert index == 0
    assert leaf.variable is x
    assert leaf.name() == "torch::autograd::AccumulateGrad"


def test_hook_handles_remove_and_close() -> None:
    x = torch.ones(2, requires_grad=True)
    seen: list[float] = []
    handle = x.register_hook(lambda g: seen.append(g.sum().item()))
    (x * 3.0).sum().backward()
    handle.remove()
    handle.remove()
    (x * 3.0).sum().backward()
    assert seen == [6.0]
    with x.register_hook(lambda g: g * 0):
        x.grad = None
        (x * 3.0).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]

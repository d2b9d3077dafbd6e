"""GradientEdge: places in the graph."""

from __future__ import annotations

import dtrain
from dtrain.autograd.edge import get_gradient_edge, node_of


def test_an_edge_and_its_tensor_have_one_node() -> None:
    x = dtrain.ones(2, requires_grad=True)
    parts = (x * 2).split(1)
    for t in (x, x * 2, *parts):
        assert node_of(get_gradient_edge(t)) is node_of(t)


def test_an_edge_keeps_the_graph_but_not_the_tensor() -> None:
    x = dtrain.ones(2, requires_grad=True)
    edge = get_gradient_edge(x * 3)
    dtrain.autograd.backward(edge, dtrain.ones(2))
    assert x.grad.tolist() == [3.0, 3.0]

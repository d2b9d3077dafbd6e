"""GradientEdge: a place in the graph, for a tensor that need not be kept alive."""

from __future__ import annotations

from typing import Any, NamedTuple

from dtrain.errors import GradError
from dtrain.tensor.graph import Leaf, Node, Pick
from dtrain.tensor.tensor import Tensor

__all__ = ["GradientEdge", "get_gradient_edge", "node_of"]


class GradientEdge(NamedTuple):
    """A place in the graph to which a gradient flows: backward() and grad() take it for a tensor.

    Attributes:
        node: The node.
        output_nr: Which of its outputs.
        ownership_token: The output itself, where the node has several.
    """

    node: Node | Leaf
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """Return the edge to which the gradient of a tensor flows.

    Raises:
        GradError: The tensor does not require grad.
    """
    node = tensor._node
    if node is None:
        raise GradError(
            "It is not possible to get the gradient edge for a Tensor that does not require "
            "gradients"
        )
    if isinstance(node, Pick):
        return GradientEdge(node.edges[0], node.index, node)
    return GradientEdge(node, 0)


def node_of(place: Tensor | GradientEdge) -> Node | Leaf | None:
    """Return the node that a tensor's or an edge's gradient flows to."""
    if not isinstance(place, GradientEdge):
        return place._node
    token = place.ownership_token
    return token if isinstance(token, Pick) else place.node

"""The repr of a tensor: dtrain.tensor.printing applied to one."""

from __future__ import annotations

from dtrain.backend.module import to_host
from dtrain.tensor.graph import Leaf
from dtrain.tensor.printing import tensor_text
from dtrain.tensor.tensor import Tensor

__all__ = ["tensor_repr"]


def tensor_repr(t: Tensor) -> str:
    """Return torch's text of a tensor: values, size, dtype, device, gradient function."""
    node = t._node
    return tensor_text(
        t._a,
        device=None if t.is_cpu else str(t.device),
        requires_grad=node is not None,
        grad_fn_name=None if node is None or isinstance(node, Leaf) else node.name(),
        host=to_host,
    )

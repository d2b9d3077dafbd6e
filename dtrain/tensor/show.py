"""The repr of a tensor: dtrain.tensor.printing applied to one."""

from __future__ import annotations

from dtrain.backend.module import to_host
from dtrain.tensor.graph import Leaf
from dtrain.tensor.printing import array_text, tensor_text
from dtrain.tensor.sparse_array import SparseArray
from dtrain.tensor.tensor import Tensor

__all__ = ["tensor_repr"]


def tensor_repr(t: Tensor) -> str:
    """Return torch's text of a tensor: values, size, dtype, device, gradient function."""
    node = t._node
    if isinstance(t._a, SparseArray):
        return _sparse_repr(t, t._a)
    return tensor_text(
        t._a,
        device=None if t.is_cpu else str(t.device),
        requires_grad=node is not None,
        grad_fn_name=None if node is None or isinstance(node, Leaf) else node.name(),
        host=to_host,
    )


def _sparse_repr(t: Tensor, array: SparseArray) -> str:
    """Return torch's text of a sparse tensor: its indices and values, each as a tensor."""
    node = t._node
    parts = []
    for name, part in (("indices", array.indices), ("values", array.values)):
        opening = f"{name}=tensor("
        size = "" if part.size else f", size={part.shape}"
        text = array_text(part, len("tensor(" + opening), to_host)
        parts.append(f"{opening}{text}{size})")
    return tensor_text(
        array.values,
        contents=",\n       ".join(parts),
        device=None if t.is_cpu else str(t.device),
        extra=(f"size={array.shape}", f"nnz={array.count}"),
        late=("layout=torch.sparse_coo",),
        requires_grad=node is not None,
        grad_fn_name=None if node is None or isinstance(node, Leaf) else node.name(),
        force_newline=True,
        host=to_host,
    )

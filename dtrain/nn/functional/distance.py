"""Distances and similarities of vectors."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpError
from dtrain.tensor.ops.shape import broadcast_tensors
from dtrain.tensor.tensor import Tensor

__all__ = ["cosine_similarity", "one_hot", "pairwise_distance", "pdist"]


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Any:
    """Return the cosine of the angle between vectors along a dimension.

    Args:
        x1: Any shape.
        x2: A shape that broadcasts with it.
        dim: The dimension of the vectors.
        eps: The least length.

    Raises:
        OpError: A type is not floating point.
    """
    if not (x1.is_floating_point() or x1.is_complex()):
        raise OpError(f"expected common dtype to be floating point, yet common dtype is {x1.dtype}")
    x1, x2 = broadcast_tensors(x1, x2)
    first = x1.norm(2, dim, keepdim=True).clamp_min(eps)
    second = x2.norm(2, dim, keepdim=True).clamp_min(eps)
    return (x1 / first * (x2 / second)).sum(dim)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Any:
    """Return the p-norm of x1 - x2 + eps along the last dimension."""
    return (x1 - x2 + eps).norm(p, -1, keepdim=keepdim)


def pdist(input: Tensor, p: float = 2) -> Any:
    """Return the p-norm distances of all pairs of rows: (N * (N - 1) / 2,).

    Raises:
        OpError: The input is no matrix, or `p` is negative.
    """
    if input._a.ndim != 2:
        raise OpError(f"pdist only supports 2D tensors, got: {input._a.ndim}D")
    if p < 0:
        raise OpError("pdist only supports non-negative p values")
    n = input._a.shape[0]
    pairs = input.new_ones((n, n), dtype=int).triu(1).nonzero()
    return (input[pairs[:, 0]] - input[pairs[:, 1]]).norm(p, 1)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Any:
    """Return 1 at the place of each class and 0 elsewhere: (*, num_classes), int64.

    Args:
        tensor: Classes, int64.
        num_classes: How many; -1 for the largest plus one.

    Raises:
        OpError: A class is negative or too large, or there is nothing to count from.
    """
    if tensor._a.dtype != "int64":
        raise OpError("one_hot is only applicable to index tensor of type LongTensor.")
    if not tensor._a.size:
        if num_classes <= 0:
            raise OpError("Can not infer total number of classes from empty tensor.")
        return tensor.new_zeros((*tensor.shape, num_classes))
    low, high = int(tensor._a.min()), int(tensor._a.max())
    if low < 0:
        raise OpError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = high + 1
    elif num_classes < 1:
        raise OpError("num_classes should be positive")
    elif high >= num_classes:
        raise OpError("Class values must be smaller than num_classes.")
    return tensor.new_zeros((*tensor.shape, num_classes)).scatter_(-1, tensor.unsqueeze(-1), 1)

"""What distributions share: parameters brought to one shape, probabilities and logits."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Number
from typing import Any, overload

from dtrain.errors import OpValueError
from dtrain.nn.functional import binary_cross_entropy_with_logits, log_softmax, softmax
from dtrain.tensor import dtype as dt
from dtrain.tensor.from_data import tensor
from dtrain.tensor.grad_mode import enable_grad
from dtrain.tensor.ops import broadcast_tensors, log, log1p, sigmoid
from dtrain.tensor.ops.diagonal import tril_indices
from dtrain.tensor.query import finfo
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor

__all__ = [
    "binary_cross_entropy_with_logits",
    "broadcast_all",
    "clamp_probs",
    "lazy_property",
    "logits_to_probs",
    "normalized",
    "probs_to_logits",
    "shape_of",
    "sum_rightmost",
    "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Return numbers and tensors as tensors of one shape.

    Raises:
        OpValueError: A value is neither a number nor a tensor.
    """
    if not all(isinstance(v, (Tensor, Number)) for v in values):
        raise OpValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing "
            "__torch_function__."
        )
    like = next((v for v in values if isinstance(v, Tensor)), None)
    kind: Any = dt.get_default_dtype() if like is None else like.dtype
    device = None if like is None else like.device
    made = [v if isinstance(v, Tensor) else tensor(v, dtype=kind, device=device) for v in values]
    return tuple(broadcast_tensors(*made))


def clamp_probs(probs: Tensor) -> Tensor:
    """Return probabilities kept away from 0 and 1 by the smallest step of their type."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Return log probabilities, or log odds of a binary choice."""
    held = clamp_probs(probs)
    made: Tensor = log(held) - log1p(-held) if is_binary else log(held)
    return made


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Return the probabilities of logits along the last dimension, or of log odds."""
    made: Tensor = sigmoid(logits) if is_binary else softmax(logits, dim=-1)
    return made


def normalized(logits: Tensor) -> Tensor:
    """Return logits shifted so that their exponentials sum to one along the last dimension."""
    made: Tensor = log_softmax(logits, dim=-1)
    return made


def sum_rightmost(value: Any, dims: int) -> Any:
    """Return the sum over the last `dims` dimensions."""
    if dims == 0 or not isinstance(value, Tensor):
        return value
    return value.reshape((*value.shape[: value.dim() - dims], -1)).sum(-1)


class lazy_property:
    """An attribute that is computed on first use and kept, with its gradient."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        self.__doc__ = wrapped.__doc__
        self.name = wrapped.__name__

    @overload
    def __get__(self, instance: None, owner: Any = None) -> lazy_property: ...
    @overload
    def __get__(self, instance: object, owner: Any = None) -> Any: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        vars(instance)[self.name] = value  # found before this descriptor from now on
        return value


def shape_of(*parts: Any) -> Size:
    """Return the parts, each a sequence of sizes, as one shape."""
    return Size([n for part in parts for n in part])


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Any:
    """Return the lower triangles of matrices (..., D, D) as vectors, row by row.

    Args:
        mat: The matrices.
        diag: The last diagonal that belongs to the triangle; 0 for the main one.
    """
    size = mat.shape[-1]
    rows, columns = tril_indices(size, size, diag)
    return mat[..., rows, columns]


def _triangle(size: int, diag: int) -> int:
    """Return how many elements of a square matrix lie on or below a diagonal."""
    return sum(min(max(row + 1 + diag, 0), size) for row in range(size))


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Any:
    """Return the matrices whose lower triangles are the vectors; the inverse of the above."""
    count = vec.shape[-1]
    size = 1
    while _triangle(size, diag) < count:
        size += 1
    rows, columns = tril_indices(size, size, diag)
    made: Any = vec.new_zeros(shape_of(vec.shape[:-1], (size, size)))
    made[..., rows, columns] = vec
    return made

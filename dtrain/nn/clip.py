"""nn.utils: clipping gradients, parameters as one vector."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from types import GeneratorType
from typing import Any

from dtrain.backend.module import module_of
from dtrain.errors import OpError, OpTypeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.graph import bump
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Xp

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "vector_to_parameters",
]

Tensors = Tensor | Iterable[Tensor]


def _grads(parameters: Tensors) -> list[Tensor]:
    given = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in given if p.grad is not None]


def get_total_norm(
    tensors: Tensors,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Return the norm of all elements of all tensors.

    Args:
        tensors: One tensor or several.
        norm_type: The p of the norm; "inf" for the greatest absolute value.
        error_if_nonfinite: Raise where the norm is NaN or infinite.
        foreach: For torch's signature.

    Raises:
        OpError: The norm is not finite and `error_if_nonfinite`.
    """
    arrays = [t._a for t in ([tensors] if isinstance(tensors, Tensor) else tensors)]
    p = float(norm_type)
    if not arrays:
        return wrap(dt.get_default_dtype().np.type(0.0).reshape(()))
    xp = module_of(arrays[0].__class__)
    norms = xp.stack([xp.asarray(_norm(xp, a, p)) for a in arrays])
    total = xp.asarray(_norm(xp, norms, p))
    if error_if_nonfinite and not math.isfinite(total):
        raise OpError(
            f"The total norm of order {p} for gradients from `parameters` is non-finite, so it "
            "cannot be clipped. To disable this error and scale the gradients by the non-finite "
            "norm anyway, set `error_if_nonfinite=False`"
        )
    return wrap(total)


def _norm(xp: Xp, a: Array, p: float) -> Any:
    """Return the p-norm of an array's elements, in its own type."""
    if p == 2.0 and a.dtype.kind == "f" and a.itemsize >= 4:
        flat = a.reshape(-1)
        return xp.sqrt(xp.dot(flat, flat))  # one pass without a temporary
    size = xp.absolute(a)
    if p == math.inf:
        return size.max() if size.size else size.dtype.type(0)
    if p == -math.inf:
        return size.min()
    if p == 0.0:
        return (size != 0).sum().astype(size.dtype)
    wide = size.astype(xp.float32) if size.itemsize == 2 else size
    return ((wide**p).sum() ** (1.0 / p)).astype(size.dtype)


def clip_grads_with_norm_(
    parameters: Tensors,
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    """Multiply all gradients by max_norm / (total_norm + 1e-6) where that is below one.

    Args:
        parameters: One parameter or several.
        max_norm: What the norm is to be at most.
        total_norm: What it is.
        foreach: For torch's signature.
    """
    total = total_norm._a
    xp = module_of(total.__class__)
    factor = xp.minimum(float(max_norm) / (total + total.dtype.type(1e-6)), 1.0)
    for grad in _grads(parameters):
        grad._a *= factor.astype(grad._a.dtype)
        bump(grad)


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients so that their common norm is `max_norm` at most.

    Args:
        parameters: One parameter or several; those without a gradient do not count.
        max_norm: What the norm is to be at most.
        norm_type: The p of the norm; "inf" for the greatest absolute value.
        error_if_nonfinite: Raise where the norm is NaN or infinite.
        foreach: For torch's signature.

    Returns:
        The norm before, a 0-d tensor.

    Raises:
        OpError: The norm is not finite and `error_if_nonfinite`.
    """
    if not isinstance(parameters, Tensor):
        generated = isinstance(parameters, GeneratorType)
        parameters = list(parameters)
        if generated and not parameters:
            warnings.warn(
                "`parameters` is an empty generator, no gradient clipping will occur.",
                stacklevel=2,
            )
    total = get_total_norm(_grads(parameters), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total, foreach)
    return total


def clip_grad_norm(*args: Any, **kwargs: Any) -> Tensor:
    """Clip gradients: the old name of clip_grad_norm_."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of "
        "`torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(*args, **kwargs)


def clip_grad_value_(
    parameters: Tensors,
    clip_value: float,
    foreach: bool | None = None,
) -> None:
    """Cut off all gradients at -clip_value and clip_value.

    Args:
        parameters: One parameter or several; those without a gradient do not count.
        clip_value: The greatest absolute value.
        foreach: For torch's signature.
    """
    limit = float(clip_value)
    for grad in _grads(parameters):
        a = grad._a
        module_of(a.__class__).clip(a, -limit, limit, out=a)
        bump(grad)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return all elements of all parameters in one vector; gradients flow through it."""
    from dtrain.tensor.ops.join import cat

    return cat([p.reshape(-1) for p in _one_device(parameters)])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Make the parameters views of consecutive pieces of a vector.

    Raises:
        OpTypeError: `vec` is no tensor.
    """
    if not isinstance(vec, Tensor):
        raise OpTypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    start = 0
    with no_grad():
        for param in _one_device(parameters):
            size = param.numel()
            param.data = vec[start : start + size].view(param.shape).data
            start += size


def _one_device(parameters: Iterable[Tensor]) -> list[Tensor]:
    given = list(parameters)
    if len({str(p.device) for p in given}) > 1:
        raise OpTypeError(
            "Found two parameters on different devices, this is currently not supported."
        )
    return given

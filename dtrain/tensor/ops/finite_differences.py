"""Derivatives of sampled functions."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpError
from dtrain.tensor.ops.join import cat
from dtrain.tensor.shape_rules import wrap_dims
from dtrain.tensor.tensor import Tensor

__all__ = ["gradient"]


def gradient(
    input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1
) -> tuple[Any, ...]:
    """Estimate the derivative of samples along dimensions, by central differences.

    Args:
        input: The samples.
        spacing: The distance between samples, one number or one for each dimension; or their
            coordinates, one vector for each dimension.
        dim: The dimension or dimensions; None for all.
        edge_order: 1 or 2: the order of the one-sided differences at both ends.

    Returns:
        One tensor of the shape of `input` for each dimension.

    Raises:
        OpError: The spacing does not fit the dimensions, or there are too few samples.
    """
    if spacing is None:
        spacing = 1
    if edge_order not in (1, 2):
        raise OpError("torch.gradient only supports edge_order=1 and edge_order=2.")
    ndim = input._a.ndim
    dims = range(ndim) if dim is None else wrap_dims("gradient", dim, ndim)
    if isinstance(spacing, (list, tuple)):
        steps = list(spacing)
        if len(steps) != len(dims):
            raise OpError(
                f"torch.gradient expected spacing to be unspecified, a scalar or a list of "
                f"{len(dims)} values, one for each dimension, but got a list of length {len(steps)}"
            )
    else:
        steps = [spacing] * len(dims)
    return tuple([_along(input, d, s, edge_order) for d, s in zip(dims, steps, strict=True)])


def _along(x: Tensor, dim: int, spacing: Any, edge_order: int) -> Any:
    n = x._a.shape[dim] if x._a.ndim else 0
    if n < edge_order + 1:
        raise OpError(
            "torch.gradient expected each dimension size to be at least edge_order+1, but got size "
            f"{n} along dimension {dim}"
        )
    if isinstance(spacing, Tensor) and spacing._a.ndim:
        if spacing._a.size != n:
            raise OpError(
                "torch.gradient expected spacing of tensors to have the size of the dimension, "
                f"{n}, but got {spacing._a.size}"
            )
        return _uneven(x, dim, spacing, edge_order)
    part = x.narrow
    inner = (part(dim, 2, n - 2) - part(dim, 0, n - 2)) / (2 * spacing)
    if edge_order == 1:
        first = (part(dim, 1, 1) - part(dim, 0, 1)) / spacing
        last = (part(dim, n - 1, 1) - part(dim, n - 2, 1)) / spacing
    else:
        first = (-3 * part(dim, 0, 1) + 4 * part(dim, 1, 1) - part(dim, 2, 1)) / (2 * spacing)
        last = 3 * part(dim, n - 1, 1) - 4 * part(dim, n - 2, 1) + part(dim, n - 3, 1)
        last = last / (2 * spacing)
    return cat([first, inner, last], dim)


def _uneven(x: Tensor, dim: int, at: Tensor, edge_order: int) -> Any:
    """Differentiate samples at the coordinates `at`."""
    n, part = x._a.shape[dim], x.narrow
    shape = tuple([-1 if d == dim else 1 for d in range(x._a.ndim)])
    steps = (at.narrow(0, 1, n - 1) - at.narrow(0, 0, n - 1)).reshape(shape)
    before, after = steps.narrow(dim, 0, n - 2), steps.narrow(dim, 1, n - 2)
    inner = (
        part(dim, 0, n - 2) * (-after / (before * (before + after)))
        + part(dim, 1, n - 2) * ((after - before) / (before * after))
        + part(dim, 2, n - 2) * (before / (after * (before + after)))
    )
    if edge_order == 1:
        first = (part(dim, 1, 1) - part(dim, 0, 1)) / steps.narrow(dim, 0, 1)
        last = (part(dim, n - 1, 1) - part(dim, n - 2, 1)) / steps.narrow(dim, n - 2, 1)
        return cat([first, inner, last], dim)
    first = _edge([part(dim, i, 1) for i in range(3)], [steps.narrow(dim, i, 1) for i in range(2)])
    last = -_edge(
        [part(dim, n - 1 - i, 1) for i in range(3)],
        [steps.narrow(dim, n - 2 - i, 1) for i in (0, 1)],
    )
    return cat([first, inner, last], dim)


def _edge(values: list[Any], steps: list[Any]) -> Any:
    """Return the derivative at the first of three samples, to second order."""
    h, k = steps
    return (
        -values[0] * ((2 * h + k) / (h * (h + k)))
        + values[1] * ((h + k) / (h * k))
        - values[2] * (h / (k * (h + k)))
    )

"""The operators of pooling: maxima and means over windows, on (*lead, *size).

The windows move over the last dimensions, and the operators carry
along whatever lies before. A window is separable, so a pass over each dimension in turn does it.
"""

from __future__ import annotations

from math import prod
from typing import Any

from dtrain.backend.indexed import add_at
from dtrain.nn.functional.kinds import FUNCTION, widened
from dtrain.nn.functional.spatial import padded, window_count, windows, within
from dtrain.tensor.op import op
from dtrain.typing import Array, Xp

__all__ = [
    "avg_pool", "avg_pool_grad", "max_pool", "max_pool_grad", "max_pool_indices", "pool_gather",
    "pool_scatter", "position_counts",
]  # fmt: skip

Sizes = tuple[int, ...]


# ---- scatter and gather at flat positions of a plane ----
@op(FUNCTION, g=lambda F, g, indices, size: F.pool_gather(g, indices, len(size)))
def pool_scatter(xp: Xp, g: Array, indices: Array, size: Sizes) -> Array:
    """Add the elements of `g` at their flat positions in planes of `size`: (*lead, *size)."""
    lead = g.shape[: g.ndim - len(size)]
    planes = xp.arange(prod(lead), dtype=indices.dtype).reshape(-1, 1) * prod(size)
    flat = indices.reshape(prod(lead), prod(indices.shape[len(lead) :]))
    return add_at(xp, (*lead, *size), flat + planes, g)


@op(
    FUNCTION,
    input=lambda F, g, input_shape, indices, dims: F.pool_scatter(
        g, indices, tuple(input_shape[-dims:])
    ),
)
def pool_gather(xp: Xp, input: Array, indices: Array, dims: int) -> Array:
    """Take elements at flat positions of the planes that the last `dims` dimensions are."""
    lead = input.shape[: input.ndim - dims]
    planes = input.reshape(*lead, prod(input.shape[input.ndim - dims :]))
    flat = indices.reshape(*lead, prod(indices.shape[input.ndim - dims :]))
    return xp.take_along_axis(planes, flat, -1).reshape(indices.shape)


# ---- windows along one dimension ----
def position_counts(
    size: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Sizes:
    """Return the positions of the window, by dimension."""
    out = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True):
        count = window_count(n, k, s, 2 * p + (s - 1 if ceil_mode else 0), d)
        if ceil_mode and (count - 1) * s >= n + p:
            count -= 1  # the last window would start in the border
        out.append(count)
    return tuple(out)


def _tail(n: int, k: int, s: int, p: int, d: int, count: int) -> int:
    """Return how far behind the input the last window reaches."""
    return max(0, (count - 1) * s + d * (k - 1) + 1 - p - n)


def _slices(axis: int, k: int, s: int, d: int, count: int) -> list[Any]:
    """Return for each element of the kernel the elements along `axis` (negative) that it meets."""
    rest = (slice(None),) * (-axis - 1)
    return [
        (..., slice(i * d, i * d + (count - 1) * s + 1, s), *rest) for i in range(k)
    ]  # fmt: skip


def _bordered(
    xp: Xp, input: Array, value: Any, kernel: Sizes, stride: Sizes, padding: Sizes,
    dilation: Sizes, counts: Sizes,
) -> Array:  # fmt: skip
    size = input.shape[-len(kernel) :]
    tails = [_tail(*v) for v in zip(size, kernel, stride, padding, dilation, counts, strict=True)]
    return padded(xp, input, padding, tuple(tails), value)


# ---- maxima ----
def _least(kind: Any) -> Any:
    """Return what no element of a type lies below."""
    if kind.kind == "i":
        return -(1 << (8 * kind.itemsize - 1))
    return 0 if kind.kind in "ub" else float("-inf")


def _max_stages(
    xp: Xp, input: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes,
    counts: Sizes,
) -> list[Any]:  # fmt: skip
    """Return the input with its border, then the maxima along the last dimension, and so on."""
    least = _least(input.dtype)
    stages = [_bordered(xp, input, least, kernel, stride, padding, dilation, counts)]
    for axis in range(-1, -len(kernel) - 1, -1):
        at = _slices(axis, kernel[axis], stride[axis], dilation[axis], counts[axis])
        x = stages[-1]
        made = xp.maximum(x[at[0]], x[at[1]]) if len(at) > 1 else x[at[0]]
        for place in at[2:]:
            xp.maximum(made, x[place], out=made)
        stages.append(made)
    return stages


@op(
    FUNCTION, node="MaxPoolBackward0",
    input=lambda F, g, input, kernel, stride, padding, dilation, ceil_mode: F.max_pool_grad(
        g, input, kernel, stride, padding, dilation, ceil_mode
    ),
)  # fmt: skip
def max_pool(
    xp: Xp, input: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes,
    ceil_mode: bool,
) -> Array:  # fmt: skip
    """Return the maximum of each window."""
    counts = position_counts(
        input.shape[-len(kernel) :], kernel, stride, padding, dilation, ceil_mode
    )
    made = _max_stages(xp, input, kernel, stride, padding, dilation, counts)[-1]
    return made if made.flags.c_contiguous and made.base is None else made.copy()


@op(
    FUNCTION,
    g=lambda F, g, input, kernel, stride, padding, dilation, ceil_mode: F.pool_gather(
        g, F.max_pool_indices(input, kernel, stride, padding, dilation, ceil_mode), len(kernel)
    ),
)
def max_pool_grad(
    xp: Xp, g: Array, input: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes,
    ceil_mode: bool,
) -> Array:  # fmt: skip
    """Send the gradient of each window to the first of its maxima, in reading order."""
    dims = len(kernel)
    size = input.shape[-dims:]
    counts = position_counts(size, kernel, stride, padding, dilation, ceil_mode)
    stages = _max_stages(xp, input, kernel, stride, padding, dilation, counts)
    for axis in range(-dims, 0):
        x, top = stages[-2], stages.pop()
        at = _slices(axis, kernel[axis], stride[axis], dilation[axis], counts[axis])
        made = xp.zeros(x.shape, g.dtype)
        rest = g.copy() if len(at) > 1 else g
        for place in at[:-1]:
            part = rest * (x[place] == top)
            made[place] += part
            rest -= part  # an element that found its maximum gives nothing to the next
        made[at[-1]] += rest
        g = made
    return within(g, [slice(p, p + n) for p, n in zip(padding, size, strict=True)])


@op(FUNCTION)
def max_pool_indices(
    xp: Xp, input: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes,
    ceil_mode: bool,
) -> Array:  # fmt: skip
    """Return where the maxima lie, as flat positions in the plane (int64)."""
    dims = len(kernel)
    size = input.shape[-dims:]
    counts = position_counts(size, kernel, stride, padding, dilation, ceil_mode)
    least = _least(input.dtype)
    wide = _bordered(xp, input, least, kernel, stride, padding, dilation, counts)
    lead = input.shape[: input.ndim - dims]
    seen = windows(wide, kernel, stride, dilation)
    best = seen.reshape(*lead, prod(kernel), *counts).argmax(len(lead))
    flat = xp.zeros_like(best)
    scale = prod(size)
    for i, (n, k, s, p, d) in enumerate(zip(size, kernel, stride, padding, dilation, strict=True)):
        inside = best // prod(kernel[i + 1 :]) % k
        start = xp.arange(counts[i]).reshape(-1, *(1,) * (dims - 1 - i)) * s - p
        scale //= n
        # a window of -inf has its maximum anywhere: keep it out of the border
        flat += (start + inside * d).clip(0, n - 1) * scale
    return flat


# ---- means ----
def _divisor(
    xp: Xp, size: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, counts: Sizes,
    include_border: bool, override: int | None,
) -> Any:  # fmt: skip
    """Return what the sum of each window is divided by: a number, or an array over positions."""
    if override is not None:
        return override
    exact = all(
        (c - 1) * s + k <= n + 2 * p
        for n, k, s, p, c in zip(size, kernel, stride, padding, counts, strict=True)
    )
    if exact and (include_border or not any(padding)):
        return prod(kernel)
    made = 1
    for i, (n, k, s, p, c) in enumerate(zip(size, kernel, stride, padding, counts, strict=True)):
        start = xp.arange(c) * s - p
        end = xp.minimum(start + k, n + p)
        if not include_border:
            start, end = xp.maximum(start, 0), xp.minimum(end, n)
        made = made * (end - start).reshape(-1, *(1,) * (len(size) - 1 - i))
    return made


@op(
    FUNCTION, node="AvgPoolBackward0",
    input=lambda F, g, input_shape, kernel, stride, padding, ceil_mode, include_border, override: (
        F.avg_pool_grad(g, tuple(input_shape[-len(kernel):]), kernel, stride, padding, ceil_mode,
                        include_border, override)
    ),
)  # fmt: skip
@widened
def avg_pool(
    xp: Xp, input: Array, kernel: Sizes, stride: Sizes, padding: Sizes, ceil_mode: bool,
    include_border: bool, override: int | None,
) -> Array:  # fmt: skip
    """Return the mean of each window."""
    dims = len(kernel)
    size, ones = input.shape[-dims:], (1,) * dims
    counts = position_counts(size, kernel, stride, padding, ones, ceil_mode)
    made = _bordered(xp, input, 0, kernel, stride, padding, ones, counts)
    for axis in range(-1, -dims - 1, -1):
        at = _slices(axis, kernel[axis], stride[axis], 1, counts[axis])
        total = made[at[0]].copy()
        for place in at[1:]:
            total += made[place]
        made = total
    by = _divisor(xp, size, kernel, stride, padding, counts, include_border, override)
    return (made / by).astype(input.dtype, copy=False)


@op(
    FUNCTION,
    g=lambda F, g, kernel, stride, padding, ceil_mode, include_border, override: F.avg_pool(
        g, kernel, stride, padding, ceil_mode, include_border, override
    ),
)
@widened
def avg_pool_grad(
    xp: Xp, g: Array, size: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, ceil_mode: bool,
    include_border: bool, override: int | None,
) -> Array:  # fmt: skip
    """Spread the gradient of each window evenly over its elements."""
    dims, ones = len(kernel), (1,) * len(kernel)
    counts = position_counts(size, kernel, stride, padding, ones, ceil_mode)
    by = _divisor(xp, size, kernel, stride, padding, counts, include_border, override)
    made = (g / by).astype(g.dtype, copy=False)
    for axis in range(-dims, 0):
        n, k, s, p, c = size[axis], kernel[axis], stride[axis], padding[axis], counts[axis]
        shape = list(made.shape)
        shape[axis] = n + p + max(p, _tail(n, k, s, p, 1, c))
        wide = xp.zeros(shape, g.dtype)
        for place in _slices(axis, k, s, 1, c):
            wide[place] += made
        made = within(wide, (slice(p, p + n), *(slice(None),) * (-axis - 1)))
    return made

"""Windows over the spatial dimensions of (N, C, *size) arrays, for convolution and pooling.

Letters: N batch, C channels, K the kernel's elements (times channels), L positions of the window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from dtrain.backend.strided import strided
from dtrain.errors import OpError, OpTypeError
from dtrain.typing import Array, Xp

__all__ = [
    "check_positive", "folded", "offsets", "padded", "per_dim", "window_count", "windows", "within",
]  # fmt: skip

Sizes = tuple[int, ...]


def per_dim(where: str, name: str, value: Any, dims: int) -> Sizes:
    """Return one number for each spatial dimension.

    Args:
        where: The function, for the message.
        name: The argument.
        value: One int for all dimensions, or a sequence of one or `dims` ints.
        dims: How many spatial dimensions there are.

    Raises:
        OpTypeError: Not ints.
        OpError: Too few or too many.
    """
    if value.__class__ is int:
        return (value,) * dims
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) == dims and all(v.__class__ is int for v in value):
            return tuple(value)
        if len(value) not in (1, dims):
            raise OpError(
                f"{where}: expected {name} to be a single integer value or a list of {dims} values "
                f"to match the convolution dimensions, but got {name}={list(value)}"
            )
        if all(hasattr(v, "__index__") and not isinstance(v, bool) for v in value):
            numbers = tuple([v.__index__() for v in value])
            return numbers if len(numbers) == dims else numbers * dims
    elif hasattr(value, "__index__") and not isinstance(value, bool):
        return (value.__index__(),) * dims
    raise OpTypeError(
        f"{where}(): argument '{name}' must be tuple of ints, not {type(value).__name__}"
    )


def window_count(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Return how many positions a window has along one dimension."""
    return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


def within(array: Array, last: Sequence[Any]) -> Array:
    """Return a view of `array`: these indices of its last dimensions."""
    place = (..., *last)
    return array[place]


def padded(xp: Xp, input: Array, before: Sizes, after: Sizes, value: Any = 0) -> Array:
    """Return `input` with a border of `value` around its last dimensions; itself without one.

    A negative width after the input cuts off.
    """
    if not any(before) and not any(after):
        return input
    dims = len(before)
    if min(after) < 0:
        kept = [slice(0, n + min(a, 0)) for a, n in zip(after, input.shape[-dims:], strict=True)]
        input, after = within(input, kept), tuple([max(a, 0) for a in after])
    size = [b + n + a for b, n, a in zip(before, input.shape[-dims:], after, strict=True)]
    made = xp.full((*input.shape[:-dims], *size), value, input.dtype)
    inner = [slice(b, b + n) for b, n in zip(before, input.shape[-dims:], strict=True)]
    within(made, inner)[...] = input
    return made


def windows(input: Array, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """Return a view (*lead, *kernel, *count): all windows over the last dimensions of `input`."""
    dims = len(kernel)
    lead, steps = input.shape[:-dims], input.strides[-dims:]
    count = [
        window_count(n, k, s, 0, d)
        for n, k, s, d in zip(input.shape[-dims:], kernel, stride, dilation, strict=True)
    ]
    return strided(
        input,
        (*lead, *kernel, *count),
        (
            *input.strides[:-dims],
            *[b * d for b, d in zip(steps, dilation, strict=True)],
            *[b * s for b, s in zip(steps, stride, strict=True)],
        ),
    )


def offsets(kernel: Sizes, stride: Sizes, dilation: Sizes, count: Sizes) -> Iterator[Any]:
    """Yield for each element of the kernel (its index, the slices that it meets in the input)."""
    for index in product(*[range(k) for k in kernel]):
        yield (
            index,
            tuple(
                [
                    slice(i * d, i * d + (n - 1) * s + 1, s)
                    for i, d, s, n in zip(index, dilation, stride, count, strict=True)
                ]
            ),
        )


def folded(
    xp: Xp,
    columns: Array,
    size: Sizes,
    stride: Sizes,
    padding: tuple[Sizes, Sizes],
    dilation: Sizes,
) -> Array:
    """Return the sum of overlapping windows: what `windows` reads, this adds up.

    Args:
        xp: The array module.
        columns: (*lead, *kernel, *count).
        size: The spatial size of the result.
        stride: Step of the window.
        padding: Width of the border before and after, which is cut off.
        dilation: Step within the window.

    Returns:
        (*lead, *size), a new array or a view of one.
    """
    dims = len(size)
    kernel, count = columns.shape[-2 * dims : -dims], columns.shape[-dims:]
    before, after = padding
    lead = columns.shape[: -2 * dims]
    wide = [n + b + max(a, 0) for n, b, a in zip(size, before, after, strict=True)]
    made = xp.zeros((*lead, *wide), columns.dtype)
    every = (slice(None),) * dims
    if 0 not in count:
        for index, place in offsets(kernel, stride, dilation, count):
            part = within(made, place)
            part += within(columns, (*index, *every))
    if not any(before) and not any(after):
        return made
    return within(made, [slice(b, b + n) for b, n in zip(before, size, strict=True)])


def check_positive(where: str, **named: Sizes) -> None:
    """Refuse strides, kernels and dilations below one.

    Raises:
        OpError: One is not positive.
    """
    for name, values in named.items():
        if min(values) < 1:
            raise OpError(f"{where}: non-positive {name} is not supported, but got {list(values)}")

"""Borders around tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.errors import OpError, OpValueError, ShapeError
from dtrain.nn.functional.kinds import FUNCTION, placed
from dtrain.tensor.op import op
from dtrain.tensor.ops.gather import index_select
from dtrain.tensor.ops.join import cat
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["constant_pad_nd", "pad"]

Widths = tuple[tuple[int, int], ...]


@op(
    FUNCTION, name="constant_pad", node="ConstantPadNdBackward0",
    input=lambda F, g, widths: F.constant_pad(g, tuple([(-b, -a) for b, a in widths]), 0),
)  # fmt: skip
def _constant_pad(xp: Xp, input: Array, widths: Widths, value: Any) -> Array:
    """Put a border of `value` around `input`; negative widths cut off.

    Args:
        xp: The array module.
        input: Any shape.
        widths: (before, after) for each dimension.
        value: What the border is made of.
    """
    kept = tuple(
        [slice(max(-b, 0), n - max(-a, 0)) for (b, a), n in zip(widths, input.shape, strict=True)]
    )
    size = [b + n + a for (b, a), n in zip(widths, input.shape, strict=True)]
    made = xp.full(size, value, input.dtype)
    place = tuple([slice(max(b, 0), n - max(a, 0)) for (b, a), n in zip(widths, size, strict=True)])
    made[place] = input[kept]
    return made


def _widths(shape: Sequence[int], pad: Sequence[int]) -> Widths:
    """Return (before, after) for each dimension; `pad` begins with the last one."""
    if len(pad) % 2:
        raise OpError("Padding length must be divisible by 2")
    if len(pad) // 2 > len(shape):
        raise OpError(
            "Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(pad)} and input of dimension {len(shape)}"
        )
    given = [(int(b), int(a)) for b, a in zip(pad[::2], pad[1::2], strict=True)]
    widths = (*((0, 0),) * (len(shape) - len(given)), *reversed(given))
    for d, ((b, a), n) in enumerate(zip(widths, shape, strict=True)):
        if b + n + a < 0:
            raise ShapeError(
                f"The input size {n}, plus negative padding {b} and {a}, resulted in a negative "
                f"output size, which is invalid. Check dimension {d} of your input."
            )
    return widths


def constant_pad_nd(input: Tensor, pad: Sequence[int], value: Any = 0) -> Any:
    """Put a border of `value` around the last dimensions, as pad(mode="constant")."""
    return _constant_pad(input, _widths(input._a.shape, pad), value)


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: Any = None) -> Any:
    """Put a border around the last dimensions of a tensor.

    Args:
        input: Any shape; (N, C, *size) or (C, *size) for the modes other than "constant".
        pad: Widths before and after the last dimension, then the one before it, and so on.
        mode: "constant", "reflect", "replicate" or "circular".
        value: What a constant border is made of; None for 0.

    Raises:
        OpError: The widths do not fit the input.
        NotImplementedError: There is no such mode.
    """
    if mode == "constant":
        return constant_pad_nd(input, pad, 0 if value is None else value)
    if mode not in _BORDERS:
        raise OpError(
            f"Unrecognised padding mode {mode}; expected constant or {', '.join(_BORDERS)}"
        )
    if value is not None and value != 0:
        raise OpValueError(f'Padding mode "{mode}" doesn\'t take in value argument')
    shape = input._a.shape
    dims = len(pad) // 2
    if len(pad) % 2 or dims < 1 or dims > 3 or len(shape) not in (dims + 1, dims + 2):
        raise OpError(
            f"Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now: got "
            f"{len(pad)} widths for {len(shape)} dimensions"
        )
    if 0 in shape[1:]:
        raise OpError(
            f"Expected {dims + 1}D or {dims + 2}D (batch mode) tensor with possibly 0 batch size "
            f"and other non-zero dimensions for input, but got: {list(shape)}"
        )
    if not input._a.size:
        return constant_pad_nd(input, pad)
    made = input
    for d, (before, after) in enumerate(_widths(shape, pad)):
        if before or after:
            made = _BORDERS[mode](made, d, shape[d], before, after)
    return made


def _taken(input: Tensor, dim: int, order: list[int]) -> Any:
    return index_select(input, dim, placed(np.array(order), input))


def _reflected(input: Tensor, dim: int, n: int, before: int, after: int) -> Any:
    if before >= n or after >= n:
        raise OpError(
            "Padding size should be less than the corresponding input dimension, but got: padding "
            f"({before}, {after}) at dimension {dim} of input {list(input.shape)}"
        )
    order = [abs(i) for i in range(-before, n + after)]
    return _taken(input, dim, [i if i < n else 2 * (n - 1) - i for i in order])


def _replicated(input: Tensor, dim: int, n: int, before: int, after: int) -> Any:
    return _taken(input, dim, [min(max(i, 0), n - 1) for i in range(-before, n + after)])


def _wrapped(input: Tensor, dim: int, n: int, before: int, after: int) -> Any:
    if before > n or after > n:
        raise OpError(
            "Padding value causes wrapping around more than once: padding "
            f"({before}, {after}) at dimension {dim} of size {n}"
        )
    if before + n + after < 0:
        raise OpError("Negative padding value is resulting in an empty dimension")
    core = input.narrow(dim, max(-before, 0), n - max(-before, 0) - max(-after, 0))
    parts = [core]
    if before > 0:
        parts.insert(0, core.narrow(dim, core.shape[dim] - before, before))
    if after > 0:
        parts.append(core.narrow(dim, 0, after))
    return cat(parts, dim) if len(parts) > 1 else core


_BORDERS = {"reflect": _reflected, "replicate": _replicated, "circular": _wrapped}

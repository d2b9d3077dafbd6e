"""What the special functions share: computing in float64, in blocks, with polynomials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dtrain.errors import DtypeError, GradError
from dtrain.typing import Array, Xp

__all__ = ["double_kind", "in_blocks", "in_double", "no_derivative", "polynomial", "sin_pi"]

# Elements at a time: intermediate results stay in the CPU's cache. A GPU takes all at once.
_BLOCK = {"numpy": 1 << 13}


def polynomial(xp: Xp, t: Array, coefficients: Sequence[float]) -> Array:
    """Return the value at `t` of a polynomial, highest power first, in the type of `t`."""
    y = xp.full_like(t, coefficients[0])
    for c in coefficients[1:]:
        y *= t
        y += c
    return y


def sin_pi(xp: Xp, x: Array) -> Array:
    """Return |sin(pi x)|, exact near whole numbers."""
    return xp.abs(xp.sin(np.pi * (x - xp.rint(x))))


def in_blocks(
    xp: Xp, compute: Callable[..., Array], arrays: Sequence[Array], kind: Any, width: int = 1
) -> Array:
    """Return `compute(xp, *arrays)` for arrays that broadcast, block by block, in the type `kind`.

    Args:
        xp: The array module.
        compute: Called with one-dimensional arrays.
        arrays: Arrays of one class; all are converted to `kind`.
        kind: The type to compute in, and that of the result.
        width: Numbers that `compute` holds at once for each element.
    """
    shape = np.broadcast_shapes(*[a.shape for a in arrays])
    flat = [xp.broadcast_to(a, shape).reshape(-1) for a in arrays]
    count = flat[0].size
    made = xp.empty(count, kind)
    step = max(_BLOCK.get(xp.__name__, count) // width, 1)
    with np.errstate(all="ignore"):  # infinities and NaN are results like others
        for i in range(0, count, step):
            made[i : i + step] = compute(xp, *[a[i : i + step].astype(kind) for a in flat])
    return made.reshape(shape)


def in_double(xp: Xp, compute: Callable[..., Array], *operands: Any, width: int = 1) -> Array:
    """Return an elementwise function computed in float64 and rounded to the operands' type.

    Args:
        xp: The array module.
        compute: compute(xp, *arrays), on one-dimensional float64 arrays.
        *operands: Arrays of one type, or numbers among them.
        width: As for `in_blocks`.

    Raises:
        DtypeError: The operands are complex.
    """
    kind = double_kind(compute.__name__.strip("_"), operands)
    arrays = [xp.asarray(x) for x in operands]
    return in_blocks(xp, compute, arrays, np.float64, width).astype(kind, copy=False)


def double_kind(where: str, operands: Sequence[Any]) -> Any:
    """Return the type of the arrays among the operands.

    Raises:
        DtypeError: It is complex.
    """
    kind = next((x.dtype for x in operands if hasattr(x, "dtype")), np.dtype(np.float64))
    if kind.kind == "c":
        raise DtypeError(f'"{where}" not implemented for {kind}; give a real tensor')
    return kind


def no_derivative(name: str) -> Callable[..., Any]:
    """Return the rule of an operator that has no derivative here, nor in torch."""

    def rule(F: Any, g: Any) -> Any:
        raise GradError(f"derivative for {name} is not implemented; detach() its argument")

    return rule

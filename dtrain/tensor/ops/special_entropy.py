"""Terms of entropies: products with logarithms that vanish where a factor is zero."""

from __future__ import annotations

from typing import Any

from dtrain.tensor.op import op
from dtrain.tensor.ops.special_error import SPECIAL
from dtrain.tensor.ops.special_gamma import BINARY_SPECIAL
from dtrain.tensor.ops.special_numerics import in_double
from dtrain.typing import Array, Xp

__all__ = ["special_entr", "special_xlog1py"]


def _entr(xp: Xp, x: Array) -> Array:
    y = -x * xp.log(xp.where(x > 0, x, 1))
    return xp.where(x >= 0, y, xp.where(x < 0, -xp.inf, x))


def _xlog1py(xp: Xp, x: Array, y: Array) -> Array:
    return xp.where((x == 0) & ~xp.isnan(y), 0, x * xp.log1p(y))


@op(SPECIAL, input=lambda F, g, input: -g * (F.log(input) + 1))
def special_entr(xp: Xp, input: Array) -> Array:
    """Return -input * log(input); 0 at zero and -inf below."""
    return in_double(xp, _entr, input)


def _xlog1py_input(F: Any, g: Any, input: Any, other: Any) -> Any:
    if isinstance(other, (int, float)):
        other = input * 0 + other
    return g * F.where((input == 0) & (other <= -1), 0, F.log1p(other))


@op(
    BINARY_SPECIAL,
    input=_xlog1py_input,
    other=lambda F, g, input, other: g * input / (other + 1),
)
def special_xlog1py(xp: Xp, input: Array, other: Array) -> Array:
    """Return input * log1p(other); 0 where the input is 0."""
    return in_double(xp, _xlog1py, input, other)

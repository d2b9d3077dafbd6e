"""Orthogonal polynomials P_n(x), element by element in both x and n, by their recurrences.

As in torch they have no derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dtrain.tensor.op import op
from dtrain.tensor.ops.special_gamma import BINARY_SPECIAL
from dtrain.tensor.ops.special_numerics import in_double, no_derivative
from dtrain.typing import Array, Xp

__all__ = [
    "special_chebyshev_polynomial_t", "special_chebyshev_polynomial_u",
    "special_chebyshev_polynomial_v", "special_chebyshev_polynomial_w",
    "special_hermite_polynomial_h", "special_hermite_polynomial_he",
    "special_laguerre_polynomial_l", "special_legendre_polynomial_p",
    "special_shifted_chebyshev_polynomial_t", "special_shifted_chebyshev_polynomial_u",
    "special_shifted_chebyshev_polynomial_v", "special_shifted_chebyshev_polynomial_w",
]  # fmt: skip

Line = Callable[[Any], Any]
Step = Callable[[int, Any, Any, Any], Any]


def _double(k: int, x: Any, p: Any, q: Any) -> Any:
    return 2 * x * p - q


def _family(
    name: str, first: Line, step: Step = _double, argument: Line = lambda x: x
) -> Callable[..., Any]:
    """Make the operator of one family of polynomials.

    Args:
        name: torch's name for it.
        first: P_1(x).
        step: (k, x, P_k, P_(k-1)) -> P_(k+1).
        argument: What stands in for x.
    """

    def compute(xp: Xp, x: Array, n: Array) -> Array:
        x, n = argument(x), xp.trunc(n)
        before, now = xp.ones_like(x), first(x)
        y = xp.where(n < 0, 0.0, before)
        for k in range(1, int(n.max()) + 1):
            y = xp.where(n == k, now, y)
            before, now = now, step(k, x, now, before)
        return y

    def body(xp: Xp, input: Array, n: Array) -> Array:
        return in_double(xp, compute, input, n)

    compute.__name__ = body.__name__ = name
    body.__doc__ = f"Return the {name.replace('_', ' ')} of degree n at `input`; 0 where n < 0."
    none = no_derivative(f"special_{name}")
    return op(BINARY_SPECIAL, name=f"special_{name}", input=none, n=none)(body)


def _shift(x: Any) -> Any:
    return 2 * x - 1


special_chebyshev_polynomial_t = _family("chebyshev_polynomial_t", lambda x: x)
special_chebyshev_polynomial_u = _family("chebyshev_polynomial_u", lambda x: 2 * x)
special_chebyshev_polynomial_v = _family("chebyshev_polynomial_v", lambda x: 2 * x - 1)
special_chebyshev_polynomial_w = _family("chebyshev_polynomial_w", lambda x: 2 * x + 1)
special_shifted_chebyshev_polynomial_t = _family(
    "shifted_chebyshev_polynomial_t", lambda x: x, argument=_shift
)
special_shifted_chebyshev_polynomial_u = _family(
    "shifted_chebyshev_polynomial_u", lambda x: 2 * x, argument=_shift
)
special_shifted_chebyshev_polynomial_v = _family(
    "shifted_chebyshev_polynomial_v", lambda x: 2 * x - 1, argument=_shift
)
special_shifted_chebyshev_polynomial_w = _family(
    "shifted_chebyshev_polynomial_w", lambda x: 2 * x + 1, argument=_shift
)
special_hermite_polynomial_h = _family(
    "hermite_polynomial_h", lambda x: 2 * x, lambda k, x, p, q: 2 * (x * p - k * q)
)
special_hermite_polynomial_he = _family(
    "hermite_polynomial_he", lambda x: x, lambda k, x, p, q: x * p - k * q
)
special_laguerre_polynomial_l = _family(
    "laguerre_polynomial_l",
    lambda x: 1 - x,
    lambda k, x, p, q: ((2 * k + 1 - x) * p - k * q) / (k + 1),
)
special_legendre_polynomial_p = _family(
    "legendre_polynomial_p",
    lambda x: x,
    lambda k, x, p, q: ((2 * k + 1) * x * p - k * q) / (k + 1),
)

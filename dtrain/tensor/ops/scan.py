"""Scans: cumulative sums, products and extremes; differences; the trapezoidal rule."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpError
from dtrain.tensor import dtype as dt
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.numpy_names import numpy_names
from dtrain.tensor.op import GRAPH, REDUCE, Kind, function, op
from dtrain.tensor.ops.reduce import slice_of
from dtrain.tensor.promote import float_cast
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = [
    "cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid", "diff", "logcumsumexp",
    "trapezoid", "trapz",
]  # fmt: skip

_LOWEST = -3.4e38
_SCAN = Kind(inplace=True, widen=True)


def _accumulate(xp: Xp, ufunc: Any, a: Any, dim: int, dtype: Any) -> Any:
    """Run a ufunc's accumulate with torch's result type: int64 for integers."""
    if dtype is not None:
        a = a.astype(dt.np_dtype(dtype), copy=False)
    elif a.dtype.kind in "biu":
        a = a.astype("i8", copy=False)
    if not a.ndim:
        return ufunc.accumulate(a.reshape(1), dim).reshape(())
    if a.dtype.itemsize == 2 and a.dtype.kind in "fV":
        return ufunc.accumulate(a.astype("f4"), dim).astype(a.dtype)
    return ufunc.accumulate(a, dim)


def _tail_sums(F: Any, g: Any, dim: int) -> Any:
    """Return for each place the sum of `g` from there on."""
    return F.flip(F.cumsum(F.flip(g, (dim,)), dim), (dim,)) if g.ndim else g


@op(_SCAN, input=_tail_sums)
def cumsum(xp: Xp, input: Array, dim: int, dtype: Any = None) -> Array:
    """Return the sums of the elements up to each one along `dim`."""
    return _accumulate(xp, xp.add, input, dim, dtype)


def _slices(F: Any, a: Any, dim: int) -> list[Any]:
    lead = (slice(None),) * (dim % a.ndim)
    return [F.select_index(a, (*lead, i)) for i in range(a.shape[dim])]


def _cumprod_input(F: Any, g: Any, input: Any, dim: int, result: Any) -> Any:
    if not input.ndim:
        return g
    if not bool((input == 0).any()):
        return _tail_sums(F, g * result, dim) / input
    xs, gs = _slices(F, input, dim), _slices(F, g, dim)
    before, after = [], []
    product, tail = None, None
    for x in xs[:-1]:
        product = x if product is None else product * x
        before.append(product)
    for i in range(len(xs) - 1, -1, -1):
        tail = gs[i] if tail is None else gs[i] + xs[i + 1] * tail
        after.append(tail if i == 0 else tail * before[i - 1])
    return F.stack(after[::-1], dim)


@op(_SCAN, input=_cumprod_input)
def cumprod(xp: Xp, input: Array, dim: int, dtype: Any = None) -> Array:
    """Return the products of the elements up to each one along `dim`."""
    return _accumulate(xp, xp.multiply, input, dim, dtype)


# ---- extremes ----


def _doubling(xp: Xp, combine: Any, a: Any, dim: int) -> Any:
    """Scan with any associative function, in log2(n) passes over the whole array."""
    a, step = a.copy(), 1
    while step < a.shape[dim]:
        head = slice_of(a, dim, None, step)
        tail = combine(slice_of(a, dim, None, -step), slice_of(a, dim, step, None))
        a, step = xp.concatenate([head, tail], dim), 2 * step
    return a


def _scan(xp: Xp, ufunc: Any, a: Any, dim: int) -> Any:
    """Run a ufunc's accumulate where the array module has it."""
    try:
        return ufunc.accumulate(a, dim)
    except (AttributeError, NotImplementedError):
        return _doubling(xp, ufunc, a, dim)


def _with_indices(xp: Xp, ufunc: Any, input: Any, dim: int) -> tuple[Any, Any]:
    if not input.ndim:
        return input.copy(), xp.zeros((), "i8")
    values = _scan(xp, ufunc, input, dim)
    shape = [1] * input.ndim
    shape[dim] = input.shape[dim]
    place = xp.arange(input.shape[dim]).reshape(shape)
    hit = (input == values) | (input != input)  # noqa: PLR0124 (nan)
    return values, _scan(xp, xp.maximum, xp.where(hit, place, 0), dim)


def _extreme_input(F: Any, g: Any, indices: Any, dim: int) -> Any:
    return F.scatter_add(F.zeroed(g), dim, indices, g) if g.ndim else g


@op(REDUCE, returns=("values", "indices"), input=_extreme_input)
def cummax(xp: Xp, input: Array, dim: int) -> tuple[Array, Array]:
    """Return the largest elements up to each one along `dim`, and where they are."""
    return _with_indices(xp, xp.maximum, input, dim)


@op(REDUCE, returns=("values", "indices"), input=_extreme_input)
def cummin(xp: Xp, input: Array, dim: int) -> tuple[Array, Array]:
    """Return the smallest elements up to each one along `dim`, and where they are."""
    return _with_indices(xp, xp.minimum, input, dim)


def _logcumsumexp_input(F: Any, g: Any, input: Any, dim: int, result: Any) -> Any:
    if not input.ndim:
        return g
    up = F.where(g > 0, F.log(F.where(g > 0, g, 1)), _LOWEST) - result
    down = F.where(g < 0, F.log(F.where(g < 0, -g, 1)), _LOWEST) - result
    flipped = [F.flip(F.logcumsumexp(F.flip(x, (dim,)), dim), (dim,)) for x in (up, down)]
    return F.exp(flipped[0] + input) - F.exp(flipped[1] + input)


@op(Kind(float_cast, widen=True), input=_logcumsumexp_input)
def logcumsumexp(xp: Xp, input: Array, dim: int) -> Array:
    """Return log(cumsum(exp(input))) along `dim`, without overflow."""
    return _scan(xp, xp.logaddexp, input, dim) if input.ndim else input.copy()


# ---- differences and areas ----


@function
@accepts_out
@numpy_names
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None,
    append: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the n-th differences of neighbours along `dim`.

    Raises:
        OpError: The tensor is 0-d, or n is negative.
    """
    if not input.ndim:
        raise OpError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise OpError(f"order must be non-negative but got {n}")
    if n == 0:
        return GRAPH.clone(input)
    parts = [t for t in (prepend, input, append) if t is not None]
    out: Any = GRAPH.cat(parts, dim) if len(parts) > 1 else input
    for _ in range(min(n, out.shape[dim])):
        size = out.shape[dim]
        high, low = out.narrow(dim, 1, size - 1), out.narrow(dim, 0, size - 1)
        out = high ^ low if input._a.dtype.kind == "b" else high - low
    return out


def _areas(y: Tensor, x: Tensor | None, dx: Any, dim: int) -> Any:
    size = y.shape[dim]
    pairs: Any = y.narrow(dim, 1, size - 1) + y.narrow(dim, 0, size - 1)
    if x is None:
        return pairs * dx / 2
    if x.ndim == 1:
        steps = diff(x).reshape([-1 if i == dim % y.ndim else 1 for i in range(y.ndim)])
    else:
        steps = diff(x, dim=dim)
    return pairs * steps / 2


@accepts_out
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """Return the integral of `y` along `dim` by the trapezoidal rule."""
    return _areas(y, x, dx, dim).sum(dim)


trapz = trapezoid


@accepts_out
def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """Return the integral of `y` up to each place along `dim` by the trapezoidal rule."""
    return cumsum(_areas(y, x, dx, dim), dim)

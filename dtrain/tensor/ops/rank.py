"""What a tensor's order tells: medians, the most frequent value, quantiles."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpError, OpIndexError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.numpy_names import numpy_names
from dtrain.tensor.op import Kind, function, op
from dtrain.tensor.ops.choose import where
from dtrain.tensor.ops.extreme import put_back, share_among_all
from dtrain.tensor.ops.sort import sort
from dtrain.tensor.shape_rules import wrap_dim
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["median", "mode", "nanmedian", "nanquantile", "quantile"]

_ALONG = Kind(method=False, widen=True)
_FIELDS = ("values", "indices")


# ---- medians ----


def _at(xp: Xp, a: Any, dim: int, place: Any, keepdim: bool) -> tuple[Any, Any]:
    """Return the elements at a place, one for each row, and that place."""
    values = xp.take_along_axis(a, place, dim)
    if keepdim:
        return values, place
    return values.squeeze(dim), place.squeeze(dim)


def _median(
    where_: str, xp: Xp, a: Any, dim: int, keepdim: bool, skip_nan: bool
) -> tuple[Any, Any]:
    """Return the lower medians along `dim` and their places."""
    dim = wrap_dim(where_, dim, a.ndim)
    if not a.ndim:
        return a.copy(), xp.zeros((), "i8")
    n = a.shape[dim]
    if not n:
        raise OpIndexError(f"{where_}(): Expected reduction dim {dim} to have non-zero size.")
    order = xp.argsort(a, dim, kind="stable")  # nan comes last
    nans = (a != a).sum(dim, keepdims=True)  # noqa: PLR0124
    if skip_nan:
        middle = xp.maximum(n - nans - 1, 0) // 2
    else:
        middle = xp.where(nans > 0, n - nans, (n - 1) // 2)
    return _at(xp, a, dim, xp.take_along_axis(order, middle, dim), keepdim)


@op(_ALONG, name="median", returns=_FIELDS, input=put_back)
def _median_along(xp: Xp, input: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """Return the lower medians along `dim`, and where they are."""
    return _median("median", xp, input, dim, keepdim, skip_nan=False)


@op(_ALONG, name="nanmedian", returns=_FIELDS, input=put_back)
def _nanmedian_along(xp: Xp, input: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """Return the lower medians along `dim` of what is not nan, and where they are."""
    return _median("nanmedian", xp, input, dim, keepdim, skip_nan=True)


def _middle(xp: Xp, input: Any, skip_nan: bool) -> Any:
    if not input.size:
        return xp.full((), float("nan"), input.dtype)
    return _median("median", xp, input.reshape(-1), 0, False, skip_nan)[0]


@op(_ALONG, name="median_all", node="MedianBackward0",
    input=share_among_all)  # fmt: skip
def _median_all(xp: Xp, input: Array) -> Array:
    """Return the lower median of all elements."""
    return _middle(xp, input, skip_nan=False)


@op(_ALONG, name="nanmedian_all", node="NanmedianBackward0",
    input=share_among_all)  # fmt: skip
def _nanmedian_all(xp: Xp, input: Array) -> Array:
    """Return the lower median of all elements that are not nan."""
    return _middle(xp, input, skip_nan=True)


@function
def median(input: Tensor, *args: Any, **kw: Any) -> Any:
    """Return the lower median; with `dim` (values, indices) along it. nan counts as the largest."""
    return _median_along(input, *args, **kw) if args or kw else _median_all(input)


@function
def nanmedian(input: Tensor, *args: Any, **kw: Any) -> Any:
    """Return the lower median of what is not nan; with `dim` (values, indices) along it."""
    return _nanmedian_along(input, *args, **kw) if args or kw else _nanmedian_all(input)


@op(Kind(widen=True), returns=_FIELDS, input=put_back)
def mode(xp: Xp, input: Array, dim: int = -1, keepdim: bool = False) -> tuple[Array, Array]:
    """Return the most frequent values along `dim` (the smallest of several), and where they are."""
    dim = wrap_dim("mode", dim, input.ndim)
    if not input.ndim:
        return input.copy(), xp.zeros((), "i8")
    if not input.shape[dim]:
        raise OpIndexError(f"mode(): Expected reduction dim {dim} to have non-zero size.")
    order = xp.argsort(input, dim, kind="stable")
    ranked = xp.moveaxis(xp.take_along_axis(input, order, dim), dim, -1)
    run = xp.ones(ranked.shape, "i8")
    for i in range(1, ranked.shape[-1]):
        same = ranked[..., i] == ranked[..., i - 1]
        run[..., i] += run[..., i - 1] * same
    end = xp.expand_dims(run.argmax(-1), dim)
    return _at(xp, input, dim, xp.take_along_axis(order, end, dim), keepdim)


# ---- quantiles ----

_ROUNDINGS = ("linear", "lower", "higher", "midpoint", "nearest")


def _check_quantile(input: Tensor, q: Tensor, interpolation: str) -> None:
    if interpolation not in _ROUNDINGS:
        raise OpError(
            "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, "
            f"but got {interpolation}"
        )
    if not input.numel():
        raise OpError("quantile() input tensor must be non-empty")
    if not input.is_floating_point() or q.dtype is not input.dtype:
        raise OpError(
            "quantile() q tensor must be same dtype as the input tensor, which is float or double, "
            f"got {q.dtype} and {input.dtype}"
        )
    if q.ndim > 1:
        raise OpError(f"quantile() q must be a scalar or 1D tensor, got {q.ndim} dimensions")
    if not bool(((q._a >= 0) & (q._a <= 1)).all()):
        raise OpError("quantile() q values must be in the range [0, 1]")


def _quantile(
    input: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str, skip_nan: bool
) -> Any:
    x: Any = input
    if not isinstance(q, Tensor):
        q = input.new_tensor(float(q))
    _check_quantile(input, q, interpolation)
    if not input.ndim:
        dim = None
    lost = (1,) * input.ndim
    x = x.reshape(-1) if dim is None else x.movedim(wrap_dim("quantile", dim, x.ndim), -1)
    ranked: Any = sort(x, -1)[0]
    nans = (x != x).sum(-1, keepdim=True)  # noqa: PLR0124
    last = (x.shape[-1] - nans if skip_nan else nans * 0 + x.shape[-1]).to(x.dtype) - 1
    place = q.reshape(-1) * last.clamp(min=0)
    if not skip_nan:
        place = where(nans > 0, last, place)  # the last one is nan
    low, high = place.detach().floor(), place.detach().ceil()
    if interpolation == "nearest":
        low = high = place.round()
    below, above = ranked.gather(-1, low.long()), ranked.gather(-1, high.long())
    y = _between(below, above, place - low, interpolation)
    y = y.movedim(-1, 0)
    if keepdim:
        y = y.reshape((y.shape[0], *lost)) if dim is None else y.unsqueeze(1 + dim % input.ndim)
    return y if q.ndim else y.squeeze(0)


def _between(below: Any, above: Any, part: Any, interpolation: str) -> Any:
    if interpolation in ("lower", "nearest"):
        return below
    if interpolation == "higher":
        return above
    if interpolation == "midpoint":
        part = where(part > 0, 0.5, part)
    return below + part * (above - below)


@function
@accepts_out
@numpy_names
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *,
    interpolation: str = "linear",
) -> Any:  # fmt: skip
    """Return the q-th quantiles (0 <= q <= 1) along `dim`; those of several q come first.

    Raises:
        OpError: q is out of range or of another type, or the tensor is empty.
    """
    return _quantile(input, q, dim, keepdim, interpolation, skip_nan=False)


@function
@accepts_out
@numpy_names
def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *,
    interpolation: str = "linear",
) -> Any:  # fmt: skip
    """Return the q-th quantiles along `dim` of what is not nan.

    Raises:
        OpError: q is out of range or of another type, or the tensor is empty.
    """
    return _quantile(input, q, dim, keepdim, interpolation, skip_nan=True)

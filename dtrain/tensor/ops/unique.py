"""Sets and counts: unique, bincount, histc, searchsorted, isin."""

from __future__ import annotations

from typing import Any

from dtrain.backend.module import module_of
from dtrain.errors import DtypeError, OpError, OpTypeError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import Kind, function, op
from dtrain.tensor.shape_rules import wrap_dim
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Xp

__all__ = [
    "bincount",
    "bucketize",
    "histc",
    "isin",
    "searchsorted",
    "unique",
    "unique_consecutive",
]


def _result(values: Tensor, inverse: Any, counts: Any, wanted: tuple[bool, bool]) -> Any:
    """Return the values, and behind them what was asked for."""
    if not any(wanted):
        return values
    rest = [wrap(x) for x, w in zip((inverse, counts), wanted, strict=True) if w]
    return (values, *rest)


@function
def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """Return the different elements, or positions along a dimension, in ascending order.

    Returns:
        The values; with return_inverse where each element is found in them; with return_counts how
        often each occurs.
    """
    a = input._a
    xp = module_of(a.__class__)
    if dim is None:
        flat = a.reshape(-1)
        order = xp.argsort(flat, kind="stable")
        values = flat[order]
        first = _changes(xp, values)
        inverse = _inverse(xp, first, order).reshape(a.shape)
        return _result(
            wrap(values[first]), inverse, _counts(xp, first), (return_inverse, return_counts)
        )
    dim = wrap_dim("unique", dim, a.ndim)
    rows = _as_rows(xp, a, dim)
    order = xp.lexsort(rows.T[::-1]) if rows.shape[1] else xp.arange(rows.shape[0])
    first = _changed_rows(xp, rows[order])
    made = xp.take(a, order[first], dim)
    return _result(
        wrap(made), _inverse(xp, first, order), _counts(xp, first), (return_inverse, return_counts)
    )


@function
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """Return the tensor without elements, or positions along a dimension, equal to the one before.

    Returns:
        The values; with return_inverse where each element is found in them; with return_counts how
        long each run is.
    """
    a = input._a
    xp = module_of(a.__class__)
    if dim is None:
        flat = a.reshape(-1)
        first = _changes(xp, flat)
        made, shape = flat[first], a.shape
    else:
        dim = wrap_dim("unique_consecutive", dim, a.ndim)
        rows = _as_rows(xp, a, dim)
        first = _changed_rows(xp, rows)
        made, shape = xp.compress(first, a, dim), (rows.shape[0],)
    inverse = (xp.cumsum(first) - 1).reshape(shape)
    return _result(wrap(made), inverse, _counts(xp, first), (return_inverse, return_counts))


def _as_rows(xp: Xp, a: Array, dim: int) -> Array:
    """Return a matrix with one row for each position along a dimension."""
    n = a.shape[dim] if a.ndim else 1
    return (xp.moveaxis(a, dim, 0) if a.ndim else a).reshape(n, a.size // n if n else 0)


def _changes(xp: Xp, values: Array) -> Array:
    """Return True for the first element of each run of equal ones."""
    first = xp.ones(values.shape, bool)
    first[1:] = values[1:] != values[:-1]
    return first


def _changed_rows(xp: Xp, rows: Array) -> Array:
    first = xp.ones(rows.shape[0], bool)
    first[1:] = (rows[1:] != rows[:-1]).any(1)
    return first


def _inverse(xp: Xp, first: Array, order: Array) -> Array:
    """Return for each element the number of its run, where `order` sorted the elements."""
    out = xp.empty(order.shape, xp.int64)
    out[order] = xp.cumsum(first) - 1
    return out


def _counts(xp: Xp, first: Array) -> Array:
    ends = xp.concatenate((first.nonzero()[0], xp.asarray([first.size])))
    return xp.diff(ends)


_COUNTED = Kind(method=True)


@op(_COUNTED)
def bincount(xp: Xp, input: Array, weights: Array = None, minlength: int = 0) -> Array:
    """Count how often each non-negative integer occurs, or add the weights of its occurrences."""
    if input.dtype.kind not in "iu":
        raise DtypeError(f"bincount only supports integral types, not {input.dtype.name}")
    if minlength < 0:
        raise OpError("minlength should be >= 0")
    if input.ndim != 1 or (input.size and int(input.min()) < 0):
        raise OpError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return xp.bincount(input, minlength=minlength).astype(xp.int64)
    if weights.shape != input.shape:
        raise OpError("weights should be 1-d and have the same length as input")
    kind = weights.dtype if weights.dtype == xp.float32 else xp.float64
    return xp.bincount(input, weights.astype(xp.float64), minlength).astype(kind)


@op(_COUNTED)
def histc(xp: Xp, input: Array, bins: int = 100, min: float = 0, max: float = 0) -> Array:
    """Count the elements in `bins` equal parts of [min, max]; (0, 0) is the data's own range."""
    if input.dtype.kind != "f":
        raise DtypeError(f"histc not implemented for {input.dtype.name}")
    if bins <= 0:
        raise OpError(f"bins must be > 0, but got {bins}")
    flat = input.reshape(-1)
    low, high = float(min), float(max)
    if low == high and flat.size:
        low, high = float(flat.min()), float(flat.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (abs(low) < float("inf") and abs(high) < float("inf")):
        raise OpError(f"range of [{low}, {high}] is not finite")
    if low > high:
        raise OpError("max must be larger than min")
    inside = flat[(flat >= low) & (flat <= high)].astype(xp.float64)
    at = xp.minimum(((inside - low) / (high - low) * bins).astype(xp.int64), bins - 1)
    return xp.bincount(at, minlength=bins).astype(input.dtype)


@accepts_out
def searchsorted(
    sorted_sequence: Tensor, input: Any, *, out_int32: bool = False, right: bool = False,
    side: str | None = None, sorter: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Return where values would be inserted in sorted rows to keep them sorted.

    Args:
        sorted_sequence: Rows along the last dimension; one row serves all values.
        input: The values, a tensor or a number.
        out_int32: Return int32 instead of int64.
        right: Insert behind equal elements instead of before them.
        side: "left" or "right", the other name of `right`.
        sorter: Positions that sort each row of an unsorted sequence.
    """
    a = sorted_sequence._a
    xp = module_of(a.__class__)
    if side is not None and side not in {"left", "right"}:
        raise OpError(
            "torch.searchsorted(): side can only be 'left' or 'right' but got " + str(side)
        )
    if side == "left" and right:
        raise OpError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left "
            "while right was True"
        )
    values = input._a if isinstance(input, Tensor) else xp.asarray(input, a.dtype)
    _check_search(a, values)
    if sorter is not None:
        if sorter._a.shape != a.shape:
            raise OpError(
                "torch.searchsorted(): boundary and sorter must have the same size, but got "
                f"boundary tensor {list(a.shape)} and got sorter tensor {list(sorter._a.shape)}"
            )
        a = xp.take_along_axis(a, sorter._a, -1)
    where = "right" if right or side == "right" else "left"
    if a.ndim == 1:
        made = xp.asarray(xp.searchsorted(a, values, where))
    elif values.size:
        rows, wanted = a.reshape(-1, a.shape[-1]), values.reshape(-1, values.shape[-1])
        found = [xp.searchsorted(rows[i], wanted[i], where) for i in range(rows.shape[0])]
        made = xp.stack(found).reshape(values.shape)
    else:
        made = xp.zeros(values.shape, xp.int64)
    return wrap(made.astype(xp.int32 if out_int32 else xp.int64))


def _check_search(a: Array, values: Array) -> None:
    if a.ndim == 0:
        raise OpError("torch.searchsorted(): input value can be a scalar, boundaries can not")
    if a.dtype != values.dtype:
        raise DtypeError(
            "torch.searchsorted(): boundary tensor and input value tensor should have same dtype, "
            f"but got boundary tensor dtype {a.dtype.name} and input value tensor dtype "
            f"{values.dtype.name}"
        )
    if a.ndim > 1 and a.shape[:-1] != values.shape[:-1]:
        raise OpError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 "
            f"dimensions of boundaries tensor and input value tensor must match, but we got "
            f"boundaries tensor {list(a.shape)} and input value tensor {list(values.shape)}"
        )


@accepts_out
def bucketize(
    input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False
) -> Tensor:
    """Return for each value the number of the interval between sorted boundaries it lies in."""
    if boundaries._a.ndim != 1:
        raise OpError(f"boundaries tensor must be 1 dimension, but got dim({boundaries._a.ndim})")
    if isinstance(input, Tensor) and input._a.dtype != boundaries._a.dtype:
        from dtrain.tensor.promote import result_type

        both = result_type(input, boundaries)
        input, boundaries = input.to(both), boundaries.to(both)
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


@accepts_out
def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    """Return for each element whether it is among the test elements."""
    some = next((x for x in (elements, test_elements) if isinstance(x, Tensor)), None)
    if some is None:
        raise OpTypeError("isin(): one of 'elements' and 'test_elements' must be Tensor")
    xp = module_of(some._a.__class__)
    one, two = (x._a if isinstance(x, Tensor) else xp.asarray(x) for x in (elements, test_elements))
    return wrap(xp.asarray(xp.isin(one, two, invert=invert)))

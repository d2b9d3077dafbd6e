"""Elements written or combined where an index points: scatter, index_*, take, put."""

from __future__ import annotations

from typing import Any

from dtrain.backend.indexed import check_index
from dtrain.backend.module import module_of
from dtrain.errors import DtypeError, OpError, OpIndexError, OpTypeError, ShapeError
from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.op import Kind, function, op
from dtrain.tensor.ops.fill import in_place, masked_fill
from dtrain.tensor.ops.gather import add_rows, checked, gather, scatter_add, scatter_src
from dtrain.tensor.ops.shape import broadcast_shape, expand, flatten, reshape
from dtrain.tensor.shape_rules import at_dim, wrap_dim
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Xp

__all__ = [
    "index_add",
    "index_copy",
    "index_fill",
    "masked_scatter",
    "put",
    "scatter",
    "scatter_reduce",
    "take",
    "take_along_dim",
]

_INTERNAL = Kind(out=False, method=False)


def _full(input: Tensor, index: Tensor, value: Any) -> Tensor:
    """Return a number spread over the shape of an index."""
    if isinstance(value, Tensor):
        return expand(value.to(input.dtype), index._a.shape)
    xp = module_of(input._a.__class__)
    return wrap(xp.full(index._a.shape, value).astype(input._a.dtype))


@function
@accepts_out
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None,
    reduce: str | None = None,
) -> Tensor:  # fmt: skip
    """Write src[i][j] to element [index[i][j]][j] for dim 0, and so on.

    Args:
        input: The tensor that is written to, in a copy.
        dim: The dimension that the index counts along.
        index: int64, no larger than `src` in any dimension.
        src: A tensor or a number.
        value: A number, the other name of `src`.
        reduce: "add" or "multiply" to combine instead.
    """
    given = value if src is None else src
    if given is None:
        raise OpTypeError("scatter() missing required argument: 'src' or 'value'")
    if not isinstance(given, Tensor):
        given = _full(input, index, given)
    if reduce is None:
        return scatter_src(input, dim, index, given)
    if reduce == "add":
        return scatter_add(input, dim, index, given)
    if reduce == "multiply":
        return scatter_reduce(input, dim, index, given, "prod")
    raise OpError("reduce argument must be either add or multiply.")


in_place("scatter", scatter)


@function
@accepts_out
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """Combine src[i][j] with element [index[i][j]][j] for dim 0, and so on.

    Args:
        input: The tensor whose elements are combined, in a copy.
        dim: The dimension that the index counts along.
        index: int64, no larger than `src` in any dimension.
        src: Of the type of `input`.
        reduce: "sum", "prod", "mean", "amax" or "amin".
        include_self: Whether the elements of `input` that are written to count.
    """
    if reduce not in _NEUTRAL:
        raise OpError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    if not include_self:
        neutral = _neutral(input, reduce)
        input = scatter_src(input, dim, index, _full(input, index, neutral))
    if reduce == "sum":
        return scatter_add(input, dim, index, src)
    if reduce == "mean":
        total = scatter_add(input, dim, index, src)
        ones = _full(input, index, 1)
        xp = module_of(input._a.__class__)
        start = wrap(xp.ones_like(input._a))
        if not include_self:
            start = scatter_src(start, dim, index, _full(input, index, 0))
        count = scatter_add(start, dim, index, ones)
        count = masked_fill(count, count == 0, 1)
        if input.is_floating_point() or input.is_complex():
            return total / count
        return total.div(count, rounding_mode="floor")
    return combine(input, dim, index, src, reduce)


in_place("scatter_reduce", scatter_reduce)

_NEUTRAL = {"sum": 0, "mean": 0, "prod": 1, "amax": None, "amin": None}


def _neutral(input: Tensor, reduce: str) -> Any:
    """Return the number that changes no result of a reduction."""
    found = _NEUTRAL[reduce]
    if found is not None:
        return found
    low = reduce == "amax"
    kind = input._a.dtype.kind
    if kind in "fV":
        return float("-inf") if low else float("inf")
    if kind == "b":
        return not low
    info = module_of(input._a.__class__).iinfo(input._a.dtype)
    return info.min if low else info.max


def _shares(
    F: Any, input: Any, result: Any, dim: int, index: Any, src: Any
) -> tuple[Any, Any, Any]:
    """Return which elements of input and src are the extreme ones, and how many share a place."""
    kept = F.to_dtype(F.eq(input, result), result.dtype)
    sent = F.to_dtype(F.eq(src, F.gather(result, dim, index)), result.dtype)
    count = F.scatter_add(kept, dim, index, sent)
    return kept, sent, F.masked_fill(count, F.eq(count, 0), 1)


def _combine_input(
    F: Any, g: Any, input: Any, result: Any, dim: int, index: Any, src: Any, reduce: str
) -> Any:
    if reduce == "prod":
        return g * F.combine(F.zero(input) + 1, dim, index, src, "prod")
    kept, _, count = _shares(F, input, result, dim, index, src)
    return g * kept / count


def _combine_src(
    F: Any, g: Any, input: Any, result: Any, dim: int, index: Any, src: Any, reduce: str
) -> Any:
    if reduce == "prod":
        return _product_src(F, g, input, result, dim, index, src)
    _, sent, count = _shares(F, input, result, dim, index, src)
    return sent * F.gather(g / count, dim, index)


def _product_src(F: Any, g: Any, input: Any, result: Any, dim: int, index: Any, src: Any) -> Any:
    """Return g times the product of all other factors, also where one factor is zero."""
    zero = F.eq(src, 0)
    zeros = F.scatter_add(F.zero(input), dim, index, F.to_dtype(zero, input.dtype))
    alone = F.logical_and(zero, F.eq(F.gather(zeros, dim, index), 1))
    others = F.combine(input, dim, index, F.masked_fill(src, alone, 1), "prod")
    plain = F.gather(g * result, dim, index) / F.masked_fill(src, zero, 1)
    return F.where(alone, F.gather(g * others, dim, index), plain)


@op(
    _INTERNAL, node="ScatterReduceBackward0", input=_combine_input, src=_combine_src,
)  # fmt: skip
def combine(xp: Xp, input: Array, dim: int, index: Array, src: Array, reduce: str) -> Array:
    """Return the products, maxima or minima of elements with what an index sends to them."""
    from dtrain.tensor.ops.gather import _corner, _prepare, _same_type, places

    dim = _prepare("scatter_reduce", xp, input.shape, dim, index, src)
    _same_type("scatter_reduce", input, src)
    out = xp.array(input, order="C")
    if index.size:
        where = places(xp, input.shape, dim, index) if input.ndim else index
        at = {"prod": xp.multiply, "amax": xp.maximum, "amin": xp.minimum}[reduce].at
        at(out.reshape(-1), where.reshape(-1), _corner(src, index).reshape(-1))
    return out


# ---- whole positions along a dimension ----


def _rows(where: str, xp: Xp, input: Array, dim: int, index: Array, source: Any) -> int:
    dim = wrap_dim(where, dim, input.ndim)
    if index.ndim > 1:
        raise OpIndexError(f"{where}(): Index should have dimension 1 or 0 (got {index.ndim})")
    checked(where, index)
    n = input.shape[dim] if input.ndim else 1
    check_index(xp, index, n, f"{where}(): index {{index}} is out of bounds for size {n}")
    if source is None:
        return dim
    if source.dtype != input.dtype:
        raise DtypeError(
            f"{where}(): self and source expected to have the same dtype, but got (self) "
            f"{input.dtype.name} and (source) {source.dtype.name}"
        )
    expected = (*input.shape[:dim], index.size, *input.shape[dim + 1 :]) if input.ndim else ()
    if input.ndim and source.shape != expected and not (source.ndim == 0 and index.size == 1):
        raise (OpIndexError if where == "index_copy" else ShapeError)(
            f"{where}(): Source/destination tensor must have same slice shapes. Destination slice "
            f"shape: {list(expected)} and source shape: {list(source.shape)}"
        )
    return dim


@op(
    Kind(inplace=True),
    input=lambda F, g: g,
    source=lambda F, g, dim, index, alpha, source_shape: F.reshape(
        F.index_select(g, dim, index) * alpha, source_shape
    ),
)
def index_add(xp: Xp, input: Array, dim: int, index: Array, source: Array, alpha: Any = 1) -> Array:
    """Add alpha * source to the positions along a dimension that a vector names."""
    dim = _rows("index_add", xp, input, dim, index, source)
    values = source if alpha == 1 else source * alpha
    if input.ndim == 0:
        return input + values.sum(dtype=input.dtype)
    return input + add_rows(xp, input.shape, dim, index.reshape(-1), values)


@op(
    Kind(inplace=True),
    input=lambda F, g, dim, index: F.index_fill(g, dim, index, 0),
    source=lambda F, g, dim, index, source_shape: F.reshape(
        F.index_select(g, dim, index), source_shape
    ),
)
def index_copy(xp: Xp, input: Array, dim: int, index: Array, source: Array) -> Array:
    """Write source to the positions along a dimension that a vector names."""
    dim = _rows("index_copy", xp, input, dim, index, source)
    out = input.copy()
    if out.ndim == 0:
        out[...] = source.reshape(())
    else:
        out[at_dim(dim, index.reshape(-1))] = source
    return out


@op(
    Kind(inplace=True),
    input=lambda F, g, dim, index: F.index_fill(g, dim, index, 0),
    value=lambda F, g, dim, index: F.sum(g - F.index_fill(g, dim, index, 0)),
)
def index_fill(xp: Xp, input: Array, dim: int, index: Array, value: Array) -> Array:
    """Write a number to the positions along a dimension that a vector names."""
    if getattr(value, "ndim", 0):
        raise OpError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
    dim = wrap_dim("index_fill", dim, input.ndim)
    checked("index_fill", index)
    out = input.copy()
    if out.ndim == 0:
        out[...] = value
    else:
        out[at_dim(dim, index.reshape(-1))] = value
    return out


# ---- the flattened tensor ----


@function
@accepts_out
def take(input: Tensor, index: Tensor) -> Tensor:
    """Return the elements at positions of the flattened tensor, in the shape of the index."""
    checked("take", index._a)
    n = input.numel()
    i = index._a
    check_index(
        module_of(i.__class__),
        i + n * (i < 0),
        n,
        f"index {{index}} is out of range for {n} elements",
    )
    return flatten(input)[index] if input._a.ndim else expand(input, index._a.shape).clone()


@function
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """Write source to positions of the flattened tensor, or add it there; in a copy."""
    checked("put_", index._a)
    if source._a.dtype != input._a.dtype:
        raise DtypeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{input.dtype} and source.dtype = {source.dtype}"
        )
    if source.numel() != index.numel():
        raise ShapeError(
            "put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source.numel()}, index.numel() = {index.numel()}"
        )
    flat = flatten(input).index_put((flatten(index),), flatten(source), accumulate)
    return reshape(flat, input._a.shape)


in_place("put", put)


def _from_front(index: Tensor, size: int) -> Tensor:
    """Return an index with its negative elements counted from the front."""
    i = index._a
    back = i < 0
    return wrap(i + size * back) if back.any() else index


@function
@accepts_out
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Return the elements that `indices` picks along a dimension; the others broadcast."""
    checked("take_along_dim", indices._a)
    size = input.numel() if dim is None else input._a.shape[dim] if input._a.ndim else 1
    indices = _from_front(indices, size)
    if dim is None:
        return gather(flatten(input), 0, flatten(indices))
    if input._a.ndim != indices._a.ndim:
        raise OpError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {input._a.ndim} dimensions for input, and {indices._a.ndim} dimensions for "
            "indices"
        )
    dim = wrap_dim("take_along_dim", dim, input._a.ndim)
    one, two = list(input._a.shape), list(indices._a.shape)
    n, m = one[dim], two[dim]
    one[dim] = two[dim] = 1
    shape = list(broadcast_shape("take_along_dim", one, two))
    wide = expand(input, (*shape[:dim], n, *shape[dim + 1 :]))
    picks = expand(indices, (*shape[:dim], m, *shape[dim + 1 :]))
    return gather(wide, dim, picks)


@function
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """Write the elements of source, in their order, where the mask is True; in a copy."""
    if mask._a.dtype.kind != "b":
        raise DtypeError(f"masked_scatter: expected BoolTensor for mask, but got {mask.dtype}")
    if source._a.dtype != input._a.dtype:
        raise DtypeError(
            "masked_scatter: expected self and source to have same dtypes but got "
            f"{input.dtype} and {source.dtype}"
        )
    shape = broadcast_shape("masked_scatter", input._a.shape, mask._a.shape)
    wide, where = expand(input, shape), expand(mask, shape)
    count = int(where._a.sum())
    if source.numel() < count:
        raise OpError(
            f"masked_scatter: expected source to have at least {count} elements, the number of "
            f"True in the mask, but got {source.numel()}"
        )
    values = flatten(source)[:count]
    if not shape:
        return reshape(values, ()) if count else wide.clone()
    return wide.index_put((where,), values)


in_place("masked_scatter", masked_scatter)

"""Largest and smallest: values, positions, both."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpError, OpIndexError
from dtrain.tensor.op import INTERNAL, REDUCE, Kind, attach, op
from dtrain.tensor.ops.choose import maximum, minimum
from dtrain.tensor.ops.reduce import Dim, axes, kept, kept_shape
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Shape, Xp

__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "min"]


def share_evenly(F: Any, g: Any, input: Any, dim: Dim, keepdim: bool, result: Any) -> Any:
    """Share a gradient evenly among the elements that are equal to the result."""
    shape = input.shape
    hit = F.to_dtype(input == kept(F, result, shape, dim, keepdim), input.dtype)
    return hit * (kept(F, g, shape, dim, keepdim) / F.sum(hit, dim, True))


def share_among_all(F: Any, g: Any, input: Any, result: Any) -> Any:
    """Share a gradient evenly among all elements that are equal to the result, nan to nan."""
    hit = (input == result) | ((input != input) & (result != result))  # noqa: PLR0124
    hit = F.to_dtype(hit, input.dtype)
    return hit * (g / F.sum(hit))


def _check_size(where: str, a: Any, dim: Dim) -> None:
    """Refuse to look for an extreme among no elements.

    Raises:
        OpError: There are none, and no dimension is named.
        OpIndexError: The named dimension has none, or it is argmax or argmin that looks.
    """
    if dim is None or (not isinstance(dim, int) and not len(dim)):
        if not a.size:
            kind = OpIndexError if where in ("argmax", "argmin") else OpError
            raise kind(
                f"{where}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )
        return
    for d in (dim,) if isinstance(dim, int) else dim:
        if a.ndim and -a.ndim <= d < a.ndim and not a.shape[d]:
            raise OpIndexError(f"{where}(): Expected reduction dim {d} to have non-zero size.")


def _reduce(where: str, find: str, a: Any, dim: Dim, keepdim: bool) -> Any:
    if not a.size:
        _check_size(where, a, dim)
    return getattr(a, find)(axes(a, dim), keepdims=keepdim)


@op(REDUCE, input=share_evenly)
def amax(xp: Xp, input: Array, dim: Dim = (), keepdim: bool = False) -> Array:
    """Return the largest elements along `dim`; equal ones share the gradient."""
    return _reduce("amax", "max", input, dim, keepdim)


@op(REDUCE, input=share_evenly)
def amin(xp: Xp, input: Array, dim: Dim = (), keepdim: bool = False) -> Array:
    """Return the smallest elements along `dim`; equal ones share the gradient."""
    return _reduce("amin", "min", input, dim, keepdim)


def _whole(a: Any, find: str) -> Any:
    if a.size and a.flags.c_contiguous:  # quicker than the reduction, by ten for small arrays
        return a.reshape(-1)[a.argmax() if find == "max" else a.argmin()]
    return _reduce(find, find, a, None, False)


@op(Kind(method=False, widen=True), name="max_all", node="MaxBackward1",
    input=share_among_all)  # fmt: skip
def _max_all(xp: Xp, input: Array) -> Array:
    """Return the largest element."""
    return _whole(input, "max")


@op(Kind(method=False, widen=True), name="min_all", node="MinBackward1",
    input=share_among_all)  # fmt: skip
def _min_all(xp: Xp, input: Array) -> Array:
    """Return the smallest element."""
    return _whole(input, "min")


# ---- values and positions ----


def put_back(F: Any, g: Any, indices: Any, input_shape: Shape, dim: int, keepdim: bool) -> Any:
    """Send the gradients of elements picked along `dim` to where they were picked."""
    shape = kept_shape(input_shape, dim)
    return F.unpick(F.reshape(g, shape), F.reshape(indices, shape), dim, input_shape)


@op(INTERNAL, input=lambda F, g, index, dim: F.pick(g, index, dim))
def unpick(xp: Xp, input: Array, index: Array, dim: int, shape: Shape) -> Array:
    """Return zeros of `shape` with `input` at `index` along `dim` (one place for each)."""
    out = xp.zeros(shape, input.dtype)
    if not shape:
        return input.reshape(())
    xp.put_along_axis(out, index, input, dim)
    return out


@op(INTERNAL, input=lambda F, g, index, dim, input_shape: F.unpick(g, index, dim, input_shape))
def pick(xp: Xp, input: Array, index: Array, dim: int) -> Array:
    """Return the elements at `index` along `dim`."""
    return xp.take_along_axis(input, index, dim) if input.ndim else input


def _argument(where: str, find: str, a: Any, dim: int | None, keepdim: bool) -> Any:
    if not a.size:
        _check_size(where, a, dim)
    if dim is None:
        at = getattr(a, find)()
        return at.reshape((1,) * a.ndim) if keepdim else at
    return getattr(a, find)(axes(a, dim), keepdims=keepdim)


@op(REDUCE)
def argmax(xp: Xp, input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """Return where the largest elements along `dim` are (the first of equal ones)."""
    return _argument("argmax", "argmax", input, dim, keepdim)


@op(REDUCE)
def argmin(xp: Xp, input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """Return where the smallest elements along `dim` are (the first of equal ones)."""
    return _argument("argmin", "argmin", input, dim, keepdim)


_PAIR = Kind(method=False, widen=True)
_FIELDS = ("values", "indices")


@op(_PAIR, name="max", returns=_FIELDS, input=put_back)
def _max_dim(xp: Xp, input: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """Return the largest elements along `dim` and where they are."""
    at = _argument("max", "argmax", input, dim, keepdim)
    return _reduce("max", "max", input, dim, keepdim), at


@op(_PAIR, name="min", returns=_FIELDS, input=put_back)
def _min_dim(xp: Xp, input: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """Return the smallest elements along `dim` and where they are."""
    at = _argument("min", "argmin", input, dim, keepdim)
    return _reduce("min", "min", input, dim, keepdim), at


def max(input: Tensor, *args: Any, **kw: Any) -> Any:
    """Return the largest element; with `dim` (values, indices); with a tensor the larger of two."""
    return _extreme(input, args, kw, _max_all, _max_dim, maximum)


def min(input: Tensor, *args: Any, **kw: Any) -> Any:
    """Return the smallest element; with `dim` (values, indices); with a tensor the lesser one."""
    return _extreme(input, args, kw, _min_all, _min_dim, minimum)


def _extreme(input: Any, args: Any, kw: Any, whole: Any, along: Any, pair: Any) -> Any:
    if not args and not kw:
        return whole(input)
    if "other" in kw or (args and isinstance(args[0], Tensor)):
        return pair(input, *args, **kw)
    return along(input, *args, **kw) if args or set(kw) != {"out"} else whole(input, **kw)


attach("max", max)
attach("min", min)


def aminmax_input(
    F: Any, g: Any, wanted: Any, input: Any, dim: Any, keepdim: bool, min: Any, max: Any
) -> Any:
    """Share both gradients among the elements that are equal to the results."""
    low, high = g
    out = None
    for part, found in ((low, min), (high, max)):
        if part is not None:
            d = share_evenly(F, part, input, dim, keepdim, found)
            out = d if out is None else out + d
    return (out,)


@op(REDUCE, returns=("min", "max"), joint=(("input",), aminmax_input))
def aminmax(
    xp: Xp, input: Array, dim: int | None = None, keepdim: bool = False
) -> tuple[Array, Array]:
    """Return the smallest and the largest elements along `dim`."""
    low = _reduce("aminmax", "min", input, dim, keepdim)
    return low, _reduce("aminmax", "max", input, dim, keepdim)

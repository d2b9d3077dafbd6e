"""Changes in place that overwrite: copy_, fill_, zero_ and what they are made of."""

from __future__ import annotations

from typing import Any

from dtrain.errors import DtypeError, OpError, OpTypeError, ShapeError
from dtrain.tensor.call import OPERANDS
from dtrain.tensor.grad_mode import MODE
from dtrain.tensor.graph import bump, check_inplace
from dtrain.tensor.inplace import settle
from dtrain.tensor.op import INTERNAL, Kind, attach, op
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Xp

__all__ = ["copy_", "fill", "fill_", "masked_fill", "zero_"]

_OVERWRITE = Kind(out=False, broadcast=True, method=False)


@op(Kind(out=False, method=False), input=lambda F, g: F.zero(g))
def zero(xp: Xp, input: Array) -> Array:
    """Return zeros of the shape and type of a tensor."""
    return xp.zeros_like(input)


@op(
    INTERNAL,
    input=lambda F, g: g,
    other=lambda F, g, other_shape: F.zeros_of(g, other_shape),
)
def tie(xp: Xp, input: Array, other: Array) -> Array:
    """Return the input itself, which depends on `other` as well, with the derivative zero."""
    return input


@op(
    _OVERWRITE, node="CopyBackwards",
    input=lambda F, g: F.zero(g), src=lambda F, g, src_dtype: F.to_dtype(g, src_dtype),
)  # fmt: skip
def copied(xp: Xp, input: Array, src: Array) -> Array:
    """Return a tensor of the shape and type of `input` with the elements of `src`."""
    out = xp.empty_like(input)
    overwrite(out, src)
    return out


@op(_OVERWRITE, input=lambda F, g: F.zero(g), value=lambda F, g: g)
def fill(xp: Xp, input: Array, value: Array) -> Array:
    """Return a tensor of the shape and type of `input` in which each element is `value`."""
    out = xp.empty_like(input)
    out[...] = value
    return out


def overwrite(into: Array, value: Array) -> None:
    """Write values into an array, converting their type as torch does."""
    if value.dtype.kind == "c" and into.dtype.kind != "c":
        value = value.real
    into[...] = value


def check_written(where: str, into: Array) -> None:
    """Refuse to write into an expanded tensor, whose elements share their memory.

    Raises:
        OpError: The tensor is one.
    """
    if 0 in into.strides and into.size > 1 and _shares_places(into):
        raise OpError(
            f"{where}: unsupported operation: more than one element of the written-to tensor "
            "refers to a single memory location. Please clone() the tensor before performing the "
            "operation."
        )


def _shares_places(a: Array) -> bool:
    return any(s == 0 and n > 1 for s, n in zip(a.strides, a.shape, strict=True))


def _check_shapes(where: str, into: Array, value: Array) -> None:
    if value.shape == into.shape:
        return
    lead = into.ndim - value.ndim
    for i, n in enumerate(value.shape):
        if lead < 0 or n not in (1, into.shape[lead + i]):
            raise ShapeError(
                f"{where}: The size of tensor a {list(into.shape)} must match the size of tensor b "
                f"{list(value.shape)} at non-singleton dimension {max(lead, 0) + i}"
            )


def in_place(name: str, fn: Any) -> None:
    """Make `fn(input, ...)`, composed of operators, the method `name_` that changes its tensor."""

    def change(self: Tensor, *args: Any, **kw: Any) -> Tensor:
        check_inplace(self, name + "_")
        source = self
        if MODE.grad:
            source = wrap(self._a.copy())  # the rules may save what is about to be overwritten
            source._node = self._node
        return settle(self, fn(source, *args, **kw))

    change.__name__ = change.__qualname__ = name + "_"
    change.__doc__ = fn.__doc__
    attach(name + "_", change)


def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Overwrite the elements with those of `src`, broadcast and converted.

    Raises:
        ShapeError: `src` does not broadcast to this tensor's shape.
        GradError: This tensor is a leaf that requires grad.
    """
    if not isinstance(src, Tensor):
        raise OpTypeError(f"copy_(): argument 'other' must be Tensor, not {type(src).__name__}")
    check_inplace(self, "copy_")
    if src is self:
        return self
    a, b = self._a, src._a
    _check_shapes("copy_", a, b)
    check_written("copy_", a)
    if a.__class__ is not b.__class__:
        src = src.to(self.device)
        b = src._a
    if MODE.grad and (self._node is not None or src._node is not None) and a.dtype.kind in "fcV":
        return settle(self, copied(self, src))
    overwrite(a, b)
    bump(self)
    return self


def fill_(self: Tensor, value: Any) -> Tensor:
    """Set each element to `value`, a number or a 0-d tensor."""
    check_inplace(self, "fill_")
    check_written("fill_", self._a)
    if isinstance(value, Tensor):
        if value._a.ndim:
            raise OpError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value._a.ndim} dimensions."
            )
        return copy_(self, value)
    if not isinstance(value, OPERANDS):
        raise OpTypeError(f"fill_(): argument 'value' must be Number, not {type(value).__name__}")
    if isinstance(value, complex) and self._a.dtype.kind != "c":
        raise DtypeError("value cannot be converted to a real type without overflow")
    if MODE.grad and self._node is not None:
        return settle(self, fill(self, value))
    self._a[...] = value
    bump(self)
    return self


def zero_(self: Tensor) -> Tensor:
    """Set each element to zero."""
    check_inplace(self, "zero_")
    check_written("zero_", self._a)
    if MODE.grad and self._node is not None:
        return settle(self, zero(self))
    self._a.fill(0)
    bump(self)
    return self


attach("copy_", copy_)
attach("fill_", fill_)
attach("zero_", zero_)


@op(
    Kind(broadcast=True, inplace=True),
    input=lambda F, g, mask: F.masked_fill(g, mask, 0),
    value=lambda F, g, mask: F.where(mask, g, 0),
)
def masked_fill(xp: Xp, input: Array, mask: Array, value: Array) -> Array:
    """Return the elements with `value`, a number or 0-d tensor, where `mask` is True."""
    if mask.dtype.kind != "b":
        raise DtypeError(
            "masked_fill_ only supports boolean masks, but got mask with dtype " + mask.dtype.name
        )
    if getattr(value, "ndim", 0):
        raise OpError(
            "masked_fill only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
    is_complex = isinstance(value, complex) or getattr(value, "dtype", input.dtype).kind == "c"
    if is_complex and input.dtype.kind != "c":
        raise DtypeError(
            f"value cannot be converted to type {input.dtype.name} without overflow: {value}"
        )
    if getattr(value, "dtype", input.dtype) != input.dtype:
        value = value.astype(input.dtype)
    elif isinstance(value, float) and input.dtype.kind in "iub" and value != int(value):
        raise DtypeError(
            f"value cannot be converted to type {input.dtype.name} without overflow: {value}"
        )
    elif not hasattr(value, "dtype"):
        value = input.dtype.type(value)
    return xp.where(mask, value, input)

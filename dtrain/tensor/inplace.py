"""Changes in place: `name_` forms, out=, and what they do to history.

A change in place gives the tensor a new node, as if its result were a new tensor. Where the tensor
is a view, the change belongs to the base: the base's history is rebased onto a node that routes the
region through the operator and the rest around it, and every live view gets a history from there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from dtrain.backend.module import module_of
from dtrain.errors import DtypeError, GradError, OpError, ShapeError
from dtrain.tensor import call
from dtrain.tensor import dtype as dt
from dtrain.tensor.grad_mode import MODE
from dtrain.tensor.graph import WATCHERS, Node, bump, check_inplace, next_seq, watch
from dtrain.tensor.promote import can_cast
from dtrain.tensor.rules import run_node
from dtrain.tensor.storage import geometry, strides_of
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array

if TYPE_CHECKING:
    from dtrain.tensor.op import Op

Fn = TypeVar("Fn", bound=Callable[..., Any])

__all__ = ["accepts_out", "assign", "rebase", "run_inplace", "settle", "write_result"]


def run_inplace(op: Op, input: Any, args: tuple[Any, ...], kw: dict[str, Any]) -> Tensor:
    """Compute `op(input, ...)` and write it into `input`.

    Raises:
        GradError: `input` is a leaf that requires grad.
        ShapeError: The result has another shape than `input`.
        DtypeError: The result's type does not fit into that of `input`.
    """
    if not isinstance(input, Tensor):
        raise OpError(f"{op.name}_(): expected a Tensor, got {type(input).__name__}")
    check_inplace(input, op.name + "_")
    a = input._a
    if op.native_out and not kw and len(args) + 1 == len(op.operands) and _direct(op, input, args):
        arrays = [x._a if isinstance(x, Tensor) else x for x in args]
        op.plain_kernels[a.__class__](a, *arrays, out=a)
        bump(input)
        return input
    source = input
    if MODE.grad and (input._node is not None or any(_requires(x) for x in args)):
        source = wrap(a.copy())  # the rules may save what is about to be overwritten
        source._node = input._node
    made = call.general(op, (source, *args), kw)
    _check_fit(op.name + "_", made, input)
    if made._node is None and source._node is not None:
        made._node = (source * 0)._node  # what was there is gone: it gets no gradient
    return settle(input, made)


def settle(input: Tensor, made: Tensor) -> Tensor:
    """Write a result of the right shape and type into `input`, and give it the result's history."""
    assign(input, made._a)
    if made._node is not None:
        rebase(input, made._node)
    return input


def _requires(x: Any) -> bool:
    return isinstance(x, Tensor) and x._node is not None


def _direct(op: Op, input: Tensor, args: tuple[Any, ...]) -> bool:
    """Return True where the kernel may write straight into `input`: same types, no history."""
    a = input._a
    if a.dtype.kind != "f" or (MODE.grad and input._node is not None):
        return False
    for x in args:
        if isinstance(x, Tensor):
            b = x._a
            if b.dtype is not a.dtype or b.__class__ is not a.__class__:
                return False
            if b.shape != a.shape and (b.ndim > a.ndim or b.size > 1):
                return False
            if MODE.grad and x._node is not None:
                return False
        elif x.__class__ is not float and x.__class__ is not int:
            return False
    return 0 not in a.strides


def _repeats(a: Array) -> bool:
    """Return True where several elements are one place in memory."""
    if 0 not in a.strides or not a.size:
        return False
    return any(s == 0 and n > 1 for s, n in zip(a.strides, a.shape, strict=True))


def _check_fit(where: str, made: Tensor, into: Tensor) -> None:
    if made._a.shape != into._a.shape:
        raise ShapeError(
            f"{where}: output with shape {list(into._a.shape)} doesn't match the broadcast shape "
            f"{list(made._a.shape)}"
        )
    if _repeats(into._a):
        raise OpError(
            f"{where}: unsupported operation: more than one element of the written-to tensor "
            "refers to a single memory location. Please clone() the tensor before performing the "
            "operation."
        )
    _check_cast(where, made, into)


def _check_cast(where: str, made: Tensor, into: Tensor) -> None:
    if made._a.dtype != into._a.dtype:
        source, target = dt.of(made._a.dtype), dt.of(into._a.dtype)
        if not can_cast(source, target):
            raise DtypeError(
                f"{where}: result type {_title(source)} can't be cast to the desired output type "
                f"{_title(target)}"
            )


def _title(d: dt.dtype) -> str:
    short = {
        "float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16",
        "int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte",
        "bool": "Bool", "complex64": "ComplexFloat", "complex128": "ComplexDouble",
    }  # fmt: skip
    return short.get(d.name, d.name)


def assign(into: Tensor, value: Array) -> None:
    """Write values into a tensor's memory and count the change."""
    into._a[...] = value
    bump(into)


def write_result(where: str, made: Tensor, out: Tensor) -> Tensor:
    """Write a result into the tensor given as out=, giving it the result's shape.

    Raises:
        GradError: `out` or the result requires grad.
        DtypeError: The result's type does not fit into that of `out`.
    """
    if MODE.grad and (made._node is not None or out._node is not None):
        raise GradError(
            f"{where}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    _check_cast(where, made, out)
    if out._a.shape != made._a.shape:
        if out._a.size:
            import warnings

            warnings.warn(
                f"An output with one or more elements was resized since it had shape "
                f"{list(out._a.shape)}, which does not match the required output shape "
                f"{list(made._a.shape)}.",
                UserWarning,
                stacklevel=3,
            )
        out._a = module_of(made._a.__class__).empty(made._a.shape, out._a.dtype)
    assign(out, made._a)
    return out


def accepts_out(fn: Fn) -> Fn:
    """Give a function composed of operators the argument out=."""

    @functools.wraps(fn)
    def call(*args: Any, out: Any = None, **kw: Any) -> Any:
        made = fn(*args, **kw)
        if out is None:
            return made
        if isinstance(made, tuple):
            return tuple([write_result(fn.__name__, m, o) for m, o in zip(made, out, strict=True)])
        return write_result(fn.__name__, made, out)

    return cast("Fn", call)


class CopySlices(Node):
    """The base's node after a change to one of its views, as torch's CopySlices.

    Edges: the base's history before, then those of the operator that changed the view. The operator
    reads the gradient of the view's region; the base's history gets that of all the rest.
    """

    __slots__ = ("inner", "layout", "region")
    inner: Node
    layout: tuple[int, ...]
    region: tuple[Any, ...]

    def __init__(self, base: Tensor, view: Tensor, inner: Node) -> None:
        if view._a.dtype != base._a.dtype:
            raise GradError(
                f"cannot record a change in place of a view as {dt.of(view._a.dtype)} of a tensor "
                f"of type {dt.of(base._a.dtype)}; do clone() before"
            )
        self.edges = (base._node, *inner.edges)
        self.inner = inner
        self.layout, self.region = strides_of(base._a), geometry(view._a, base._a)
        self.plan = self.hooks = self.meta = self.shapes = None
        self.saved = self.checks = ()
        self.seq = next_seq()
        if WATCHERS:
            watch(self)

    def apply(self, F: Any, g: Any, create_graph: bool) -> tuple[Any, ...]:
        """Return the gradients along the edges."""
        inside = F.restride(g, self.layout, 0, *self.region)
        rest = None
        if self.edges[0] is not None:
            rest = F.blank_region(g, self.layout, *self.region)
        return (rest, *run_node(self.inner, F, inside, create_graph))


def rebase(tensor: Tensor, node: Any) -> None:
    """Make `node` the history of `tensor` after a change in place, and of all that share it."""
    base = tensor._base
    if base is None:
        _replace_node(tensor, node)
        base = tensor
    else:
        _replace_node(base, CopySlices(base, tensor, node))
    for ref in (base._cell[1] if base._cell else None) or ():
        view = ref()
        if view is not None and view._base is base:
            _replace_node(view, window_of(base, view))


def _replace_node(tensor: Tensor, node: Any) -> None:
    """Give a tensor another history; retain_grad() stays with the tensor, hooks with the node."""
    before, tensor._node = tensor._node, node
    if node is not None and before is not None and before.hooks and "retain" in before.hooks:
        node.hooks = {**(node.hooks or {}), "retain": before.hooks.pop("retain")}


def window_of(base: Tensor, view: Tensor) -> Node | None:
    """Return a node that leads from a view to its base's present history."""
    from dtrain.tensor.op import REGISTRY

    made = REGISTRY["window"].call(base, strides_of(base._a), *geometry(view._a, base._a))
    return cast("Node | None", made._node)

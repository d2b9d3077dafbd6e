"""The shortest way through a call: operators that look at one tensor's memory in another way.

A view reads no element, so nearly all of its time is the call's own. What is made here gives the
results and the graph that `dtrain.tensor.call.general` gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import ref

from dtrain.tensor.call import as_array, explain, general
from dtrain.tensor.grad_mode import INFERRING, MODE
from dtrain.tensor.graph import WATCHERS, Node, drop_dead, mark_inference, next_seq, watch
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor

if TYPE_CHECKING:
    from dtrain.tensor.op import Op

__all__ = ["can_view", "make_view", "view_of"]

_new = object.__new__


def can_view(op: Op) -> bool:
    """Return True where an operator takes one tensor and its rule reads shapes and options only."""
    if op.operands != (0,) or op.variadic is not None or op.varargs not in (None, 1):
        return False
    if op.rule_args != op.params[:1]:
        return False
    return all(i > 0 or (i == 0 and what == "shape") for i, what in op.plan((True,)).saves)


def make_view(op: Op) -> Callable[..., Any]:  # noqa: C901, PLR0915 (in one piece for speed)
    """Return the call of an operator for which `can_view` holds."""
    kernels, count, required = op.kernels, len(op.params), op.required
    defaults, several, node_class = op.defaults, op.varargs is not None, op.node_class
    plan = op.plan((True,))
    picks = tuple([(i, what == "shape") for i, what in plan.saves])
    shape_only = picks == ((0, True),)
    options_only = picks == tuple([(i, False) for i in range(1, count)])

    def call(*args: Any, **kw: Any) -> Any:  # noqa: C901
        n = len(args)
        if kw or n < required or not isinstance(args[0], Tensor):
            return general(op, args, kw)
        if several:
            c = args[1].__class__
            if c is not tuple and c is not Size:
                args = args[0], tuple(args[1]) if c is list else args[1:]
        elif n != count:
            if n > count:
                return general(op, args, kw)
            args += defaults[n:]
        input = args[0]
        a = input._a
        try:
            y = kernels[a.__class__](a, *args[1:])
        except (ValueError, TypeError, IndexError) as error:
            if type(error).__module__.startswith("dtrain"):
                raise
            raise explain(op, args, error) from None
        if y is a:
            return input
        if y.__class__ is not a.__class__:
            y = as_array(a.__class__, y)
        t = view_of(input, y)
        if input._node is not None and MODE.grad:
            node: Node = _new(node_class)
            node.plan = plan
            node.edges = (input._node,)
            node.hooks = node.meta = node.shapes = None
            node.checks = ()
            node.seq = next_seq()
            if shape_only:
                node.saved = (a.shape,)
            elif options_only:
                node.saved = args[1:]
            else:
                node.saved = tuple([a.shape if shaped else args[i] for i, shaped in picks])
            t._node = node
            if WATCHERS:
                watch(node)
        return t

    return call


def view_of(source: Tensor, y: Any) -> Tensor:
    """Return a tensor over `y`, known as a view of `source` where it shares its memory."""
    t: Tensor = _new(Tensor)
    t._a = y
    t._node = t._more = None
    b = y.base
    if b is None or not (b is source._a or b is source._a.base):
        t._cell = t._base = None
        if INFERRING:
            mark_inference(t)
        return t
    t._base = source if source._base is None else source._base
    cell = t._cell = source._cell
    if cell is None:
        source._cell = t._cell = [0, [ref(t)]]
        return t
    views = cell[1]
    if views is None:
        cell[1] = [ref(t)]
        return t
    views.append(ref(t))
    if len(views) >= 64:
        drop_dead(cell)
    return t

"""The shorter way through a call of an operator that joins a sequence of tensors: cat, stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dtrain.tensor.call import explain, general
from dtrain.tensor.grad_mode import MODE
from dtrain.tensor.graph import WATCHERS, Node, next_seq, watch
from dtrain.tensor.tensor import Tensor, wrap

if TYPE_CHECKING:
    from dtrain.tensor.op import Op

__all__ = ["can_join", "make_join"]

_new = object.__new__


def can_join(op: Op) -> bool:
    """Return True where an operator takes one sequence and its rule reads shapes and options."""
    if op.variadic != 0 or op.operands or op.rule_args != op.params[:1] or op.joint:
        return False
    return all(i > 0 or (i == 0 and what == "shape") for i, what in op.plan((True,)).saves)


def make_join(op: Op) -> Callable[..., Any]:
    """Return the call of an operator for which `can_join` holds."""
    kernels, count, node_class, defaults = op.kernels, len(op.params), op.node_class, op.defaults
    plan = op.plan((True,))

    def call(*args: Any, **kw: Any) -> Any:
        given = args[0] if args else None
        if kw or len(args) > count or not isinstance(given, (tuple, list)) or not given:
            return general(op, args, kw)
        arrays = [t._a for t in given if isinstance(t, Tensor)]
        if len(arrays) != len(given):
            return general(op, args, kw)
        cls, dtype = arrays[0].__class__, arrays[0].dtype
        for a in arrays:
            if a.dtype is not dtype or a.__class__ is not cls:
                return general(op, args, kw)
        values = (arrays, *args[1:], *defaults[len(args) :])
        try:
            made = wrap(kernels[cls](*values))
        except (ValueError, TypeError, IndexError) as error:
            if type(error).__module__.startswith("dtrain"):
                raise
            raise explain(op, args, error) from None
        if MODE.grad:
            edges = tuple([t._node for t in given])
            if edges.count(None) != len(edges) and dtype.kind in "fcV":
                node: Node = _new(node_class)
                node.plan, node.edges = plan, edges
                node.hooks = node.meta = node.shapes = None
                node.checks = ()
                node.seq = next_seq()
                node.saved = tuple(
                    [values[i] if i else [a.shape for a in arrays] for i, _ in plan.saves]
                )
                made._node = node
                if WATCHERS:
                    watch(node)
        return made

    return call

"""The shorter ways through a call, for the shapes of call that make up most of a program.

`dtrain.tensor.call.general` can do every call. What is made here skips whatever cannot apply: to one
tensor with its options (`make_single`), to an elementwise operator on one tensor (`make_unary`) or
two (`make_binary`) of the same floating type. Results, errors and the recorded graph are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dtrain.tensor.call import OPERANDS, as_array, explain, finish, general, save, shares
from dtrain.tensor.graph import MODE, Node, new_version, next_seq, track_view
from dtrain.tensor.promote import div_cast, float_cast, float_promote_cast, keep, rest_cast
from dtrain.tensor.sequence_call import can_join, make_join
from dtrain.tensor.tensor import Tensor
from dtrain.tensor.view_call import can_view, make_view

if TYPE_CHECKING:
    from dtrain.tensor.op import Op, Plan

__all__ = ["make", "make_binary", "make_inplace", "make_single", "make_unary"]

_new = object.__new__
_TO_FLOAT = (float_cast, float_promote_cast, div_cast)
_NUMPY_ERRORS = (ValueError, TypeError, IndexError)


def make(op: Op) -> Callable[..., Any]:
    """Return the function that users call for an operator."""
    if op.kind.fast == "binary":
        return make_binary(op)
    if op.kind.fast == "unary":
        return make_unary(op)
    if op.kind.view and can_view(op):
        return make_view(op)
    if can_join(op):
        return make_join(op)
    if op.operands == (0,) and op.variadic is None and not op.joint:
        return make_single(op)
    return make_several(op)


def _raised(op: Op, values: Any, error: Exception) -> Exception:
    """Return what to raise for an error that a kernel raised."""
    return error if type(error).__module__.startswith("dtrain") else explain(op, values, error)


def _head_and_tail(op: Op, plan: Plan) -> tuple[tuple[int, ...] | None, tuple[Any, ...]]:
    """Split what a node saves into operands (or the result) and options, at their defaults.

    The head is None where shapes, dtypes or another order ask for the general `save`.
    """
    operands = len(op.operands)
    head = tuple([i for i, what in plan.saves if what == "value" and i < operands])
    options = plan.saves[len(head) :]
    if any(what != "value" or i < operands for i, what in options) or head != tuple(
        [i for i, _ in plan.saves[: len(head)]]
    ):
        return None, ()
    return head, tuple([op.defaults[i] for i, _ in options])


def _kinds(op: Op) -> str:
    """Return NumPy's kinds of the dtypes that need neither a cast nor widening."""
    return "fc" + ("" if op.kind.widen else "V") + ("" if op.kind.cast in _TO_FLOAT else "biu")


def make_several(op: Op) -> Callable[..., Any]:
    """Return the call of an operator on tensors and options that need no conversion."""
    kernels, operands, cast = op.kernels, op.operands, op.kind.cast
    defaults, required, index, count = op.defaults, op.required, op.index, len(op.params)
    free = {keep: len(operands), rest_cast: 1}.get(cast, 0)  # operands of any type
    kinds = "f" if op.kind.widen else "fV"
    if op.variadic is not None or op.varargs is not None or cast is div_cast or not operands:
        return lambda *args, **kw: general(op, args, kw)

    def call(*args: Any, **kw: Any) -> Any:
        given = len(args)
        if not required <= given <= count:
            return general(op, args, kw)
        values = [*args, *defaults[given:]]
        for key, value in kw.items():
            i = index.get(key)
            if i is None or i < given:
                return general(op, args, kw)
            values[i] = value
        arrays, cls, common = values.copy(), None, None
        for n, i in enumerate(operands):
            v = values[i]
            if isinstance(v, Tensor):
                a = arrays[i] = v._a
                d = a.dtype
                if cls is None:
                    cls = a.__class__
                elif cls is not a.__class__:
                    return general(op, args, kw)
                if n >= free:
                    if common is None:
                        common = d
                    if d is not common or d.kind not in kinds:
                        return general(op, args, kw)
                elif d.kind == "V":
                    return general(op, args, kw)
            elif v is not None and (
                n < free or (v.__class__ is not float and v.__class__ is not int)
            ):
                return general(op, args, kw)
        if cls is None or (common is None and free < len(operands)):
            return general(op, args, kw)
        try:
            y = kernels[cls](*arrays)
        except _NUMPY_ERRORS as error:
            raise _raised(op, values, error) from None
        return finish(op, values, arrays, cls, y)

    return call


def make_single(op: Op) -> Callable[..., Any]:
    """Return the call of an operator on one tensor and options: reductions, views, activations."""
    kernels, node_class, kind = op.kernels, op.node_class, op.kind
    defaults, required, index, at = op.defaults, op.required, op.index, op.varargs
    count = len(op.params)
    plan = op.plan((True,)) if op.rule_args == op.params[:1] else None
    saves = plan.saves if plan else ()
    kinds, view = _kinds(op), kind.view

    def call(*args: Any, **kw: Any) -> Any:
        if at is not None and len(args) > at and args[at].__class__ is int:
            args = (*args[:at], args[at:])
        given = len(args)
        if not required <= given <= count or not isinstance(args[0], Tensor):
            return general(op, args, kw)
        values = [*args, *defaults[given:]]
        for key, value in kw.items():
            i = index.get(key)
            if i is None or i < given:
                return general(op, args, kw)
            values[i] = value
        input: Tensor = args[0]
        a = values[0] = input._a
        cls = a.__class__
        if a.dtype.kind not in kinds:
            return general(op, args, kw)
        try:
            y = kernels[cls](*values)
        except _NUMPY_ERRORS as error:
            raise _raised(op, [input, *values[1:]], error) from None
        if y.__class__ is not cls:
            if y.__class__ is tuple:
                return finish(op, [input, *values[1:]], values, cls, y)
            y = as_array(cls, y)
        if y is a and view:
            return input
        t: Tensor = _new(Tensor)
        t._a = y
        t._node = t._cell = t._base = t._more = None
        if view and y.base is not None and shares(y, a):
            track_view(t, input)
        n = input._node
        if n is None or plan is None or not MODE.grad or y.dtype.kind not in "fcV":
            return t
        node: Node = _new(node_class)
        node.plan = plan
        node.edges = (n,)
        node.hooks = node.meta = node.shapes = None
        node.seq = next_seq()
        saved: list[Any] = []
        checks: tuple[Any, ...] = ()
        for i, what in saves:
            if what == "shape":
                saved.append(a.shape)
            elif i > 0:
                saved.append(values[i])
            elif what == "value":
                kept, bare = (input, a) if i == 0 else (t, y)
                cell = kept._cell or new_version(kept)
                saved.append(bare)
                checks += (cell, cell[0])
            else:
                saved.append(a.dtype)
        node.saved = tuple(saved)
        node.checks = checks
        t._node = node
        return t

    return call


def make_unary(op: Op) -> Callable[..., Any]:
    """Return the call of an elementwise operator on one tensor."""
    kernels, node_class, defaults = op.plain_kernels, op.node_class, op.defaults[1:]
    plan = op.plan((True,)) if op.rule_args == op.params[:1] else None
    head, tail = _head_and_tail(op, plan) if plan else ((), ())
    kinds = _kinds(op)
    longer = make_single(op) if len(op.params) > 1 else None
    needs_options = op.required > 1

    def call(*args: Any, **kw: Any) -> Any:
        if kw or len(args) != 1 or needs_options:
            return general(op, args, kw) if longer is None else longer(*args, **kw)
        input = args[0]
        if not isinstance(input, Tensor):
            return general(op, args, kw)
        a = input._a
        cls = a.__class__
        if a.dtype.kind not in kinds:
            return general(op, args, kw)
        try:
            y = kernels[cls](a)
        except _NUMPY_ERRORS as error:
            raise _raised(op, args, error) from None
        if y.__class__ is not cls:
            y = as_array(cls, y)
        t: Tensor = _new(Tensor)
        t._a = y
        t._cell = t._base = t._more = None
        n = input._node
        if n is None or plan is None or not MODE.grad:
            t._node = None
            return t
        node: Node = _new(node_class)
        node.plan = plan
        node.edges = (n,)
        node.hooks = node.meta = node.shapes = None
        node.seq = next_seq()
        if head == (-1,):
            cell = t._cell = [0, None]
            node.saved = (y, *tail)
            node.checks = (cell, 0)
        elif head == (0,):
            cell = input._cell or new_version(input)
            node.saved = (a, *tail)
            node.checks = (cell, cell[0])
        elif head == ():
            node.saved, node.checks = tail, ()
        else:
            save(node, plan, [input, *defaults], [a, *defaults], t)
        t._node = node
        return t

    return call


def make_binary(op: Op, operator: bool = False) -> Callable[..., Any]:
    """Return the call of a broadcasting operator on two tensors, or a tensor and a number.

    As an `operator` (a + b) it answers NotImplemented to operands it does not know.
    """
    kernels, node_class, defaults = op.plain_kernels, op.node_class, op.defaults[2:]
    plans: dict[int, tuple[Any, ...]] = {}
    if op.rule_args == op.params[:2]:
        for m in (1, 2, 3):
            plan = op.plan((bool(m & 1), bool(m & 2)))
            plans[m] = plan, *_head_and_tail(op, plan)
    kinds, joint = _kinds(op), op.joint is not None
    longer = make_several(op)
    second, first = op.kind.numbers != "none", op.kind.numbers == "all"  # may be numbers

    def call(*args: Any, **kw: Any) -> Any:
        if kw or len(args) != 2:
            return longer(*args, **kw)
        input, other = args
        n = m = None
        if isinstance(input, Tensor):
            a = input._a
            cls, d = a.__class__, a.dtype
            n = input._node
            if isinstance(other, Tensor):
                b = other._a
                if b.dtype is not d or b.__class__ is not cls or d.kind not in kinds:
                    return general(op, args, kw)
                m = other._node
            elif second and d.kind == "f" and (other.__class__ is float or other.__class__ is int):
                b = other
            elif operator and not isinstance(other, OPERANDS):
                return NotImplemented
            else:
                return general(op, args, kw)
        elif first and input.__class__ in (float, int) and isinstance(other, Tensor):
            a, b = input, other._a
            cls, d = b.__class__, b.dtype
            if d.kind != "f":
                return general(op, args, kw)
            m = other._node
        else:
            return general(op, args, kw)
        try:
            y = kernels[cls](a, b)
        except _NUMPY_ERRORS as error:
            raise _raised(op, args, error) from None
        if y.__class__ is not cls:
            y = as_array(cls, y)
        t: Tensor = _new(Tensor)
        t._a = y
        t._cell = t._base = t._more = None
        if (n is None and m is None) or not plans or not MODE.grad:
            t._node = None
            return t
        node: Node = _new(node_class)
        if m is None:
            plan, head, tail = plans[1]
            node.edges, node.shapes = (n,), (a.shape,)
        elif n is None:
            plan, head, tail = plans[2]
            node.edges = (None, m) if joint else (m,)  # a joint rule answers for both
            node.shapes = (b.shape,)
        else:
            plan, head, tail = plans[3]
            node.edges, node.shapes = (n, m), (a.shape, b.shape)
        node.plan = plan
        node.hooks = node.meta = None
        node.seq = next_seq()
        if head == ():
            node.saved, node.checks = tail, ()
        elif head == (1,) or head == (0,):
            kept, bare = (input, a) if head == (0,) else (other, b)
            node.saved = (bare, *tail)
            if bare is kept:
                node.checks = ()
            else:
                cell = kept._cell or new_version(kept)
                node.checks = (cell, cell[0])
        elif (head == (0, 1) or head == (1, 0)) and a is not input and b is not other:
            node.saved = (a, b, *tail) if head == (0, 1) else (b, a, *tail)
            cell = input._cell or new_version(input)
            same = other._cell or new_version(other)
            node.checks = (cell, cell[0], same, same[0])
        else:
            save(node, plan, [input, other, *defaults], [a, b, *defaults], t)
        t._node = node
        return t

    return call


def make_inplace(op: Op) -> Callable[..., Any]:
    """Return the `name_` form of an operator."""
    from dtrain.tensor.inplace import run_inplace

    def call(input: Any, *args: Any, **kw: Any) -> Any:
        return run_inplace(op, input, args, kw)

    return call

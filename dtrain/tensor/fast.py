"""The shorter ways through a call, for the calls that make up most of a program.

`dtrain.tensor.call.general` can do every call. What is made here skips whatever cannot apply: to
tensors and options that need no conversion (`make_single`, `make_several`), to an elementwise
operator on one tensor (`make_unary`) or on two of the same type (`make_binary`). Results, errors
and the recorded graph are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dtrain.tensor.call import OPERANDS, as_array, explain, finish, general, save, shares
from dtrain.tensor.grad_mode import INFERRING, MODE
from dtrain.tensor.graph import (
    WATCHERS,
    Node,
    mark_inference,
    new_version,
    next_seq,
    track_view,
    watch,
)  # fmt: skip
from dtrain.tensor.promote import div_cast, float_cast, float_promote_cast, keep, rest_cast
from dtrain.tensor.saver import Saver
from dtrain.tensor.tensor import Tensor
from dtrain.tensor.view_call import can_view, make_view

if TYPE_CHECKING:
    from dtrain.tensor.op import Op, Plan

__all__ = ["make", "make_binary", "make_inplace", "make_several", "make_single", "make_unary"]

_new = object.__new__
_TO_FLOAT = (float_cast, float_promote_cast, div_cast)
_BOTH = ((0, 1), (1, 0))
_ONLY = (True,)
_NUMPY_ERRORS = (ValueError, TypeError, IndexError)


def make(op: Op) -> Callable[..., Any]:
    """Return the function that users call for an operator."""
    if op.kind.fast == "binary":
        return make_binary(op)
    if op.kind.fast == "unary":
        return make_unary(op)
    if op.variadic is not None or op.kind.cast is div_cast or not op.operands:
        return lambda *args, **kw: general(op, args, kw)
    if op.kind.view and can_view(op):
        return make_view(op)
    if op.operands == (0,) and not op.joint:
        return make_single(op)
    return make_several(op)


def make_inplace(op: Op) -> Callable[..., Any]:
    """Return the `name_` form of an operator."""
    from dtrain.tensor.inplace import run_inplace

    return lambda input, *args, **kw: run_inplace(op, input, args, kw)


# ---- what the ways share ----


def _raised(op: Op, values: Any, error: Exception) -> Exception:
    """Return what to raise for an error that a kernel raised."""
    return error if type(error).__module__.startswith("dtrain") else explain(op, values, error)


def _kinds(op: Op) -> str:
    """Return NumPy's kinds of the dtypes that need neither a cast nor widening."""
    return "fc" + ("" if op.kind.widen else "V") + ("" if op.kind.cast in _TO_FLOAT else "biu")


def _place(options: list[Any], kw: dict[str, Any], given: int, index: dict[str, int]) -> bool:
    """Put keyword arguments into their places; False where `general` has to judge one."""
    for key, value in kw.items():
        i = index.get(key)
        if i is None or i < given:
            return False
        options[i - 1] = value
    return True


# ---- any operator on tensors that need no conversion ----


def make_several(op: Op) -> Callable[..., Any]:  # noqa: C901 (hot)
    """Return the call of an operator on several tensors and options."""
    kernels, operands, defaults, index = op.kernels, op.operands, op.defaults, op.index
    required, count = op.required, len(op.params)
    free = {keep: len(operands), rest_cast: 1}.get(op.kind.cast, 0)  # operands of any type
    kinds = "f" if op.kind.widen else "fV"
    if op.varargs is not None:
        return lambda *args, **kw: general(op, args, kw)

    def unwrapped(values: list[Any]) -> tuple[list[Any], type | None]:
        """Return the bare arrays and their class; None where a conversion may be needed."""
        arrays, cls, common = values.copy(), None, None
        for n, i in enumerate(operands):
            v = values[i]
            if isinstance(v, Tensor):
                a = arrays[i] = v._a
                d = a.dtype
                if cls is not a.__class__:
                    if cls is not None:
                        return arrays, None
                    cls = a.__class__
                if n < free:
                    if d.kind == "V":
                        return arrays, None
                elif common is None and d.kind in kinds:
                    common = d
                elif d is not common:
                    return arrays, None
            elif v is not None and (n < free or v.__class__ not in (float, int)):
                return arrays, None
        return arrays, cls if common is not None or free == len(operands) else None

    def call(*args: Any, **kw: Any) -> Any:
        given = len(args)
        if not required <= given <= count or not given:
            return general(op, args, kw)
        values = [*args[1:], *defaults[given:]]
        if kw and not _place(values, kw, given, index):
            return general(op, args, kw)
        values.insert(0, args[0])
        arrays, cls = unwrapped(values)
        if cls is None:
            return general(op, args, kw)
        try:
            y = kernels[cls](*arrays)
        except _NUMPY_ERRORS as error:
            raise _raised(op, values, error) from None
        return finish(op, values, arrays, cls, y)

    return call


def make_single(op: Op) -> Callable[..., Any]:  # noqa: C901 (hot)
    """Return the call of an operator on one tensor and options: reductions, activations."""
    kernels, defaults, index, at = op.kernels, op.defaults, op.index, op.varargs
    required, count = op.required, len(op.params)
    has_rule, kinds, view = op.rule_args == op.params[:1], _kinds(op), op.kind.view

    def call(*args: Any, **kw: Any) -> Any:  # noqa: C901 (hot)
        if at is not None and len(args) > at and args[at].__class__ is int:
            args = (*args[:at], args[at:])
        given = len(args)
        if not required <= given <= count or not isinstance(args[0], Tensor):
            return general(op, args, kw)
        input: Tensor = args[0]
        a = input._a
        cls = a.__class__
        if a.dtype.kind not in kinds:
            return general(op, args, kw)
        options: Any = ()
        if given > 1 or kw:
            options = [*args[1:], *defaults[given:]]
            if kw and not _place(options, kw, given, index):
                return general(op, args, kw)
        try:
            y = kernels[cls](a, *options)
        except _NUMPY_ERRORS as error:
            raise _raised(op, [input, *options], error) from None
        if y.__class__ is not cls:
            if y.__class__ is tuple:
                options = options or defaults[1:]
                return finish(op, [input, *options], [a, *options], cls, y)
            y = as_array(cls, y)
        if view and y is a:
            return input
        t: Tensor = _new(Tensor)
        t._a = y
        t._node = t._cell = t._base = t._more = None
        if INFERRING:
            mark_inference(t)
        if view and y.base is not None and shares(y, a):
            track_view(t, input)
        if input._node is not None and has_rule and MODE.grad and y.dtype.kind in "fcV":
            _record_single(op.plan(_ONLY), options or defaults[1:], input, t)
        return t

    return call


def _record_single(plan: Plan, options: Any, input: Tensor, result: Tensor) -> None:
    """Hang a node on the result of an operator on one tensor."""
    node: Node = _new(plan.op.node_class)
    node.plan = plan
    node.edges = (input._node,)
    node.hooks = node.meta = node.shapes = None
    node.seq = next_seq()
    saved: list[Any] = []
    checks: tuple[Any, ...] = ()
    for i, what in plan.saves:
        if what == "shape":
            saved.append(input._a.shape)
        elif i > 0:
            saved.append(options[i - 1])
        elif what == "value":
            kept = input if i == 0 else result
            cell = kept._cell or new_version(kept)
            saved.append(kept._a)
            checks += (cell, cell[0])
        else:
            saved.append(input._a.dtype)
    node.saved, node.checks = tuple(saved), checks
    result._node = node
    if WATCHERS:
        watch(node)


# ---- elementwise ----


def make_unary(op: Op) -> Callable[..., Any]:
    """Return the call of an elementwise operator on one tensor."""
    kernels = op.plain_kernels
    has_rule = op.rule_args == op.params[:1]
    saver: Saver | None = None  # made when it is first needed: import is quicker without
    kinds, needs_options = _kinds(op), op.required > 1
    longer = make_single(op)

    def call(*args: Any, **kw: Any) -> Any:
        if kw or len(args) != 1 or needs_options or not isinstance(args[0], Tensor):
            return longer(*args, **kw)
        input = args[0]
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
        t._node = t._cell = t._base = t._more = None
        if INFERRING:
            mark_inference(t)
        if input._node is not None and has_rule and MODE.grad:
            nonlocal saver
            if saver is None:
                saver = Saver(op, op.plan(_ONLY))
            _record_unary(saver, input, t)
        return t

    return call


def _record_unary(saver: Saver, input: Tensor, result: Tensor) -> None:
    """Hang a node on the result of an elementwise operator on one tensor."""
    plan, head = saver.plan, saver.head
    op = plan.op
    node: Node = _new(op.node_class)
    node.plan = plan
    node.edges = (input._node,)
    node.hooks = node.meta = node.shapes = None
    node.seq = next_seq()
    if head == (-1,):
        cell = result._cell = [0, None]
        node.saved = (result._a, *saver.tail)
        node.checks = (cell, 0)
    elif head == (0,):
        cell = input._cell or new_version(input)
        node.saved = (input._a, *saver.tail)
        node.checks = (cell, cell[0])
    elif head == ():
        node.saved, node.checks = saver.tail, ()
    else:
        save(node, plan, [input, *op.defaults[1:]], [input._a, *op.defaults[1:]], result)
    result._node = node
    if WATCHERS:
        watch(node)


def make_binary(op: Op, operator: bool = False) -> Callable[..., Any]:  # noqa: C901, PLR0915 (hot)
    """Return the call of an operator on two tensors, or a tensor and a number.

    As an `operator` (a + b) it answers NotImplemented to operands it does not know.
    """
    kernels, kinds, longer = op.plain_kernels, _kinds(op), make_several(op)
    has_rules = op.rule_args == op.params[:2]
    if op.rule_args and not has_rules:
        return longer
    savers: dict[tuple[bool, bool], Saver] = {}  # filled as they are needed
    second, first = op.kind.numbers != "none", op.kind.numbers == "all"  # may be numbers

    def call(*args: Any, **kw: Any) -> Any:  # noqa: C901, PLR0912 (hot)
        if kw or len(args) != 2:
            return longer(*args, **kw)
        input, other = args
        if isinstance(input, Tensor):
            a = input._a
            cls, d = a.__class__, a.dtype
            if isinstance(other, Tensor):
                b = other._a
                if b.dtype is not d or b.__class__ is not cls or d.kind not in kinds:
                    return general(op, args, kw)
            elif second and d.kind == "f" and (other.__class__ is float or other.__class__ is int):
                b = other
            elif operator and not isinstance(other, OPERANDS):
                return NotImplemented
            else:
                return general(op, args, kw)
        elif first and input.__class__ in {float, int} and isinstance(other, Tensor):
            a, b = input, other._a
            cls = b.__class__
            if b.dtype.kind != "f":
                return general(op, args, kw)
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
        t._node = t._cell = t._base = t._more = None
        if INFERRING:
            mark_inference(t)
        if has_rules and MODE.grad:
            n = None if a is input else input._node
            m = None if b is other else other._node
            if n is not None or m is not None:
                wanted = (n is not None, m is not None)
                saver = savers.get(wanted)
                if saver is None:
                    saver = savers[wanted] = Saver(op, op.plan(wanted))
                _record_binary(saver, args, n, m, t)
        return t

    return call


def _record_binary(saver: Saver, args: tuple[Any, ...], n: Any, m: Any, result: Tensor) -> None:
    """Hang a node on the result of an operator on two operands with the nodes `n` and `m`."""
    input, other = args
    plan, head = saver.plan, saver.head
    op = plan.op
    node: Node = _new(op.node_class)
    if op.joint:  # its rule answers for both
        node.edges, node.shapes = (n, m), None
    elif m is None:
        node.edges, node.shapes = (n,), (input._a.shape,)
    elif n is None:
        node.edges, node.shapes = (m,), (other._a.shape,)
    else:
        node.edges, node.shapes = (n, m), (input._a.shape, other._a.shape)
    node.plan = plan
    node.hooks = node.meta = None
    node.seq = next_seq()
    node.checks = ()
    if head == ():
        node.saved = saver.tail
    elif head == (1,) or head == (0,):  # noqa: PLR1714 (hot)
        kept = args[head[0]]
        if isinstance(kept, Tensor):
            cell = kept._cell or new_version(kept)
            node.saved = (kept._a, *saver.tail)
            node.checks = (cell, cell[0])
        else:
            node.saved = (kept, *saver.tail)
    elif head in _BOTH and n is not None and m is not None:
        one, two = args[head[0]], args[head[1]]
        cell = one._cell or new_version(one)
        same = two._cell or new_version(two)
        node.saved = (one._a, two._a, *saver.tail)
        node.checks = (cell, cell[0], same, same[0])
    else:
        bare = [x._a if isinstance(x, Tensor) else x for x in args]
        save(node, plan, [*args, *op.defaults[2:]], [*bare, *op.defaults[2:]], result)
    result._node = node
    if WATCHERS:
        watch(node)

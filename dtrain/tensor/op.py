"""One operator, one place: the `@op` decorator, its kinds, and the registry.

    @op(BINARY, input=lambda F, g, other: g * other, other=lambda F, g, input: g * input)
    def mul(xp: Xp, input: Array, other: Array, out: Array = None) -> Array:
        \"\"\"Multiply two tensors element by element.\"\"\"
        return xp.multiply(input, other, out=out)

The body works on bare arrays of the module `xp`; the annotation `Array` (or `Arrays`, a sequence)
says which parameters are tensors. A rule gives the gradient of the argument it is named after: the
names behind `g` are what backward needs and all that is kept alive. They are arguments and options,
`result`, an output's name, or `<argument>_shape` and `<argument>_dtype`. `F` holds every operator:
on bare arrays in a plain backward, on tensors (recording) under create_graph, so one rule serves
both orders. Rules are written for real numbers; saved complex arrays come conjugated, which is
torch's convention for every holomorphic operator (the others say `holomorphic=False`).

From the body come the function, the method, the in-place form `name_`, and `out=`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import MethodType
from typing import Any, TypeVar

from dtrain.backend.kernels import KERNELS
from dtrain.backend.module import module_of
from dtrain.errors import OpTypeError
from dtrain.tensor import fast
from dtrain.tensor.autocast import guard
from dtrain.tensor.call import OPERANDS
from dtrain.tensor.grad_mode import MODE
from dtrain.tensor.graph import Node
from dtrain.tensor.methods import Methods
from dtrain.tensor.promote import (
    compare_cast,
    float_cast,
    float_promote_cast,
    keep,
    promote_cast,
)
from dtrain.tensor.results import named_result
from dtrain.tensor.signature import NO_DEFAULT, parameters
from dtrain.typing import Rule

Fn = TypeVar("Fn", bound=Callable[..., Any])

__all__ = [
    "BINARY",
    "BINARY_FLOAT",
    "COMPARE",
    "GRAPH",
    "INTERNAL",
    "LOGIC",
    "PLAIN",
    "RAW",
    "REDUCE",
    "REGISTRY",
    "TERNARY",
    "TEST",
    "UNARY",
    "UNARY_FLOAT",
    "VIEW",
    "Kind",
    "Op",
    "also",
    "attach",
    "attach_inplace",
    "function",
    "op",
]


@dataclass(frozen=True)
class Kind:
    """What a family of operators shares.

    Attributes:
        cast: How operand dtypes combine: a function of dtrain.tensor.promote.
        broadcast: Operands broadcast; gradients are summed back to each operand's shape.
        inplace: There is a `name_` form.
        out: The call accepts out=.
        view: The result may share memory with the first operand.
        method: There is a tensor method.
        widen: Where an operand is bfloat16, the body gets float32 and its result is rounded.
        numbers: Which operands may be Python numbers: "all", "other" (all but the first), "none".
        fast: Which accelerated call the operator gets: "", "unary" or "binary".
    """

    cast: Callable[..., Any] = keep
    broadcast: bool = False
    inplace: bool = False
    out: bool = True
    view: bool = False
    method: bool = True
    widen: bool = False
    numbers: str = "all"
    fast: str = ""


PLAIN = Kind()
VIEW = Kind(out=False, view=True)
INTERNAL = Kind(out=False, method=False)
REDUCE = Kind(widen=True)
UNARY = Kind(inplace=True, widen=True, fast="unary")
UNARY_FLOAT = Kind(float_cast, inplace=True, widen=True, fast="unary")
BINARY = Kind(promote_cast, broadcast=True, inplace=True, widen=True, fast="binary")
BINARY_FLOAT = Kind(float_promote_cast, broadcast=True, inplace=True, widen=True, fast="binary")
COMPARE = Kind(
    compare_cast, broadcast=True, inplace=True, widen=True, numbers="other", fast="binary"
)
LOGIC = Kind(broadcast=True, inplace=True, widen=True, numbers="none", fast="binary")
TEST = Kind(widen=True, fast="unary")
TERNARY = Kind(promote_cast, broadcast=True, inplace=True, widen=True)


class _KernelTable(dict[type, Callable[..., Any]]):
    """Array class -> the function that computes the operator on arrays of that class.

    `name` is the operator's in dtrain.backend.kernels; empty for the body alone.
    """

    def __init__(self, name: str, body: Callable[..., Any]) -> None:
        super().__init__()
        self.name, self.body = name, body

    def __missing__(self, cls: type) -> Callable[..., Any]:
        xp = module_of(cls)
        kernel = KERNELS.get((xp.__name__, self.name)) or MethodType(self.body, xp)
        self[cls] = kernel
        return kernel


@dataclass(frozen=True)
class Plan:
    """How nodes of one operator go backward, for one set of inputs that need a gradient.

    Attributes:
        op: The operator.
        saves: What a node keeps, as (position in the call or -1-k for output k, "value"/"shape"/
            "dtype").
        steps: For each gradient wanted: (rule, indices into the saved values).
        single: The only rule, where there is one gradient; it takes all saved values in order.
        joint: The rule gives all gradients at once, as a tuple over the operator's rule arguments.
        wanted: Which rule arguments need a gradient, in order.
        sources: For each saved value the edge of its argument; -1 for none, -2 for an output.
        many: The only rule gives a list, one gradient for each tensor of a sequence.
    """

    op: Op
    saves: tuple[tuple[int, str], ...]
    steps: tuple[tuple[Rule, tuple[int, ...]], ...]
    single: Rule | None
    joint: Rule | None
    wanted: tuple[bool, ...]
    sources: tuple[int, ...]
    many: bool


class Op:
    """The record of one operator: its body, parameters and rules, and what was made of them."""

    def __init__(
        self, name: str, kind: Kind, body: Callable[..., Any], rules: dict[str, Rule],
        joint: tuple[tuple[str, ...], Rule] | None, returns: tuple[str, ...],
        varargs: str | None, holomorphic: bool, node: str | None,
    ) -> None:  # fmt: skip
        names, self.defaults, self.annotations = parameters(body, 1)
        self.native_out = "out" in names
        self.name, self.kind, self.body = name, kind, body
        self.params = tuple(p for p in names if p != "out")
        self.index = {p: i for i, p in enumerate(self.params)}
        self.required = self.defaults.count(NO_DEFAULT)
        self.operands = tuple(i for i, a in enumerate(self.annotations) if a == "Array")
        first_number = {"all": 0, "other": 1, "none": len(self.params)}[kind.numbers]
        self.tensors_only = self.operands[:first_number]
        self.variadic = next((i for i, a in enumerate(self.annotations) if a == "Arrays"), None)
        self.varargs = None if varargs is None else self.index[varargs]
        self.returns, self.holomorphic = returns, holomorphic
        self.returned = named_result(name, returns) if returns else tuple
        self.rules, self.joint = rules, joint
        self.rule_args = joint[0] if joint else tuple(p for p in self.params if p in rules)
        self.rule_positions = tuple(self.index[p] for p in self.rule_args)
        self.plain_kernels = self.kernels = _KernelTable(name, body)
        if kind.fast and len(self.params) > len(self.operands):
            self.kernels = _KernelTable("", body)  # a ufunc serves the calls without options
        self._node_name = node
        self.plans: dict[Any, Plan] = {}
        self.call: Callable[..., Any]
        self.inplace: Callable[..., Any] | None = None

    @cached_property
    def node_class(self) -> type[Node]:
        """The class of this operator's nodes, which differ in name only."""
        camel = "".join(w[:1].upper() + w[1:] for w in self.name.split("_"))
        return type(self._node_name or f"{camel}Backward0", (Node,), {"__slots__": ()})

    def plan(self, wanted: tuple[bool, ...]) -> Plan:
        """Return (and keep) the plan for the rule arguments that need a gradient."""
        plan = self.plans.get(wanted)
        if plan is None:
            plan = self.plans[wanted] = self._make_plan(wanted)
        return plan

    def _make_plan(self, wanted: tuple[bool, ...]) -> Plan:
        if self.joint:
            chosen = [self.joint[1]]
        else:
            chosen = [self.rules[p] for p, w in zip(self.rule_args, wanted, strict=True) if w]
        skip = 3 if self.joint else 2  # a joint rule takes F, g, wanted
        saves: list[tuple[int, str]] = []
        steps = []
        for rule in chosen:
            picks = []
            for name in parameters(rule, skip)[0]:
                item = self._resolve(name)
                if item not in saves:
                    saves.append(item)
                picks.append(saves.index(item))
            steps.append((rule, tuple(picks)))
        single = chosen[0] if len(chosen) == 1 and not self.joint else None
        if single and steps[0][1] != tuple(range(len(saves))):
            single = None
        return Plan(
            self, tuple(saves), tuple(steps), single, self.joint[1] if self.joint else None,
            wanted, tuple(self._source(s, wanted) for s in saves),
            self.variadic is not None and self.variadic in self.rule_positions,
        )  # fmt: skip

    def _source(self, item: tuple[int, str], wanted: tuple[bool, ...]) -> int:
        position, what = item
        if what != "value":
            return -1
        if position < 0:
            return -2
        if position not in self.rule_positions:
            return -1
        k = self.rule_positions.index(position)
        if not wanted[k if len(wanted) > 1 else 0]:
            return -1
        return k if self.joint else sum(wanted[:k])

    def _resolve(self, name: str) -> tuple[int, str]:
        if name in self.index:
            return self.index[name], "value"
        if name == "result":
            return -1, "value"
        if name in self.returns:
            return -1 - self.returns.index(name), "value"
        for what in ("shape", "dtype"):
            if name.endswith("_" + what) and name[: -len(what) - 1] in self.index:
                return self.index[name[: -len(what) - 1]], what
        raise TypeError(f"rule of {self.name}: {name!r} is no argument, output or result")


class _Namespace:
    """Every operator under its name, looked up on first use."""

    def __init__(self, find: Callable[[str], Callable[..., Any]]) -> None:
        self._find = find

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in REGISTRY:
            raise AttributeError(f"F.{name}: there is no operator of that name")
        found = self._find(name)
        setattr(self, name, found)
        return found


REGISTRY: dict[str, Op] = {}
GRAPH = _Namespace(lambda name: REGISTRY[name].call)
"""F under create_graph: operators on tensors, which record."""


class _RawNamespaces(dict[type, _Namespace]):
    def __missing__(self, cls: type) -> _Namespace:
        xp = module_of(cls)
        if xp.ndarray is not cls and xp.ndarray in self:
            space = self[xp.ndarray]  # NumPy's scalars
        else:
            array = xp.ndarray
            space = _Namespace(lambda name: REGISTRY[name].kernels[array])
            self[array] = space
        self[cls] = space
        return space


RAW = _RawNamespaces()
"""Array class -> F on bare arrays."""


def op(
    kind: Kind = PLAIN,
    *,
    name: str | None = None,
    joint: tuple[tuple[str, ...], Rule] | None = None,
    returns: tuple[str, ...] = (),
    varargs: str | None = None,
    holomorphic: bool = True,
    node: str | None = None,
    operator: str | None = None,
    **rules: Rule,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Turn `fn(xp, *arrays, **options)` into an operator on tensors.

    Args:
        kind: What the operator shares with its family.
        name: Its name in the registry, where the function's own is taken.
        joint: ((argument, ...), rule) for a rule that gives several gradients at once:
            rule(F, g, wanted, *saved) -> one gradient or None per argument.
        returns: Field names of a named-tuple result.
        varargs: The parameter that also takes its items one by one, as x.view(2, 3).
        holomorphic: False where the rules deal with complex numbers themselves.
        node: The name that torch prints for the node, where it is not CamelCaseBackward0.
        operator: The Python operator that it is, for example "add" for __add__ and its kin.
        **rules: One derivative rule per argument.
    """

    def decorate(body: Callable[..., Any]) -> Callable[..., Any]:
        record = Op(
            name or body.__name__, kind, body, rules, joint, returns, varargs, holomorphic, node
        )
        record.call = guard(record.name, fast.make(record))
        REGISTRY[record.name] = record
        _dress(record.call, record)
        if kind.inplace:
            record.inplace = fast.make_inplace(record)
            _dress(record.inplace, record, "_")
        if kind.method:
            setattr(Methods, record.name, record.call)
            if record.inplace:
                setattr(Methods, record.name + "_", record.inplace)
        if operator:
            _attach_operator(record, operator)
        return record.call

    return decorate


def _attach_operator(record: Op, name: str) -> None:
    if record.kind.fast == "unary":
        setattr(Methods, f"__{name}__", record.call)
        return
    forward = guard(record.name, fast.make_binary(record, operator=True))

    def reflected(self: Any, other: Any) -> Any:
        if not isinstance(self, Methods):
            raise OpTypeError(f"__r{name}__(): 'self' must be Tensor, not {type(self).__name__}")
        return forward(other, self) if isinstance(other, OPERANDS) else NotImplemented

    forward.op = reflected.op = record  # type: ignore[attr-defined]
    setattr(Methods, f"__{name}__", forward)
    if record.kind is COMPARE:
        return
    setattr(Methods, f"__r{name}__", reflected)
    if record.inplace:
        setattr(Methods, f"__i{name}__", record.inplace)


def _dress(fn: Any, record: Op, tail: str = "") -> None:
    fn.__name__ = fn.__qualname__ = record.name + tail
    fn.__doc__ = record.body.__doc__
    fn.__module__ = record.body.__module__
    fn.op = record


def function(fn: Fn) -> Fn:
    """Make a function composed of operators a tensor method as well."""
    attach(fn.__name__, fn)
    return fn


def attach_inplace(fn: Callable[..., Any], name: str = "") -> None:
    """Give a function composed of operators an in-place form: the tensor method `name_`."""

    def inplace(self: Any, *args: Any, **kw: Any) -> Any:
        source = self.clone() if MODE.grad else self  # fn may save what is about to be overwritten
        return self.copy_(fn(source, *args, **kw))

    inplace.__name__, inplace.__doc__ = name or fn.__name__ + "_", fn.__doc__
    attach(inplace.__name__, inplace)


def also(name: str, fn: Any) -> None:
    """Make an operator's method, and its in-place form, known under one more name."""
    setattr(Methods, name, fn)
    if fn.op.inplace:
        setattr(Methods, name + "_", fn.op.inplace)


def attach(name: str, fn: Any) -> None:
    """Make `fn(tensor, ...)`, or a property, the tensor method `name`.

    Raises:
        OpTypeError: There is one of that name.
    """
    if name in vars(Methods):
        raise OpTypeError(f"method {name} is defined twice")
    setattr(Methods, name, fn)

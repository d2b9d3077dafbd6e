"""What happens when an operator is called: bind, cast, unwrap, compute, wrap, record.

`general` does all of it for any operator; dtrain.tensor.fast puts shorter ways in front of it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dtrain.errors import (
    DeviceError,
    DtypeError,
    OpError,
    OpIndexError,
    OpTypeError,
    OpValueError,
    ShapeError,
)
from dtrain.tensor import dtype as dt
from dtrain.tensor.grad_mode import MODE
from dtrain.tensor.graph import WATCHERS, Node, Pick, new_version, next_seq, track_view, watch
from dtrain.tensor.shape_rules import dim_error
from dtrain.tensor.sparse_array import SparseArray
from dtrain.tensor.tensor import Tensor, wrap

if TYPE_CHECKING:
    from dtrain.tensor.op import Op, Plan

__all__ = [
    "OPERANDS", "SPARSE_FORMS", "as_array", "describe", "explain", "finish", "general", "record",
    "save", "shares",
]  # fmt: skip

# log(0) is -inf and 0/0 is nan, as the standard says; torch does not warn of it, NumPy does.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"dtrain\.")

_ALIASES = {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "self": "input"}
_new = object.__new__
_BOOL = np.dtype(bool)
SPARSE_FORMS: dict[str, Callable[..., Any]] = {}
"""What is called in place of an operator where an operand is sparse, by its name."""

_NUMPY_WORDS = {
    "subtract": "Subtraction, the `-` operator, with two bool tensors is not supported. Use the "
    "`^` or `logical_xor()` operator instead.",
    "negative": "Negation, the `-` operator, on a bool tensor is not supported. If you are trying "
    "to invert a mask, use the `~` or `logical_not()` operator instead.",
}
"""What torch says of the arithmetic that NumPy refuses on booleans, by NumPy's name for it."""

OPERANDS = (Tensor, bool, int, float, complex, np.ndarray, np.generic)


def bind(op: Op, args: tuple[Any, ...], kw: dict[str, Any]) -> list[Any]:
    """Return the arguments in the order of the operator's parameters.

    Raises:
        OpTypeError: An argument is missing, unknown, given twice or one too many.
    """
    at = op.varargs
    if at is not None and len(args) > at and not isinstance(args[at], (tuple, list)):
        args = (*args[:at], args[at:])
    given = len(args)
    values = [*args, *op.defaults[given:]]
    if not kw and op.required <= given <= len(op.params):
        return values
    if given > len(op.params):
        raise OpTypeError(
            f"{op.name}(): takes {len(op.params)} positional arguments but {given} were given"
        )
    seen = given
    for key, value in kw.items():
        i = op.index.get(key)
        if i is None:
            i = op.index.get(_ALIASES.get(key, ""))
        if i is None:
            raise OpTypeError(f"{op.name}() got an unexpected keyword argument '{key}'")
        if i < given:
            raise OpTypeError(f"{op.name}() got multiple values for argument '{key}'")
        values[i] = value
        seen += i < op.required
    if seen < op.required:
        missing = [
            p for i, p in enumerate(op.params[: op.required])
            if i >= given and p not in kw and p not in {_ALIASES.get(k) for k in kw}
        ]  # fmt: skip
        if missing:
            raise OpTypeError(f"{op.name}() missing required arguments: {', '.join(missing)}")
    return values


def unwrap(op: Op, values: list[Any]) -> tuple[list[Any], type]:
    """Return the bare arrays and options, and the array class that computes.

    Raises:
        OpTypeError: An operand is no tensor and cannot stand for one.
        DeviceError: The operands lie on different devices.
    """
    arrays = list(values)
    cls: type | None = None
    for i in op.operands:
        v = values[i]
        if isinstance(v, Tensor):
            a = arrays[i] = v._a
            if cls is None or cls is a.__class__:
                cls = a.__class__
            elif SparseArray in (cls, a.__class__):
                cls = SparseArray
            elif a.ndim == 0 and a.__class__ is np.ndarray:
                arrays[i] = a.item()  # a 0-d CPU tensor goes anywhere, as in torch
            else:
                raise DeviceError(
                    f"{describe(op, values)}: expected all tensors to be on the same device"
                )
    if op.variadic is not None:
        given = values[op.variadic]
        if not isinstance(given, (tuple, list)) or not all(isinstance(t, Tensor) for t in given):
            raise OpTypeError(
                f"{op.name}(): argument '{op.params[op.variadic]}' must be tuple of Tensors, "
                f"not {type(given).__name__}"
            )
        arrays[op.variadic] = [t._a for t in given]
        if given:
            cls = given[0]._a.__class__
        else:
            raise OpValueError(f"torch.{op.name}(): expected a non-empty list of Tensors")
    if cls is None:
        at = op.operands[0] if op.operands else op.variadic or 0
        raise type_error(op, at, values[at])
    return arrays, cls


def type_error(op: Op, at: int, value: Any) -> OpTypeError:
    """Return the error for an argument that should be a tensor."""
    return OpTypeError(
        f"{op.name}(): argument '{op.params[at]}' (position {at + 1}) must be Tensor, not "
        f"{type(value).__name__}"
    )


def describe(op: Op, values: Sequence[Any]) -> str:
    """Return "name(arg: dtype[shape], ...)" for error messages."""
    parts = []
    for p, v in zip(op.params, values, strict=False):
        if isinstance(v, Tensor):
            parts.append(f"{p}: {dt.of(v._a.dtype).name}{list(v._a.shape)}")
        elif isinstance(v, (list, tuple)) and v and isinstance(v[0], Tensor):
            parts.append(f"{p}: [{', '.join(str(list(t._a.shape)) for t in v[:4])}]")
        elif v is not None:
            parts.append(f"{p}={v!r}"[:60])
    return f"{op.name}({', '.join(parts)})"


def explain(op: Op, values: Sequence[Any], error: Exception) -> Exception:
    """Return the error to raise in place of one that an operator's body raised."""
    where = describe(op, values)
    if op.kind.broadcast and isinstance(error, ValueError):
        shapes = [v._a.shape for v in values if isinstance(v, Tensor)]
        for i in range(1, 1 + max(map(len, shapes), default=0)):
            sizes = [s[-i] for s in shapes if len(s) >= i and s[-i] != 1]
            if len(set(sizes)) > 1:
                dim = max(map(len, shapes)) - i
                return ShapeError(
                    f"{where}: The size of tensor a ({sizes[0]}) must match the size of tensor b "
                    f"({sizes[1]}) at non-singleton dimension {dim}"
                )
    if isinstance(error, np.exceptions.AxisError) and error.ndim is not None:
        return dim_error(where, error.axis or 0, error.ndim)
    classes: dict[type, type[Exception]] = {
        ValueError: ShapeError, TypeError: OpTypeError, IndexError: OpIndexError,
        np.linalg.LinAlgError: ShapeError,
    }  # fmt: skip
    text = str(error).replace(" axis ", " dimension ")
    if text.startswith(("could not convert string", "invalid literal for int")):
        return OpTypeError(f"{where}: {text}")
    refused = re.match(r"(?:The )?numpy boolean (\w+)|ufunc '(\w+)'", text)
    if refused:
        words = _NUMPY_WORDS.get(refused[1] or "", "not implemented for operands of these types")
        return DtypeError(f"{where}: {words}")
    return classes.get(type(error), ShapeError)(f"{where}: {text}")


def run(op: Op, values: list[Any], arrays: list[Any], cls: type) -> Any:
    """Compute on bare arrays; NumPy's errors leave as ours."""
    try:
        if op.kind.widen and has_bfloat16(op, arrays):
            return run_wide(op, values, arrays, cls)
        return op.kernels[cls](*arrays)
    except (ValueError, TypeError, IndexError, np.linalg.LinAlgError) as error:
        if type(error).__module__.startswith("dtrain"):
            raise
        raise explain(op, values, error) from None
    except MemoryError as error:
        raise OpError(f"{describe(op, values)}: can't allocate memory: {error}") from None


def has_bfloat16(op: Op, arrays: list[Any]) -> bool:
    """Return True where an operand is bfloat16 (to NumPy, a type of somebody else's)."""
    return any(getattr(arrays[i], "dtype", _BOOL).kind == "V" for i in op.operands)


def run_wide(op: Op, values: list[Any], arrays: list[Any], cls: type) -> Any:
    """Compute in float32 what has bfloat16 operands, and round the result."""
    arrays = list(arrays)
    for i in op.operands:
        if getattr(arrays[i], "dtype", _BOOL).kind == "V":
            arrays[i] = arrays[i].astype(np.float32)
    y = op.kernels[cls](*arrays)
    if "dtype" in op.index and values[op.index["dtype"]] is not None:
        return y
    if y.__class__ is tuple:
        return tuple([_rounded(a) for a in y])
    return _rounded(y)


def _rounded(y: Any) -> Any:
    return y.astype(dt.bfloat16.np) if y.dtype == np.float32 else y


def general(op: Op, args: tuple[Any, ...], kw: dict[str, Any]) -> Any:
    """Call an operator, whatever it takes and gives."""
    out = kw.pop("out", None) if kw else None
    values = bind(op, args, kw)
    for i in op.operands:
        v = values[i]
        if v.__class__ is np.ndarray:
            values[i] = wrap(v)
        elif not isinstance(v, Tensor) and (
            i in op.tensors_only or v.__class__ in (str, list, tuple, dict)
        ):
            raise type_error(op, i, v)
    values = op.kind.cast(op, values)
    arrays, cls = unwrap(op, values)
    if cls is SparseArray and op.name in SPARSE_FORMS:
        return SPARSE_FORMS[op.name](*values)
    made = finish(op, values, arrays, cls, run(op, values, arrays, cls))
    return made if out is None else write_out(op, made, out)


def finish(op: Op, values: list[Any], arrays: list[Any], cls: type, y: Any) -> Any:
    """Return what a kernel gave as tensors, with their history."""
    if y.__class__ is tuple:
        made: Any = tuple([wrap(a if a.__class__ is cls else as_array(cls, a)) for a in y])
    else:
        if y.__class__ is not cls:
            y = as_array(cls, y)
        made = wrap(y)
        if op.kind.view:
            first = values[op.operands[0]]
            if y is first._a:
                return first
            if y.base is not None and shares(y, first._a):
                track_view(made, first)
    if MODE.grad and op.rule_args:
        record(op, values, arrays, made)
    if op.returns and made.__class__ is tuple:
        made = op.returned(made)
    return made


def as_array(cls: type, a: Any) -> Any:
    """Return a result as an array: NumPy gives scalars for 0-d ones."""
    return np.asarray(a) if isinstance(a, (np.generic, np.ndarray, int, float, complex)) else a


def shares(y: Any, a: Any) -> bool:
    """Return True where `y` is a view of `a` or both are views of one array."""
    return y.base is a or (a.base is not None and y.base is a.base)


def record(op: Op, values: list[Any], arrays: list[Any], made: Any) -> None:
    """Hang a node on the results where an input needs a gradient."""
    nodes: list[Any] = []
    if op.variadic is not None and op.params[op.variadic] in op.rule_args:
        nodes = [t._node for t in values[op.variadic]]
        if not any(n is not None for n in nodes):
            return
        wanted: tuple[bool, ...] = (True,)
    else:
        for i in op.rule_positions:
            v = values[i]
            nodes.append(v._node if isinstance(v, Tensor) else None)
        wanted = tuple([n is not None for n in nodes])
        if True not in wanted:
            return
        if not op.joint:
            nodes = [n for n in nodes if n is not None]
    single = made if made.__class__ is not tuple else made[0]
    first = dt.of(single._a.dtype)
    if first.category < 2 and made.__class__ is not tuple:
        return
    plan = op.plan(wanted)
    node: Node = _new(op.node_class)
    node.plan = plan
    node.edges = tuple(nodes)
    node.hooks = node.meta = None
    node.shapes = _input_shapes(op, values, wanted) if op.kind.broadcast else None
    node.seq = next_seq()
    save(node, plan, values, arrays, made)
    hang(node, made)
    if WATCHERS:
        watch(node)


def _input_shapes(op: Op, values: list[Any], wanted: tuple[bool, ...]) -> tuple[Any, ...]:
    return tuple(
        [
            values[i]._a.shape
            for i, w in zip(op.rule_positions, wanted, strict=True)
            if w or op.joint
        ]
    )


def save(node: Node, plan: Plan, values: list[Any], arrays: list[Any], made: Any) -> None:
    """Keep what the rules will read, with the version of each array."""
    saved: list[Any] = []
    checks: list[Any] = []
    for i, what in plan.saves:
        if i < 0:
            t = made if made.__class__ is not tuple else made[-1 - i]
            v = t._a
        else:
            t, v = values[i], arrays[i]
        if what == "value":
            saved.append(v)
            if isinstance(t, Tensor):
                cell = t._cell or new_version(t)
                checks += (cell, cell[0])
            elif i == plan.op.variadic:
                for one in t:
                    cell = one._cell or new_version(one)
                    checks += (cell, cell[0])
        elif what == "shape":
            saved.append([a.shape for a in v] if v.__class__ is list else v.shape)
        else:
            saved.append(v.dtype)
    node.saved = tuple(saved)
    node.checks = tuple(checks)


def hang(node: Node, made: Any) -> None:
    """Make `node` the history of the tensors in `made`."""
    if made.__class__ is not tuple:
        made._node = node
        return
    floating = [i for i, t in enumerate(made) if dt.of(t._a.dtype).category >= 2]
    if len(floating) == 1 and floating[0] == 0:
        made[0]._node = node
    else:
        for i in floating:
            made[i]._node = Pick(node, i, len(made))


def write_out(op: Op, made: Any, out: Any) -> Any:
    """Copy results into the tensors given as out=.

    Raises:
        GradError: Something in the call requires grad.
        DtypeError: The result's type does not fit into the type of `out`.
    """
    from dtrain.tensor.inplace import write_result

    if made.__class__ is not out.__class__ and isinstance(made, tuple):
        if not isinstance(out, (tuple, list)) or len(out) != len(made):
            raise OpTypeError(f"{op.name}(): expected out= to be a tuple of {len(made)} tensors")
        for t, o in zip(made, out, strict=True):
            write_result(op.name, t, o)
        return op.returned(tuple(out)) if op.returns else out
    if not isinstance(out, Tensor):
        raise OpTypeError(f"{op.name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    return write_result(op.name, made, out)

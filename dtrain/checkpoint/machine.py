"""A pickle machine that can only build data.

It knows the opcodes that a pickle of tensors, containers and scalars needs, and refuses all others.
What a global name means comes from a table, never from an import. Only what the table lists as
callable is called, with arguments that its own function checks, and only a few types take state.
Memory stays proportional to the pickle: what copies bytes draws on a budget.
"""

from __future__ import annotations

import struct
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from dtrain.checkpoint.allowed import Allowed, build_numpy
from dtrain.checkpoint.budget import Budget, bounded_key
from dtrain.errors import CheckpointError, DtrainError, UnsafeFileError

__all__ = ["run"]

_MALFORMED = (ArithmeticError, LookupError, TypeError, ValueError, DtrainError, struct.error)
_RENAMED_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg"}  # Python 2's names

_DICTS = (dict, OrderedDict, Counter)


def run(
    data: bytes,
    label: str,
    table: Mapping[str, Allowed],
    user: Mapping[str, Callable[..., Any]],
    persistent_load: Callable[[Any], Any],
    budget: Budget,
) -> Any:
    """Return what a pickle builds.

    Args:
        data: the pickle.
        label: how errors call the file.
        table: full name -> what it stands for.
        user: full name -> classes and functions that the program allowed itself.
        persistent_load: turns a persistent id into a storage.
        budget: bytes that may be copied while building.

    Raises:
        UnsafeFileError: the pickle asks for something outside the tables, or is malformed.
    """
    return _Machine(data, label, table, user, persistent_load, budget).load()


class _Machine:
    """The state of a pickle that runs."""

    def __init__(
        self,
        data: bytes,
        label: str,
        table: Mapping[str, Allowed],
        user: Mapping[str, Callable[..., Any]],
        persistent_load: Callable[[Any], Any],
        budget: Budget,
    ) -> None:
        self.data = data
        self.label = label
        self.table = table
        self.user = user
        self.persistent_load = persistent_load
        self.budget = budget
        self.at = 0
        self.outside = False  # whether map_location may be at work, whose errors are its own
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        # by identity: equality of foreign objects would run their code
        self.calls = {id(entry.value): entry.call for entry in table.values() if entry.call}
        self.user_calls = {id(value): value for value in user.values()}

    def refuse(self, what: str) -> NoReturn:
        raise UnsafeFileError(
            f"{self.label}: data.pkl, byte {self.at}: {what}; expected tensors, containers and "
            "plain values only; do load with weights_only=False if, and only if, you trust whoever "
            "wrote the file: it can then run code"
        )

    def load(self) -> Any:
        handlers = _HANDLERS
        data = self.data
        try:
            while True:
                opcode = data[self.at]
                self.at += 1
                if opcode == _STOP:
                    return self.stop()
                handler = handlers.get(opcode)
                if handler is None:
                    self.refuse(f"opcode {bytes([opcode])!r} is not allowed")
                handler(self)
        except CheckpointError:
            raise
        except _MALFORMED as error:
            if self.outside:
                raise
            raise UnsafeFileError(
                f"{self.label}: data.pkl is malformed at byte {self.at}: {error}; expected a "
                "pickle written by torch.save or dtrain.save; do load another copy of the file"
            ) from error

    def stop(self) -> Any:
        if len(self.stack) != 1 or self.marks or self.at != len(self.data):
            self.refuse("the pickle ends with values left over")
        return self.stack[0]

    # -- operands

    def take(self, nbytes: int) -> bytes:
        end = self.at + nbytes
        if end > len(self.data):
            raise ValueError(f"{nbytes} bytes asked for, {len(self.data) - self.at} left")
        piece = self.data[self.at : end]
        self.at = end
        return piece

    def number(self, nbytes: int) -> int:
        return int.from_bytes(self.take(nbytes), "little")

    def line(self) -> str:
        end = self.data.index(b"\n", self.at)
        piece = self.data[self.at : end]
        self.at = end + 1
        return piece.decode("utf-8")

    def items(self) -> list[Any]:
        """Return what was pushed since the last mark, and drop the mark."""
        items = self.stack
        self.stack = self.marks.pop()
        return items

    # -- names

    def global_(self) -> None:
        module, name = self.line(), self.line()
        self.push_global(module, name)

    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            self.refuse("a global's name is not a string")
        self.push_global(module, name)

    def push_global(self, module: str, name: str) -> None:
        full = f"{_RENAMED_MODULES.get(module, module)}.{name}"
        entry = self.table.get(full)
        if entry is not None:
            self.stack.append(entry.value)
        elif full in self.user:
            self.stack.append(self.user[full])
        else:
            raise UnsafeFileError(
                f"{self.label}: data.pkl, byte {self.at}: unsupported global: GLOBAL {full} was "
                "not an allowed global by default; expected a tensor, a container or a plain "
                f"value; do dtrain.serialization.add_safe_globals([{name}]) if you trust this "
                "class or function, or load with weights_only=False if, and only if, you trust "
                "whoever wrote the file: it can then run code"
            )

    # -- calls and state

    def reduce(self) -> None:
        args, target = self.stack.pop(), self.stack.pop()
        if type(args) is not tuple:
            self.refuse("a call's arguments are not a tuple")
        self.budget.take(_weight(args))
        call = self.calls.get(id(target))
        if call is not None:
            self.stack.append(call(*args))
        elif id(target) in self.user_calls:
            self.stack.append(target(*args))
        else:
            self.refuse(f"a call of a {type(target).__name__}, which is not allowed")

    def newobj(self) -> None:
        args, cls = self.stack.pop(), self.stack.pop()
        if type(args) is not tuple:
            self.refuse("a new object's arguments are not a tuple")
        self.budget.take(_weight(args))
        call = self.calls.get(id(cls))
        if call is not None:
            self.stack.append(call(*args))
        elif id(cls) in self.user_calls and isinstance(cls, type):
            self.stack.append(cls.__new__(cls, *args))
        else:
            self.refuse(f"a new object of a {type(cls).__name__}, which is not allowed")

    def build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        kind = type(target)
        self.budget.take(_weight(state) if type(state) is tuple else 0)
        if kind is OrderedDict:
            if type(state) is not dict:
                self.refuse("the state of an OrderedDict is not a dict")
            for name in state:
                # a state_dict carries `_metadata`; nothing may hide a method
                if type(name) is not str or hasattr(OrderedDict, name):
                    self.refuse(f"the attribute {name!r} of an OrderedDict cannot be set")
            target.__dict__.update(state)
        elif build_numpy(target, state):
            pass
        elif id(kind) in self.user_calls:
            _set_state(target, state)
        else:
            self.refuse(f"setting the state of a {kind.__name__} is not allowed")

    def persistent(self) -> None:
        pid = self.stack.pop()
        self.outside = True
        self.stack.append(self.persistent_load(pid))
        self.outside = False

    # -- containers

    def append(self) -> None:
        value = self.stack.pop()
        self.extend(self.stack[-1], [value])

    def appends(self) -> None:
        items = self.items()
        self.extend(self.stack[-1], items)

    def extend(self, target: Any, items: list[Any]) -> None:
        if type(target) is not list:
            self.refuse(f"appending to a {type(target).__name__}")
        target.extend(items)

    def additems(self) -> None:
        items = self.items()
        target = self.stack[-1]
        if type(target) is not set:
            self.refuse(f"adding items to a {type(target).__name__}")
        target.update([bounded_key(item) for item in items])

    def frozenset_(self) -> None:
        items = self.items()
        self.stack.append(frozenset([bounded_key(item) for item in items]))

    def setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.update([key, value])

    def setitems(self) -> None:
        self.update(self.items())

    def update(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) not in _DICTS or len(items) % 2:
            self.refuse(f"setting items of a {type(target).__name__}")
        for i in range(0, len(items), 2):
            target[bounded_key(items[i])] = items[i + 1]

    def tuple_(self) -> None:
        items = self.items()
        self.stack.append(tuple(items))

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise IndexError("the stack is empty")
        self.stack[-count:] = [tuple(self.stack[-count:])]

    # -- stack and memo

    def mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def pop(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.items()

    def pop_mark(self) -> None:
        self.items()

    def put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def get(self, index: int) -> None:
        self.stack.append(self.memo[index])

    # -- scalars

    def proto(self) -> None:
        version = self.number(1)
        if not 2 <= version <= 5:
            self.refuse(f"pickle protocol {version} is not known")

    def frame(self) -> None:
        self.number(8)  # only a hint for readers of streams

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def text(self, nbytes: int) -> None:
        self.stack.append(str(self.take(self.number(nbytes)), "utf-8", "surrogatepass"))

    def binary(self, nbytes: int) -> None:
        self.stack.append(self.take(self.number(nbytes)))

    def integer(self, nbytes: int) -> None:
        size = self.number(nbytes)
        self.stack.append(int.from_bytes(self.take(size), "little", signed=True))


def _weight(args: tuple[Any, ...]) -> int:
    """Return about how many bytes a call may copy out of its arguments."""
    return sum(
        len(arg) * (1 if isinstance(arg, (str, bytes, bytearray)) else 64)
        for arg in args
        if isinstance(arg, (str, bytes, bytearray, tuple, list, dict, set, frozenset))
    )


def _set_state(target: Any, state: Any) -> None:
    """Give a user-allowed object its state as pickle does."""
    setter = getattr(target, "__setstate__", None)
    if setter is not None:
        setter(state)
        return
    slots = None
    if type(state) is tuple and len(state) == 2:
        state, slots = state
    if state:
        target.__dict__.update(state)
    for name, value in (slots or {}).items():
        setattr(target, name, value)


_STOP = ord(".")

_HANDLERS: dict[int, Callable[[_Machine], None]] = {
    ord(opcode): handler
    for opcode, handler in {
        # frame and memo
        b"\x80": _Machine.proto,
        b"\x95": _Machine.frame,
        b"q": lambda m: m.put(m.number(1)),
        b"r": lambda m: m.put(m.number(4)),
        b"\x94": lambda m: m.put(len(m.memo)),
        b"h": lambda m: m.get(m.number(1)),
        b"j": lambda m: m.get(m.number(4)),
        b"(": _Machine.mark,
        b"0": _Machine.pop,
        b"1": _Machine.pop_mark,
        # names, calls, state
        b"c": _Machine.global_,
        b"\x93": _Machine.stack_global,
        b"R": _Machine.reduce,
        b"\x81": _Machine.newobj,
        b"b": _Machine.build,
        b"Q": _Machine.persistent,
        # containers
        b"}": lambda m: m.push({}),
        b"]": lambda m: m.push([]),
        b")": lambda m: m.push(()),
        b"\x8f": lambda m: m.push(set()),
        b"\x90": _Machine.additems,
        b"\x91": _Machine.frozenset_,
        b"a": _Machine.append,
        b"e": _Machine.appends,
        b"s": _Machine.setitem,
        b"u": _Machine.setitems,
        b"t": _Machine.tuple_,
        b"\x85": lambda m: m.tuple_of(1),
        b"\x86": lambda m: m.tuple_of(2),
        b"\x87": lambda m: m.tuple_of(3),
        # scalars
        b"N": lambda m: m.push(None),
        b"\x88": lambda m: m.push(True),
        b"\x89": lambda m: m.push(False),
        b"K": lambda m: m.push(m.number(1)),
        b"M": lambda m: m.push(m.number(2)),
        b"J": lambda m: m.push(int.from_bytes(m.take(4), "little", signed=True)),
        b"\x8a": lambda m: m.integer(1),
        b"\x8b": lambda m: m.integer(4),
        b"G": lambda m: m.push(struct.unpack(">d", m.take(8))[0]),
        b"\x8c": lambda m: m.text(1),
        b"X": lambda m: m.text(4),
        b"\x8d": lambda m: m.text(8),
        b"C": lambda m: m.binary(1),
        b"B": lambda m: m.binary(4),
        b"\x8e": lambda m: m.binary(8),
        b"\x96": lambda m: m.push(bytearray(m.take(m.number(8)))),
    }.items()
}

"""Hooks on what nodes save for backward: pack when it is saved, unpack when it is read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from dtrain.errors import GradError, OpTypeError
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.graph import WATCHERS, Node
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array

__all__ = [
    "Held", "Hooks", "current_hooks", "disable_saved_tensors_hooks", "hold", "save_on_cpu",
    "saved_tensors_hooks",
]  # fmt: skip


class Hooks(NamedTuple):
    """A pair of hooks: `pack(tensor)` gives anything, of which `unpack` makes the tensor again."""

    pack: Callable[[Tensor], Any]
    unpack: Callable[[Any], Tensor]


class _Local(threading.local):
    def __init__(self) -> None:
        self.stack: list[Hooks] = []
        self.refusal: str | None = None


_LOCAL = _Local()


def current_hooks() -> Hooks | None:
    """Return the innermost hooks of this thread."""
    return _LOCAL.stack[-1] if _LOCAL.stack else None


class Held:
    """One saved array in the keeping of hooks."""

    __slots__ = ("unpack", "what")

    def __init__(self, what: Any, unpack: Callable[[Any], Tensor]) -> None:
        self.what, self.unpack = what, unpack

    def array(self) -> Array:
        """Return the array as unpack gives it.

        Raises:
            OpTypeError: It gives something else than a tensor.
        """
        with no_grad():
            got = self.unpack(self.what)
        if not isinstance(got, Tensor):
            raise OpTypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(got)}"
            )
        return got._a


def hold(array: Array, hooks: Hooks) -> Held:
    """Give an array into the keeping of hooks.

    Raises:
        GradError: The pack hook has changed it.
    """
    given = wrap(array)
    given._cell = cell = [0, None]
    with no_grad():
        what = hooks.pack(given)
    if cell[0]:
        raise GradError(
            "A saved tensor pack hook is modifying its input in place. Tensors provided as input "
            "to pack hook can not be modified by in-place operations as this can lead to "
            "unexpected side-effects. Please open an issue if you need to perform in-place "
            "operations on the input to a pack hook."
        )
    return Held(what, hooks.unpack)


class _Packed:
    """What a node saved, with arrays held by hooks."""

    __slots__ = ("values",)

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.values = values

    def unpack(self) -> tuple[Any, ...]:
        """Return the saved values."""
        return tuple([_unpacked(v) for v in self.values])


def _unpacked(value: Any) -> Any:
    if value.__class__ is Held:
        return value.array()
    if value.__class__ is list:
        return [_unpacked(v) for v in value]
    return value


def _is_array(value: Any) -> bool:
    return hasattr(value, "strides") and hasattr(value, "dtype")


def _pack_node(node: Node) -> None:
    """Put hooks around what a new node has saved."""
    hooks, plan = current_hooks(), node.plan
    if hooks is None or plan is None or node.saved.__class__ is not tuple or not node.checks:
        return
    values: list[Any] = []
    for value, (_, what) in zip(node.saved, plan.saves, strict=True):
        if what == "value" and _is_array(value):
            values.append(hold(value, hooks))
        elif what == "value" and value.__class__ is list and value and _is_array(value[0]):
            values.append([hold(v, hooks) for v in value])
        else:
            values.append(value)
    node.saved = _Packed(tuple(values))


class saved_tensors_hooks:
    """Pack what operators save for backward inside a `with` block; the innermost pair counts.

    Args:
        pack_hook: Takes each saved tensor, without history, and returns anything.
        unpack_hook: Takes that, when backward wants it, and returns a tensor of the same values.

    Raises:
        GradError: Hooks are disabled, or pack changes its tensor.
    """

    def __init__(
        self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]
    ) -> None:
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> None:
        if _LOCAL.refusal is not None:
            raise GradError(_LOCAL.refusal)
        _LOCAL.stack.append(Hooks(self.pack_hook, self.unpack_hook))
        WATCHERS.append(_pack_node)

    def __exit__(self, *exc: object) -> None:
        WATCHERS.remove(_pack_node)
        _LOCAL.stack.pop()


class save_on_cpu(saved_tensors_hooks):
    """Keep in host memory what operators save for backward inside a `with` block.

    Args:
        pin_memory: For torch's signature; host memory is used as it is.
        device_type: For torch's signature; arrays go back to where they came from.
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(
            lambda t: (t.device, t.cpu()),
            lambda held: held[1].to(held[0], non_blocking=pin_memory),
        )


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Refuse hooks on saved tensors inside a `with` block, with the given words."""
    before, _LOCAL.refusal = _LOCAL.refusal, error_message
    try:
        if _LOCAL.stack:
            raise GradError(error_message)
        yield
    finally:
        _LOCAL.refusal = before

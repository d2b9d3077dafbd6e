"""Hooks of modules: what is called around forward and backward, and where it is registered.

A module keeps its hooks in dictionaries, each under the number of its handle. Hooks for every
module of the process stand in CALL_HOOKS (around calls) and REGISTRATION_HOOKS (when parameters,
buffers and modules are assigned).
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dtrain.errors import OpError
from dtrain.nn.backward_hooks import BackwardHook, hook_first_node
from dtrain.tensor.graph import RemovableHandle
from dtrain.tensor.tensor import Tensor

if TYPE_CHECKING:
    from dtrain.nn.module import Module

__all__ = [
    "CALL_HOOKS",
    "REGISTRATION_HOOKS",
    "Hooked",
    "call_with_hooks",
    "new_tables",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

Hook = Callable[..., Any]
Table = OrderedDict[int, Any]

_TABLES = (
    "_backward_pre_hooks", "_backward_hooks", "_forward_hooks", "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called", "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)  # fmt: skip


@dataclass(frozen=True)
class GlobalHook:
    """A hook on every module: the table it stands for, and how it is called."""

    table: str
    hook: Hook
    with_kwargs: bool = False
    always_call: bool = False
    full: bool = True


CALL_HOOKS: dict[int, GlobalHook] = {}
REGISTRATION_HOOKS: dict[str, dict[int, Hook]] = {"parameter": {}, "buffer": {}, "module": {}}


def new_tables() -> dict[str, Any]:
    """Return the attributes that hold a new module's hooks."""
    return {"_is_full_backward_hook": None, **{name: OrderedDict() for name in _TABLES}}


class _Handle(RemovableHandle):
    """A handle that also takes out the notes on how its hook is called."""

    __slots__ = ("_notes",)

    def __init__(self, table: dict[int, Any], *notes: tuple[dict[int, Any], bool]) -> None:
        super().__init__(table)
        self._notes = [note for note, wanted in notes if wanted]
        for note in self._notes:
            note[self.id] = True

    def remove(self) -> None:
        """Take the hook out."""
        super().remove()
        for note in self._notes:
            note.pop(self.id, None)


def _put(
    table: Table, hook: Hook, handle: RemovableHandle, prepend: bool = False
) -> RemovableHandle:
    table[handle.id] = hook
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


class Hooked:
    """The part of a module that registers hooks around its calls."""

    _is_full_backward_hook: bool | None
    _backward_pre_hooks: Table
    _backward_hooks: Table
    _forward_hooks: Table
    _forward_hooks_with_kwargs: Table
    _forward_hooks_always_called: Table
    _forward_pre_hooks: Table
    _forward_pre_hooks_with_kwargs: Table

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before forward; what it returns replaces the arguments.

        Args:
            hook: Returns None, one argument or a tuple of them; (args, kwargs) if `with_kwargs`.
            prepend: Call it before those that are there.
            with_kwargs: Call `hook(module, args, kwargs)`.
        """
        table = self._forward_pre_hooks
        handle = _Handle(table, (self._forward_pre_hooks_with_kwargs, with_kwargs))
        return _put(table, hook, handle, prepend)

    def register_forward_hook(
        self,
        hook: Hook,
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after forward; what it returns replaces the output.

        Args:
            hook: Returns None or another output.
            prepend: Call it before those that are there.
            with_kwargs: Call `hook(module, args, kwargs, output)`.
            always_call: Call it even where forward or another hook raised.
        """
        table = self._forward_hooks
        handle = _Handle(
            table,
            (self._forward_hooks_with_kwargs, with_kwargs),
            (self._forward_hooks_always_called, always_call),
        )
        return _put(table, hook, handle, prepend)

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` before backward of the module; it may replace it."""
        table = self._backward_pre_hooks
        return _put(table, hook, RemovableHandle(table), prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` once the gradients of the inputs are there.

        What it returns replaces the gradients of the inputs.

        Raises:
            OpError: The module has hooks of the old kind.
        """
        _set_backward_kind(self, full=True)
        table = self._backward_hooks
        return _put(table, hook, RemovableHandle(table), prepend)

    def register_backward_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` around the module's last operator only.

        The old kind of backward hook; see register_full_backward_hook.

        Raises:
            OpError: The module has full backward hooks.
        """
        _set_backward_kind(self, full=False)
        table = self._backward_hooks
        return _put(table, hook, RemovableHandle(table))


def _set_backward_kind(module: Hooked, *, full: bool) -> None:
    if module._is_full_backward_hook is (not full):
        raise OpError(
            "Cannot use both regular backward hooks and full backward hooks on a single "
            "Module. Please use only one of them."
        )
    module._is_full_backward_hook = full


# ---- one call of a module that has hooks ----
def call_with_hooks(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call `module.forward` with all hooks around it."""
    called: set[int] = set()
    try:
        return _call(module, args, kwargs, called)
    except Exception:
        _call_the_rest(module, args, kwargs, called)
        raise


def _call(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], called: set[int]) -> Any:
    args, kwargs = _before(module, args, kwargs)
    kinds = _backward_kinds(module)
    backward = BackwardHook(module, *kinds[:2]) if kinds[0] or kinds[1] else None
    if backward is not None:
        args = backward.watch_inputs(args)
    result = module.forward(*args, **kwargs)
    for i, hook, with_kwargs, _ in _forward_hooks(module):
        called.add(i)
        got = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
        if got is not None:
            result = got
    if backward is not None:
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of "
                f"Tensors but received {type(result)}",
                stacklevel=4,
            )
        result = backward.watch_outputs(result)
    if kinds[2]:
        hook_first_node(module, kinds[2], args, result)
    return result


def _before(
    module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Run the hooks before forward and return the arguments they leave."""
    flags = module._forward_pre_hooks_with_kwargs
    hooks = [(g.hook, g.with_kwargs) for g in _global("_forward_pre_hooks")]
    hooks += [(hook, i in flags) for i, hook in module._forward_pre_hooks.items()]
    for hook, with_kwargs in hooks:
        if not with_kwargs:
            got = hook(module, args)
            if got is not None:
                args = got if isinstance(got, tuple) else (got,)
            continue
        got = hook(module, args, kwargs)
        if got is None:
            continue
        if not (isinstance(got, tuple) and len(got) == 2):
            raise OpError(
                "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                f"but got {got}."
            )
        args, kwargs = got
    return args, kwargs


def _global(table: str) -> list[GlobalHook]:
    return [g for g in CALL_HOOKS.values() if g.table == table]


def _forward_hooks(module: Module) -> list[tuple[int, Hook, bool, bool]]:
    """Return (number, hook, with_kwargs, always_call) in the order of calling."""
    found = [
        (i, g.hook, g.with_kwargs, g.always_call)
        for i, g in CALL_HOOKS.items()
        if g.table == "_forward_hooks"
    ]
    kwargs, always = module._forward_hooks_with_kwargs, module._forward_hooks_always_called
    found += [(i, h, i in kwargs, i in always) for i, h in module._forward_hooks.items()]
    return found


def _backward_kinds(module: Module) -> tuple[list[Hook], list[Hook], list[Hook]]:
    """Return the full backward hooks, the backward pre-hooks and those of the old kind."""
    given = _global("_backward_hooks")
    full = [g.hook for g in given if g.full]
    old = [g.hook for g in given if not g.full]
    own = full if module._is_full_backward_hook else old
    own += module._backward_hooks.values()
    before = [g.hook for g in _global("_backward_pre_hooks")]
    return full, [*before, *module._backward_pre_hooks.values()], old


def _call_the_rest(
    module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], called: set[int]
) -> None:
    """After an error: run the hooks that are to be called always and were not yet."""
    for i, hook, with_kwargs, always in _forward_hooks(module):
        if not always or i in called:
            continue
        try:
            _ = hook(module, args, kwargs, None) if with_kwargs else hook(module, args, None)
        except Exception as error:  # noqa: BLE001 (the first error is the one to report)
            owner = "global module" if i in CALL_HOOKS else "module"
            warnings.warn(
                f"{owner} forward hook with ``always_call=True`` raised an exception that was "
                f"silenced as another error was raised in forward: {error}",
                stacklevel=4,
            )


# ---- hooks on every module ----
def _register(given: GlobalHook) -> RemovableHandle:
    handle = RemovableHandle(CALL_HOOKS)
    CALL_HOOKS[handle.id] = given
    return handle


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, args)` before forward of every module."""
    return _register(GlobalHook("_forward_pre_hooks", hook))


def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call `hook(module, args, output)` after forward of every module."""
    return _register(GlobalHook("_forward_hooks", hook, with_kwargs, always_call))


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, grad_output)` before backward of every module."""
    return _register(GlobalHook("_backward_pre_hooks", hook))


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` after backward of every module.

    Raises:
        OpError: There is a hook of the old kind on every module.
    """
    _one_kind(full=True)
    return _register(GlobalHook("_backward_hooks", hook))


def register_module_backward_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` around the last operator of every module.

    Raises:
        OpError: There is a full backward hook on every module.
    """
    _one_kind(full=False)
    return _register(GlobalHook("_backward_hooks", hook, full=False))


def _one_kind(*, full: bool) -> None:
    if any(g.full is not full for g in _global("_backward_hooks")):
        raise OpError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module "
            "hook. Please use only one of them."
        )


def _register_registration(what: str, hook: Hook) -> RemovableHandle:
    table = REGISTRATION_HOOKS[what]
    handle = RemovableHandle(table)
    table[handle.id] = hook
    return handle


def register_module_parameter_registration_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, name, parameter)` on each assignment; it may return another one."""
    return _register_registration("parameter", hook)


def register_module_buffer_registration_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, name, buffer)` on each registration; it may return another one."""
    return _register_registration("buffer", hook)


def register_module_module_registration_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, name, submodule)` on each assignment; it may return another one."""
    return _register_registration("module", hook)

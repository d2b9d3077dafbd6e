"""Hooks of optimizers: what is called around a step, a state_dict and a load."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from dtrain.errors import OpError
from dtrain.tensor.graph import RemovableHandle

__all__ = [
    "Hooked",
    "new_tables",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "with_hooks",
]

Hook = Callable[..., Any]

_TABLES = (
    "_optimizer_step_pre_hooks", "_optimizer_step_post_hooks", "_optimizer_state_dict_pre_hooks",
    "_optimizer_state_dict_post_hooks", "_optimizer_load_state_dict_pre_hooks",
    "_optimizer_load_state_dict_post_hooks",
)  # fmt: skip

_global_pre_hooks: OrderedDict[int, Hook] = OrderedDict()
_global_post_hooks: OrderedDict[int, Hook] = OrderedDict()


def new_tables() -> dict[str, Any]:
    """Return the attributes that hold a new optimizer's hooks."""
    return {name: OrderedDict() for name in _TABLES}


def with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return `step` with the step hooks around it."""

    @functools.wraps(step)
    def wrapper(self: Hooked, *args: Any, **kwargs: Any) -> Any:
        self._opt_called = True
        before, after = self._optimizer_step_pre_hooks, self._optimizer_step_post_hooks
        if not (before or after or _global_pre_hooks or _global_post_hooks) or self._stepping:
            return step(self, *args, **kwargs)
        for hook in (*_global_pre_hooks.values(), *before.values()):
            got = hook(self, (self, *args), kwargs)
            if got is None:
                continue
            if not (isinstance(got, tuple) and len(got) == 2):
                raise OpError(
                    f"{hook} must return None or a tuple of (new_args, new_kwargs), but got {got}."
                )
            (_, *rest), kwargs = got
            args = tuple(rest)
        self._stepping = True  # a step that calls that of its base class is still one step
        try:
            out = step(self, *args, **kwargs)
        finally:
            self._stepping = False
        for hook in (*after.values(), *_global_post_hooks.values()):
            hook(self, (self, *args), kwargs)
        return out

    wrapper.hooked = True  # type: ignore[attr-defined]
    return wrapper


class Hooked:
    """The part of an optimizer that registers hooks."""

    _optimizer_step_pre_hooks: OrderedDict[int, Hook]
    _optimizer_step_post_hooks: OrderedDict[int, Hook]
    _optimizer_state_dict_pre_hooks: OrderedDict[int, Hook]
    _optimizer_state_dict_post_hooks: OrderedDict[int, Hook]
    _optimizer_load_state_dict_pre_hooks: OrderedDict[int, Hook]
    _optimizer_load_state_dict_post_hooks: OrderedDict[int, Hook]
    _opt_called = False
    _stepping = False

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each step; it may return new ones."""
        return _put(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return _put(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` before state_dict()."""
        return _put(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` after state_dict(); it may return another one."""
        return _put(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` before loading; it may return another one."""
        return _put(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(optimizer)` after loading."""
        return _put(self._optimizer_load_state_dict_post_hooks, hook, prepend)


def _put(table: OrderedDict[int, Hook], hook: Hook, prepend: bool = False) -> RemovableHandle:
    handle = RemovableHandle(table)
    table[handle.id] = hook
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` before each step of every optimizer."""
    return _put(_global_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` after each step of every optimizer."""
    return _put(_global_post_hooks, hook)

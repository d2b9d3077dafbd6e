"""State dicts: a module's parameters and buffers as a flat dictionary, and back.

A state_dict is an OrderedDict of path -> tensor with an attribute `_metadata`, which holds the
version of each module's format: what torch.save writes for torch's own modules.
"""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Mapping
from typing import Any

from dtrain.errors import OpError, OpTypeError, StateDictError
from dtrain.nn.parameter import Parameter
from dtrain.nn.tree import Tree
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.graph import RemovableHandle
from dtrain.tensor.tensor import Tensor

__all__ = ["Stateful"]

Hook = Callable[..., Any]
_EXTRA_STATE = "_extra_state"


class _IncompatibleKeys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):  # noqa: PYI024
    """The keys that load_state_dict missed in a state_dict and those it had no use for."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


class _StateDict(OrderedDict[str, Any]):
    """Says for type checkers that there is an attribute `_metadata`."""

    _metadata: dict[str, dict[str, Any]]


class Stateful(Tree):
    """The part of a module that writes and reads state dicts."""

    _version: int = 1
    _state_dict_hooks: OrderedDict[int, Hook]
    _state_dict_pre_hooks: OrderedDict[int, Hook]
    _load_state_dict_pre_hooks: OrderedDict[int, Hook]
    _load_state_dict_post_hooks: OrderedDict[int, Hook]

    def get_extra_state(self) -> Any:
        """Return more state than parameters and buffers; a subclass that has some overrides it."""
        raise OpError(
            "Reached a code path in Module.get_extra_state() that should never be called."
        )

    def set_extra_state(self, state: Any) -> None:
        """Take back what get_extra_state() returned."""
        raise OpError(
            "Reached a code path in Module.set_extra_state() that should never be called."
        )

    # ---- writing ----
    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """Return all parameters and persistent buffers by path; the memory is shared.

        Args:
            *args: The old way to give the options below, in their order.
            destination: The dictionary to write into.
            prefix: Put in front of each key.
            keep_vars: Give the parameters themselves instead of tensors without history.
        """
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead. Refer to "
                "https://pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module."
                "state_dict for details.",
                FutureWarning,
                stacklevel=2,
            )
            options = [destination, prefix, keep_vars]
            options[: len(args)] = args
            destination, prefix, keep_vars = options
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        local_metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local_metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(
                    destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
                )
        for hook in self._state_dict_hooks.values():
            got = hook(self, destination, prefix, local_metadata)
            if got is not None:
                if getattr(hook, "_from_public_api", False):
                    raise OpError("state_dict post-hook must return None")
                destination = got
        return destination

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Write the module's own state, without that of its submodules."""
        for name, value in _local_state(self).items():
            destination[prefix + name] = value if keep_vars else value.detach()
        if type(self).get_extra_state is not Stateful.get_extra_state:
            destination[prefix + _EXTRA_STATE] = self.get_extra_state()

    # ---- reading ----
    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copy values into parameters and buffers.

        Args:
            state_dict: Values by path.
            strict: Raise where keys differ from those of state_dict().
            assign: Put the given tensors in the place of the old ones instead of copying.

        Returns:
            The missing and the unexpected keys.

        Raises:
            StateDictError: Shapes differ, or keys in a strict load; the message lists all of them.
            OpTypeError: `state_dict` is no mapping.
        """
        if not isinstance(state_dict, Mapping):
            raise OpTypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        metadata = getattr(state_dict, "_metadata", None)
        given = _StateDict(state_dict)  # hooks may change it
        if metadata is not None:
            given._metadata = metadata
        keys = _IncompatibleKeys([], [])
        errors: list[str] = []
        _load(self, given, "", metadata or {}, assign, keys, errors)
        if strict:
            for title, names in (("Unexpected", keys[1]), ("Missing", keys[0])):
                if names:
                    listed = ", ".join(f'"{k}"' for k in names)
                    errors.insert(0, f"{title} key(s) in state_dict: {listed}. ")
        if errors:
            raise StateDictError(
                "Error(s) in loading state_dict for {}:\n\t{}".format(
                    type(self).__name__, "\n\t".join(errors)
                )
            )
        return keys

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load the module's own state; what does not fit is added to the three lists.

        Modules whose format has changed override it and bring older state up to date first.
        """
        for hook in self._load_state_dict_pre_hooks.values():
            hook(
                state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
                error_msgs,
            )  # fmt: skip
        state = {prefix + name: value for name, value in _local_state(self).items()}
        assign = local_metadata.get("assign_to_params_buffers", False)
        found = [key for key in state if key in state_dict]
        problems = [_load_one(self, k, state[k], state_dict[k], assign) for k in found]
        error_msgs += filter(None, problems)
        extra = prefix + _EXTRA_STATE
        if type(self).set_extra_state is not Stateful.set_extra_state:
            if extra in state_dict:
                self.set_extra_state(state_dict[extra])
            elif strict:
                missing_keys.append(extra)
        elif strict and extra in state_dict:
            unexpected_keys.append(extra)
        if strict:
            missing_keys += [key for key in state if key not in state_dict]
            for key in state_dict:
                first, dot, _ = key[len(prefix) :].partition(".")
                known = first in self._modules if dot else key in state or key == extra
                if key.startswith(prefix) and not known:
                    unexpected_keys.append(key)

    # ---- hooks ----
    def register_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before state_dict() looks at the module."""
        return _put(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata)` after state_dict()."""
        hook._from_public_api = True  # type: ignore[attr-defined]
        return _put(self._state_dict_hooks, hook)

    def _register_state_dict_hook(self, hook: Hook) -> RemovableHandle:
        """As register_state_dict_post_hook, but the hook may return another dictionary."""
        if getattr(hook, "_from_public_api", False):
            raise OpError(
                "Cannot register the same function as the state dict post hook that was "
                "previously registered via register_state_dict_post_hook"
            )
        return _put(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, ...)`, with _load_from_state_dict's arguments, before that."""
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Hook, with_module: bool = False
    ) -> RemovableHandle:
        """Call `hook(...)` with _load_from_state_dict's arguments before that."""
        return _put(
            self._load_state_dict_pre_hooks, functools.partial(hook, self) if with_module else hook
        )

    def register_load_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, incompatible_keys)` after loading; it may change the two lists."""
        return _put(self._load_state_dict_post_hooks, hook)


def _put(table: OrderedDict[int, Hook], hook: Hook) -> RemovableHandle:
    handle = RemovableHandle(table)
    table[handle.id] = hook
    return handle


def _local_state(module: Stateful) -> dict[str, Any]:
    """Return the module's own parameters and persistent buffers."""
    left_out = module._non_persistent_buffers_set
    state: dict[str, Any] = {k: v for k, v in module._parameters.items() if v is not None}
    state.update((k, v) for k, v in module._buffers.items() if v is not None and k not in left_out)
    return state


def _load(
    module: Stateful,
    state_dict: Any,
    prefix: str,
    metadata: Mapping[str, Any],
    assign: bool,
    keys: _IncompatibleKeys,
    errors: list[str],
) -> None:
    """Load the module and all below from a state_dict with only their keys."""
    local_metadata = metadata.get(prefix[:-1], {})
    if assign:
        local_metadata["assign_to_params_buffers"] = assign
    missing, unexpected = keys
    module._load_from_state_dict(
        state_dict, prefix, local_metadata, True, missing, unexpected, errors
    )
    for name, child in module._modules.items():
        if child is not None:
            below = f"{prefix}{name}."
            part = {k: v for k, v in state_dict.items() if k.startswith(below)}
            _load(child, part, below, metadata, assign, keys, errors)
    for hook in module._load_state_dict_post_hooks.values():
        if hook(module, keys) is not None:
            raise AssertionError(
                "Hooks registered with ``register_load_state_dict_post_hook`` are not expected "
                "to return new values, if incompatible_keys need to be modified, it should be "
                "done inplace."
            )


def _load_one(module: Stateful, key: str, held: Tensor, given: Any, assign: bool) -> str:
    """Load one tensor and return what is wrong with it, "" where nothing is."""
    if not isinstance(given, Tensor):
        return (
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like '
            f"object from checkpoint but received {type(given)}"
        )
    if held._a.ndim == 0 and given._a.shape == (1,):
        given = given[0]
    if given._a.shape != held._a.shape:
        return (
            f"size mismatch for {key}: copying a param with shape {given.shape} from "
            f"checkpoint, the shape in current model is {held.shape}."
        )
    name = key.rpartition(".")[2]
    try:
        with no_grad():
            if not assign:
                held.copy_(given)
            elif isinstance(held, Parameter) and not isinstance(given, Parameter):
                setattr(module, name, Parameter(given, held.requires_grad))
            else:
                if isinstance(held, Parameter):
                    given.requires_grad_(held.requires_grad)
                setattr(module, name, given)
    except Exception as error:  # noqa: BLE001 (all problems are reported together)
        return (
            f'While copying the parameter named "{key}", whose dimensions in the model are '
            f"{held.shape} and whose dimensions in the checkpoint are {given.shape}, an "
            f"exception occurred : {error.args}."
        )
    return ""

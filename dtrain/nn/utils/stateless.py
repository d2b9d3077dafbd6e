"""Calling a module with other tensors in the place of its parameters and buffers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dtrain.errors import OpError, OpTypeError, OpValueError
from dtrain.nn.module import Module
from dtrain.tensor.tensor import Tensor

__all__ = ["functional_call", "stateless_call"]

_NONE = object()  # stands for what was not there


def stateless_call(
    module: Module,
    parameters_and_buffers: Mapping[str, Tensor],
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with the given tensors in the place of its own: torch.func.functional_call.

    Args:
        module: The module; it is as before afterwards.
        parameters_and_buffers: Tensors by path. Values that the module assigns to buffers replace
            them in here, where this can be changed.
        args: The arguments; a tuple, or the only one.
        kwargs: Arguments by name.
        tie_weights: A tensor that stands at several paths of the module is replaced at all.
        strict: Raise where a path is missing or unknown.

    Raises:
        OpError: Paths are missing or unknown.
        OpValueError: Tied tensors are given different values.
    """
    given = dict(parameters_and_buffers)
    if tie_weights:
        given = _tied(module, given)
    if strict:
        _check_paths(module, given)
    positional = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, given) as last:
        made = module(*positional, **(kwargs or {}))
    if isinstance(parameters_and_buffers, dict):
        parameters_and_buffers.update({k: last[k] for k in parameters_and_buffers if k in last})
    return made


def functional_call(
    module: Module,
    parameters_and_buffers: Mapping[str, Tensor],
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other tensors: the old place of torch.func.functional_call."""
    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be "
        "removed in a future version of PyTorch. Please use `torch.func.functional_call` instead "
        "which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    return stateless_call(
        module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict
    )


def _named(module: Module) -> dict[str, Tensor]:
    """Return all parameters and buffers by path, those at several paths at each."""
    found: dict[str, Tensor] = dict(module.named_parameters(remove_duplicate=False))
    found.update(module.named_buffers(remove_duplicate=False))
    return found


def _tied(module: Module, given: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give each tensor of the module the same replacement at all its paths."""
    paths: dict[int, list[str]] = {}
    for path, tensor in _named(module).items():
        paths.setdefault(id(tensor), []).append(path)
    result = dict(given)
    for together in paths.values():
        values = [given[p] for p in together if p in given]
        if len({id(v) for v in values}) > 1:
            raise OpValueError(
                f"functional_call got multiple values for keys {sorted(together)}, which are "
                "tied. Consider using tie_weights=False"
            )
        if values:
            result.update(dict.fromkeys(together, values[0]))
    return result


def _check_paths(module: Module, given: dict[str, Tensor]) -> None:
    known = _named(module)
    problems = [
        (title, [repr(path) for path in first if path not in second])
        for title, first, second in (("Unexpected", given, known), ("Missing", known, given))
    ]
    lines = [f"{title} key(s): {', '.join(paths)}." for title, paths in problems if paths]
    if lines:
        raise OpError(
            "Error(s) in reparametrizing for {}:\n\t{}".format(
                module._get_name(), "\n\t".join(lines)
            )
        )


@contextmanager
def _replaced(module: Module, given: dict[str, Tensor]) -> Iterator[dict[str, Any]]:
    """Put tensors in the place of a module's own; yields what stands there at the end."""
    held: list[tuple[str, Any, str, Any]] = []
    last: dict[str, Any] = {}
    try:
        for path, tensor in given.items():
            prefix, _, name = path.rpartition(".")
            table = _table_of(module.get_submodule(prefix), name)
            if not isinstance(tensor, Tensor):
                raise OpTypeError(f"{tensor} is not an instance of torch.Tensor")
            held.append((path, table, name, table.get(name, _NONE)))
            table[name] = tensor
        yield last
    finally:
        for path, table, name, tensor in reversed(held):
            last[path] = table[name]
            table[name] = tensor
            if tensor is _NONE:
                del table[name]


def _table_of(owner: Module, name: str) -> Any:
    """Return the dictionary of a module that holds a tensor; for a new one, its attributes.

    Raises:
        OpTypeError: There is something else under the name.
    """
    for table in (owner._parameters, owner._buffers):
        if name in table:
            return table
    held = getattr(owner, name, None)
    if held is not None and not isinstance(held, Tensor):
        raise OpTypeError(f"{held} is not an instance of torch.Tensor")
    return owner.__dict__
